"""kill -9 at random moments, then --resume: nothing acknowledged is lost, and the run ends as it should."""
import os
import random
import signal
import time

from support import RunTest, main, report, start, stats, SMOKE

ROUNDS = int(os.environ.get("QSTAR_CRASH_ROUNDS", "20"))


class CrashTest(RunTest):
    def test_killed_heads_resume_without_loss(self):
        moments = random.Random(1)
        run = self.path("run")
        before = 0
        kills = 0
        resume = []
        while kills < ROUNDS:
            process = start("train", SMOKE, "--run", run, "rl.versions=40", *resume)
            time.sleep(moments.uniform(0.5, 3.0))
            if process.poll() is not None:
                output, _ = process.communicate()
                self.assertEqual(process.returncode, 0, output)
                break
            process.send_signal(signal.SIGKILL)
            process.communicate()
            kills += 1
            if os.path.exists(os.path.join(run, "config.toml")):
                resume = ["--resume"]
            if os.path.exists(os.path.join(run, "store", "CURRENT")):
                there = stats(run)["trajectories"]
                self.assertGreaterEqual(there, before)
                before = there
        self.assertGreater(kills, 2)
        process = start("train", SMOKE, "--run", run, "rl.versions=40", *resume)
        output, _ = process.communicate(timeout=600)
        self.assertEqual(process.returncode, 0, output)
        figures = report(run)
        self.assertEqual(figures["cost"]["policy_versions"], 41)
        self.assertEqual(figures["cost"]["policy_updates"], 160)
        self.assertGreaterEqual(stats(run)["trajectories"], before)

    def test_a_deterministic_run_that_was_killed_ends_with_the_same_bytes(self):
        whole, broken = self.path("whole"), self.path("broken")
        words = ["--deterministic", "checkpoint.seconds=0"]
        process = start("train", SMOKE, "--run", whole, *words)
        self.assertEqual((process.communicate(timeout=300), process.returncode)[1], 0)
        moments = random.Random(2)
        resume = []
        for _ in range(4):
            process = start("train", SMOKE, "--run", broken, *words, *resume)
            time.sleep(moments.uniform(1.0, 4.0))
            process.kill()
            process.communicate()
            if os.path.exists(os.path.join(broken, "config.toml")):
                resume = ["--resume"]
        process = start("train", SMOKE, "--run", broken, *words, *resume)
        output, _ = process.communicate(timeout=300)
        self.assertEqual(process.returncode, 0, output)
        with open(os.path.join(whole, "policy.safetensors"), "rb") as a:
            with open(os.path.join(broken, "policy.safetensors"), "rb") as b:
                self.assertEqual(a.read(), b.read())


if __name__ == "__main__":
    main()

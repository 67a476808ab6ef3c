"""kill -9 at random moments, then --resume: nothing acknowledged is lost, and the run ends as it should."""
import json
import os
import random
import time

from support import RunTest, main, results, stats, training_groups, wait_for, SMOKE

ROUNDS = int(os.environ.get("QSTAR_CRASH_ROUNDS", "20"))
SUMS = "configs/sums.toml"
TRAINED = 80  # rounds, long enough for all kills


def exists(*names):
    return os.path.exists(os.path.join(*names))


def acknowledged(run):
    """The largest number of attempts that a checkpoint counts, over all processes of the run."""
    attempts, saved = 0, 0
    with open(os.path.join(run, "metrics.jsonl")) as lines:
        for line in lines:
            row = json.loads(line) if line.endswith("\n") else {"phase": ""}
            attempts = row.get("attempts", attempts)
            if row["phase"] == "checkpoint":
                saved = max(saved, attempts)
    return saved


def is_progress(row):
    """Whether the run has come noticeably farther; pre-training is short and says more than that."""
    return row["phase"] != "checkpoint" and (row["phase"] != "base" or row["step"] % 25 == 0)


def lines_of(path):
    """How many lines of progress a file has; none while it is not there."""
    try:
        with open(path) as file:
            return sum(line.endswith("}\n") and is_progress(json.loads(line)) for line in file)
    except FileNotFoundError:
        return 0


class CrashTest(RunTest):
    def kill_when(self, moment, config, run, *words):
        """Starts or resumes a run, waits for the moment and kills it; false if it had ended by then."""
        resume = ["--resume"] if exists(run, "config.toml") else []
        process = self.start("train", config, "--run", run, *words, *resume)
        moment(process)
        if process.poll() is not None:
            self.finish(process)
            return False
        process.kill()
        process.communicate()
        return True

    def random_moment(self, random, run):
        """Some lines of progress into the run, or while it starts, and a little later."""
        progress = os.path.join(run, "metrics.jsonl")
        enough = lines_of(progress) + random.randrange(5)
        later = random.uniform(0, 0.5)

        def wait(process):
            wait_for(lambda: lines_of(progress) >= enough or process.poll() is not None, 60)
            time.sleep(later)

        return wait

    def test_killed_heads_resume_without_loss_and_learn_as_well(self):
        moments = random.Random(1)
        run = self.path("run")
        words = [f"stages.reinforce.rounds={TRAINED}", "checkpoint.seconds=0.3"]
        there, kills, kills_with_attempts = 0, 0, 0
        while kills < ROUNDS and self.kill_when(self.random_moment(moments, run), SUMS, run, *words):
            kills += 1
            if exists(run, "store", "CURRENT"):
                before, there = there, stats(run)["trajectories"]
                self.assertGreaterEqual(there, before, "an acknowledged attempt was lost")
                self.assertGreaterEqual(there, acknowledged(run))
                kills_with_attempts += there > before
        self.assertEqual(kills, ROUNDS, "the run ended before all kills: make it longer")
        self.assertGreater(kills_with_attempts, ROUNDS // 5, "hardly a kill met the attempts")
        self.finish(self.start("train", SUMS, "--run", run, *words, "--resume"))
        figures = results(run)["reinforce"]
        self.assertEqual(figures["rounds"], TRAINED)
        self.assertEqual(figures["critic_updates"], TRAINED * 4)
        self.assertEqual(figures["attempts"]["n"], TRAINED * 128 * 8)
        self.assertGreater(acknowledged(run), 0)
        self.assertEqual(sum(group["attempts"] for group in training_groups(run)), figures["attempts"]["n"])
        self.assertGreaterEqual(figures["greedy"]["accuracy"], 0.95)  # as learning_test has it

    def test_a_run_that_was_killed_ends_with_the_same_bytes(self):
        moments = random.Random(2)
        whole, broken = self.path("whole"), self.path("broken")
        words = ["checkpoint.seconds=0"]
        self.finish(self.start("train", SMOKE, "--run", whole, *words))
        kills = sum(self.kill_when(lambda _: time.sleep(moments.uniform(0.3, 1.2)), SMOKE, broken, *words)
                    for _ in range(4))
        self.assertGreater(kills, 0, "the run ended before it was killed: make it longer")
        if not exists(broken, "report.json"):
            resume = ["--resume"] if exists(broken, "config.toml") else []  # a busy machine may not have begun
            self.finish(self.start("train", SMOKE, "--run", broken, *words, *resume))
        with open(os.path.join(whole, "policy.safetensors"), "rb") as a:
            with open(os.path.join(broken, "policy.safetensors"), "rb") as b:
                self.assertEqual(a.read(), b.read())


if __name__ == "__main__":
    main()

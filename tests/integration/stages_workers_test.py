"""Stages on several processes: the same run, byte for byte, whatever workers do."""
import os
import signal

from support import RunTest, children, log_of, main, qstar, reached, wait_for

CONFIG = "configs/sums_stages.toml"
# Every kind of task, in a few seconds.
SHORT = [*(f"stages.{stage}.skip=true" for stage in ("sft", "search", "rlhf", "rewards", "selfplay", "measure")),
         "stages.rl.algorithms=[search_guided]", "stages.final.algorithm=grpo", "stages.final.reward=screened",
         "stages.final.updates=16", "stages.final.groups_per_update=128",  # the defaults: GRPO does not read them
         "stages.judges.problems=100", "stages.judges.models=[prm,prm_completions,critic]",
         "stages.judges.reward.updates=20", "stages.judges.critic_updates=20", "stages.judges.critic_rounds=1",
         "stages.rl.reinforce.tokens=12000", "stages.final.tokens=20000", "evaluation.problems=100",
         "engine.lease_seconds=5"]


class StagesWorkersTest(RunTest):
    def contents(self, run):
        """What a run leaves: the models' bytes and every attempt."""
        models = {}
        for name in ("policy.safetensors", "critic.safetensors", "models/prm_completions.safetensors"):
            with open(os.path.join(self.path(run), name), "rb") as file:
                models[name] = file.read()
        attempts = qstar("replay", "ls", os.path.join(self.path(run), "store"), "--limit", "0", "--json")
        self.assert_ok(attempts)
        return models, attempts.stdout

    def test_any_number_of_processes_makes_the_same_run(self):
        for staleness, processes in (("0", "13"), ("2", "3")):  # in lock-step and asynchronously
            words = [CONFIG, *SHORT, f"stages.rl.reinforce.staleness={staleness}", f"stages.final.staleness={staleness}"]
            alone = f"alone-{staleness}"
            self.assert_ok(qstar("train", *words, "--run", self.path(alone)))
            for workers in processes:
                run = f"with-{workers}-{staleness}"
                self.assert_ok(qstar("train", *words, "--workers", workers, "--run", self.path(run)))
                self.assertEqual(self.contents(run), self.contents(alone), run)
                joined = {event["node"] for event in log_of(self.path(run))
                          if event["message"].startswith("worker joined")}
                self.assertEqual(joined, {f"worker-{n + 1}" for n in range(int(workers))})

    def test_killed_and_frozen_workers_change_nothing(self):
        words = [CONFIG, *SHORT]
        self.assert_ok(qstar("train", *words, "--run", self.path("alone")))
        process = self.start("train", *words, "--workers", "2", "--log-level", "debug", "--run", self.path("run"))
        self.assertTrue(wait_for(lambda: reached(self.path("run"), "rl.search_guided"), 200))
        first, second = children(process.pid)[:2]
        os.kill(first, signal.SIGKILL)
        os.kill(second, signal.SIGSTOP)
        self.assertTrue(wait_for(lambda: reached(self.path("run"), "final"), 200))
        os.kill(second, signal.SIGCONT)
        self.finish(process)
        self.assertEqual(self.contents("run"), self.contents("alone"))
        messages = [event["message"] for event in log_of(self.path("run"))]
        self.assertIn("a worker process ended: signal 9", messages)


if __name__ == "__main__":
    main()

"""How soon every kind of training stops after a signal, what it says, and that it can be resumed."""
import json
import os
import re
import shlex
import signal
import time

from support import RunTest, main, qstar, stats, wait_for, SMOKE

PUZZLE = "configs/lightsout4.toml"
STAGES = "configs/sums_stages.toml"
SOON = 3  # seconds on a busy machine; each of the works below takes much longer


class StopTest(RunTest):
    def rows(self):
        try:
            with open(os.path.join(self.path("run"), "metrics.jsonl")) as lines:
                return [json.loads(line) for line in lines if line.endswith("}\n")]
        except FileNotFoundError:
            return []

    def stop(self, config, words, ready, number=signal.SIGINT):
        """Starts a run, signals it when it is ready, and gives what it printed; it has to end soon."""
        process = self.start("train", config, "--run", self.path("run"), *words)
        self.assertTrue(wait_for(lambda: ready(self.rows()) or process.poll() is not None, 120))
        self.assertIsNone(process.poll(), "it has ended before it could be stopped")
        begin = time.monotonic()
        process.send_signal(number)
        output, _ = process.communicate(timeout=120)
        took = time.monotonic() - begin
        self.assertEqual(process.returncode, 130, output)
        self.assertLess(took, SOON, output)
        self.assertIn("stopping: ", output)
        return output

    @staticmethod
    def command_in(output):
        """What the last line says to resume the run with."""
        return shlex.split(re.search(r"resume with: qstar (train .* --resume)$", output, re.MULTILINE)[1])

    def resumes(self, output, *words):
        """The command of the last line starts the run again; it is stopped once more."""
        before = len(self.rows())
        process = self.start(*self.command_in(output), *words)
        self.assertTrue(wait_for(lambda: len(self.rows()) > before, 120))
        process.send_signal(signal.SIGTERM)
        output, _ = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 130, output)
        return output

    def test_pretraining(self):
        output = self.stop(SMOKE, ["stages.base.steps=100000", "stages.base.rows=64", "model.width=64"],
                           lambda rows: any(row["phase"] == "base" and row["step"] > 20 for row in rows))
        self.assertIn("no stage is finished yet; stage base continues from its last save", output)
        before = len(self.rows())
        self.assertIn("resuming from checkpoint", self.resumes(output))
        later = [row["step"] for row in self.rows()[before:] if row["phase"] == "base"]
        self.assertGreater(later[0], 20)  # not from its start

    def test_reinforcement_in_the_middle_of_a_round(self):
        def has_attempts_of_a_round(_):
            store = os.path.join(self.path("run"), "store", "CURRENT")
            return os.path.exists(store) and stats(self.path("run"))["trajectories"] >= 32 * 4

        # The critic learns from the first round for longer than a test waits.
        output = self.stop(SMOKE, ["stages.reinforce.critic_updates=100000", "evaluation.problems=20"],
                           has_attempts_of_a_round, signal.SIGTERM)
        self.assertRegex(output, r"finished stages: base; stage reinforce (continues from its last save|will be repeated)")

    def test_an_evaluation(self):
        # The base is measured on more problems than a test waits for.
        output = self.stop(SMOKE, ["evaluation.problems=20000", "checkpoint.seconds=0"],
                           lambda rows: any(row["phase"] == "base" and row["step"] == 150 for row in rows))
        self.assertIn("no stage is finished yet; stage base continues from its last save", output)
        self.assertFalse(any(row["phase"] in ("stage", "reinforce") for row in self.rows()))
        process = self.start(*self.command_in(output))
        self.assertTrue(any("resuming from checkpoint" in line for line in process.stdout))
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)
        self.assertEqual(process.returncode, 130)

    def test_a_puzzle(self):
        output = self.stop(PUZZLE, ["stages.cost_to_go.updates=10000000"],
                           lambda rows: any(row["phase"] == "cost_to_go" for row in rows), signal.SIGTERM)
        self.assertIn("no stage is finished yet; stage cost_to_go continues from its last save", output)
        self.assertIn("resuming from checkpoint", self.resumes(output))

    def test_a_stage_that_saves(self):
        output = self.stop(STAGES, ["stages.base.steps=100000"],
                           lambda rows: any(row["phase"] == "base" for row in rows))
        self.assertIn("no stage is finished yet; stage base continues from its last save", output)
        self.assertIn("no stage is finished yet", self.resumes(output))

    def test_a_stage_that_does_not_save(self):
        # Attempts at this many problems are one call, in the middle of which nothing can be saved.
        words = ["stages.base.steps=5", "evaluation.problems=20", "evaluation.curve_problems=20", "stages.sft.skip=true",
                 "stages.judges.problems=50000"]
        stage = os.path.join(self.path("run"), "stages", "base.json")
        output = self.stop(STAGES, words, lambda _: os.path.exists(stage))
        self.assertIn("finished stages: base; stage judges will be repeated from its start", output)


if __name__ == "__main__":
    main()

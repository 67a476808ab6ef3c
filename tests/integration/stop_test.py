"""How soon every kind of training stops after a signal, what it says, and that it can be resumed."""
import json
import os
import re
import shlex
import signal
import time

from support import RunTest, main, qstar, wait_for, SMOKE

PUZZLE = "configs/lightsout4.toml"
STORY = "configs/sums_story.toml"
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

    def resumes(self, output, *words):
        """The command of the last line starts the run again; it is stopped once more."""
        command = shlex.split(re.search(r"resume with: qstar (train .* --resume)$", output, re.MULTILINE)[1])
        before = len(self.rows())
        process = self.start(*command, *words)
        self.assertTrue(wait_for(lambda: len(self.rows()) > before, 120))
        process.send_signal(signal.SIGTERM)
        output, _ = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 130, output)
        return output

    def test_pretraining(self):
        output = self.stop(SMOKE, ["pretrain.steps=100000", "pretrain.rows=64", "model.width=64"],
                           lambda rows: any(row["phase"] == "pretrain" for row in rows))
        self.assertRegex(output, r"saved: \d+ of 100000 pre-training steps")
        self.assertIn("resuming from checkpoint", self.resumes(output))

    def test_reinforcement_in_the_middle_of_a_version(self):
        output = self.stop(SMOKE, ["critic.updates_per_version=100000", "evaluation.problems=20"],
                           lambda rows: sum(row["phase"] == "eval" for row in rows) >= 2, signal.SIGTERM)
        self.assertRegex(output, r"saved: 0 of 4 versions of the policy, \d+ attempts")

    def test_an_evaluation(self):
        # The base is measured on more problems than a test waits for.
        output = self.stop(SMOKE, ["evaluation.problems=20000"],
                           lambda rows: any(row["phase"] == "rl" for row in rows))
        self.assertRegex(output, r"saved: \d of 4 versions")
        self.assertFalse(any(row["phase"] == "eval" for row in self.rows()))
        self.resumes(output)

    def test_a_puzzle(self):
        output = self.stop(PUZZLE, ["training.updates=10000000"],
                           lambda rows: any(row["phase"] == "cost_to_go" for row in rows), signal.SIGTERM)
        self.assertRegex(output, r"saved: \d+ of 10000000 updates")
        self.resumes(output)

    def test_a_stage_of_a_story_that_saves(self):
        output = self.stop(STORY, ["pretrain.steps=100000"],
                           lambda rows: any(row["phase"] == "base" for row in rows))
        self.assertIn("no stage is finished yet; stage base continues from its last save", output)
        self.assertIn("no stage is finished yet", self.resumes(output))

    def test_a_stage_of_a_story_that_does_not_save(self):
        # Attempts at this many problems are one call, in the middle of which nothing can be saved.
        words = ["pretrain.steps=5", "measure.problems=20", "measure.curve_problems=20", "stages.sft=false",
                 "verifiers.problems=50000"]
        stage = os.path.join(self.path("run"), "stages", "base.json")
        output = self.stop(STORY, words, lambda _: os.path.exists(stage))
        self.assertIn("finished stages: base; stage verifiers will be repeated from its start", output)


if __name__ == "__main__":
    main()

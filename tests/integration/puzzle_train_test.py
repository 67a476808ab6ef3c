"""Whole runs on a puzzle: what they leave behind, determinism, workers, kill -9, Ctrl-C and resume."""
import json
import os
import random
import re
import shlex
import signal

from support import RunTest, main, qstar, report, results, stats, wait_for

CONFIG = "configs/lightsout4.toml"
# A puzzle of 512 positions and a network to fit.
TINY = ["environment.size=3", "stages.cost_to_go.network.values=q", "stages.cost_to_go.network.first=64",
        "stages.cost_to_go.network.second=32", "stages.cost_to_go.scrambles.depth=9",
        "stages.cost_to_go.scrambles.batch=64", "stages.cost_to_go.check_period=20", "checkpoint.seconds=0.2"]
LONG = "stages.cost_to_go.updates=200000"  # much more than a test waits for


def pressed(rng, side=5):
    """Lamps after pressing a random half of the cells."""
    lamps = side * side * [0]
    for cell in range(side * side):
        if rng.random() < 0.5:
            for other in range(side * side):
                lamps[other] ^= abs(other // side - cell // side) + abs(other % side - cell % side) < 2
    return [int(lamp) for lamp in lamps]


def lines_of(path):
    if not os.path.exists(path):
        return []
    with open(path) as file:
        return file.readlines()


class PuzzleTrainTest(RunTest):
    def train(self, run, *words, timeout=120):
        return qstar("train", CONFIG, "--run", self.path(run), *TINY, *words, timeout=timeout)

    def model(self, run):
        with open(os.path.join(self.path(run), "model.safetensors"), "rb") as file:
            return file.read()

    def updates(self):
        """The largest value in the run's metrics."""
        try:
            with open(os.path.join(self.path("run"), "metrics.jsonl")) as lines:
                rows = [json.loads(line) for line in lines if line.endswith("\n")]
                return max((row["step"] for row in rows if row["phase"] == "cost_to_go"), default=0)
        except FileNotFoundError:
            return 0

    def assert_interrupted(self, process):
        output, _ = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 130, output)
        return shlex.split(re.search(r"resume with: qstar (train .* --resume)$", output, re.MULTILINE)[1])

    def test_it_solves_lights_out_within_seconds(self):
        answer = qstar("train", CONFIG, "--run", self.path("run"), timeout=300)
        self.assert_ok(answer)
        cpu = report(self.path("run"))["cost"]["cpu_seconds"]
        self.assertLess(cpu, 60)
        learned = results(self.path("run"))["cost_to_go"]
        self.assertEqual(learned["solved"], 1)
        curve = [point["solved"] for point in learned["curve"]]
        self.assertLess(curve[0], 0.5)  # it had to be learned
        self.assertIn("solved 0.", answer.stdout)
        self.assertIn("solves 1.0000", answer.stdout)

    def test_search_solves_lights_out_where_it_can_be_solved(self):
        self.assert_ok(qstar("train", "configs/lightsout5.toml", "--run", self.path("run"), timeout=300))
        told = report(self.path("run"))
        self.assertLess(told["cost"]["cpu_seconds"], 60)
        self.assertGreater(told["results"]["cost_to_go"]["solved"], 0.95)
        states = self.path("states.jsonl")
        with open(states, "w") as file:
            for number in range(50):
                file.write(json.dumps({"id": number, "state": pressed(random.Random(number))}) + "\n")
        found = qstar("search", self.path("run"), "--states", states, "--nodes", "20000", "--json")
        self.assert_ok(found)
        self.assertEqual(json.loads(found.stdout.splitlines()[-1])["summary"]["solved"], 50)
        with open(states, "w") as file:  # the 5 by 5 matrix is singular: no presses leave one lamp
            file.write(json.dumps({"id": 0, "state": [1] + 24 * [0]}))
        refused = qstar("search", self.path("run"), "--states", states)
        self.assertEqual(refused.returncode, 3)
        self.assertIn("cannot be solved", refused.stderr)

    def test_a_run_leaves_everything_that_it_promises(self):
        self.assert_ok(self.train("run", "stages.cost_to_go.updates=400"))
        for name in ("config.toml", "metrics.jsonl", "store", "checkpoints", "model.safetensors", "report.json",
                     "report.md", "learning_curve.svg"):
            self.assertTrue(os.path.exists(os.path.join(self.path("run"), name)), name)
        told = results(self.path("run"))["cost_to_go"]
        self.assertEqual(told["updates"], 400)
        self.assertEqual(told["examples"], 400 * 64)
        self.assertEqual(told["network"], {"values": "q", "first": 64, "second": 32, "blocks": 1})
        with open(os.path.join(self.path("run"), "metrics.jsonl")) as lines:
            rows = [json.loads(line) for line in lines]
        self.assertTrue(any("solved" in row for row in rows))
        self.assertIn(b'"environment"', self.model("run"))
        # Greedy play of the fixed positions, step by step.
        self.assertGreater(stats(self.path("run"))["trajectories"], 8)
        store = os.path.join(self.path("run"), "store")
        group = json.loads(qstar("replay", "ls", store, "--limit", "1", "--json").stdout)["group"]
        shown = qstar("replay", "show", store, str(group), "--json")
        self.assert_ok(shown)
        steps = json.loads(shown.stdout.splitlines()[0])["steps"]
        self.assertTrue(all("q" in step for step in steps) and steps)

    def test_two_runs_are_byte_identical(self):
        for run in ("one", "two"):
            self.assert_ok(self.train(run, "stages.cost_to_go.updates=300"))
        self.assertEqual(self.model("one"), self.model("two"))
        self.assert_ok(self.train("other", "stages.cost_to_go.updates=300", "seed=2"))
        self.assertNotEqual(self.model("one"), self.model("other"))

    def test_the_model_is_the_same_with_workers(self):
        words = ["stages.cost_to_go.updates=400", "stages.cost_to_go.record.checks=1"]
        self.assert_ok(self.train("alone", *words))
        output = self.finish(self.start("train", CONFIG, "--run", self.path("run"), *TINY, *words, "--workers", "2"))
        self.assertIn("finished", output)
        self.assertEqual(self.model("run"), self.model("alone"))
        attempts = [qstar("replay", "ls", os.path.join(self.path(run), "store"), "--limit", "0", "--json").stdout
                    for run in ("alone", "run")]
        self.assertEqual(*attempts)
        self.assertIn("group", attempts[0])

    def test_workers_help_and_end_with_the_run(self):
        process = self.start("train", CONFIG, "--run", self.path("run"), *TINY, "--workers", "1",
                             "stages.cost_to_go.updates=1000000", "stages.cost_to_go.cpu_seconds=6")
        output = self.finish(process)
        self.assertGreater(report(self.path("run"))["cost"]["cpu_seconds"], 6)
        self.assertLess(results(self.path("run"))["cost_to_go"]["updates"], 1000000)
        self.assertIn("finished", output)

    def test_after_kill_9_it_resumes_from_the_checkpoint(self):
        process = self.start("train", CONFIG, "--run", self.path("run"), *TINY, LONG)
        checkpoints = os.path.join(self.path("run"), "checkpoints", "cost_to_go")
        self.assertTrue(wait_for(lambda: os.path.exists(checkpoints) and os.listdir(checkpoints), 30))
        process.kill()
        process.communicate()
        # Nobody waits for all of it: to go on and be stopped again is enough.
        process = self.start("train", CONFIG, "--run", self.path("run"), *TINY, LONG, "--resume")
        before = self.updates()
        self.assertTrue(wait_for(lambda: self.updates() > before + 100, 30))
        process.send_signal(signal.SIGINT)
        self.assert_interrupted(process)

    def test_ctrl_c_keeps_everything_and_resume_goes_on(self):
        words = ["stages.cost_to_go.updates=3000"]
        process = self.start("train", CONFIG, "--run", self.path("run"), *TINY, *words)
        self.assertTrue(wait_for(lambda: self.updates() >= 100, 30))
        process.send_signal(signal.SIGINT)
        self.assert_ok(qstar(*self.assert_interrupted(process)))
        self.assert_ok(self.train("straight", *words))
        self.assertEqual(self.model("run"), self.model("straight"))

    def test_a_run_in_any_folder_resumes(self):
        run = self.path("bob's run")  # a name that a shell takes apart
        metrics = os.path.join(run, "metrics.jsonl")
        process = self.start("train", CONFIG, "--run", run, *TINY, "stages.cost_to_go.updates=3000")
        self.assertTrue(wait_for(lambda: len(lines_of(metrics)) > 3, 30))
        process.send_signal(signal.SIGINT)
        words = self.assert_interrupted(process)
        with open(metrics, "a") as file:  # as kill -9 may leave it
            file.write('{"phase":"tr')
        self.assert_ok(qstar(*words))
        self.assertEqual(results(run)["cost_to_go"]["updates"], 3000)
        broken = [line for line in lines_of(metrics) if not line.endswith("}\n")]
        self.assertEqual(broken, ['{"phase":"tr\n'])

    def test_mistakes_are_told_in_one_line(self):
        for words, parts in [(["stages.cost_to_go.raet=1"], ["stages.cost_to_go.raet", "stages.cost_to_go.rate"]),
                             (["stages.cost_to_go.batches_ahead=1"],
                              ["stages.cost_to_go.batches_ahead", "stages.cost_to_go.batches_per_lease"]),
                             (["environment.size=60"], ["environment.size"]),
                             (["stages.reinforce.rounds=3"], ["stages.reinforce", "cost_to_go"]),
                             (["stages=[{kind='pretrain'}]"], ["stages.base", "pretrain", "lights_out", "a puzzle"]),
                             (["model.width=32"], ["model"])]:
            answer = self.train("bad", *words)
            self.assertEqual(answer.returncode, 2, answer.stderr)
            self.assertEqual(len(answer.stderr.splitlines()), 1, answer.stderr)
            for part in parts:
                self.assertIn(part, answer.stderr)


if __name__ == "__main__":
    main()

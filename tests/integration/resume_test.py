"""What a run may be resumed with, what it has to find, and what a failed start leaves behind: nothing."""
import json
import os
import re
import shutil
import signal
import socket
import tempfile

from support import RunTest, main, qstar, read, results, wait_for, SMOKE

PUZZLE = "configs/lightsout4.toml"
STAGES = "configs/sums_stages.toml"
SHORT = ["stages.base.steps=30", "stages.reinforce.rounds=1", "evaluation.problems=20", "evaluation.curve_problems=20"]


def rows_of(run):
    with open(os.path.join(run, "metrics.jsonl")) as lines:
        return [json.loads(line) for line in lines if line.endswith("}\n")]


class ResumeTest(RunTest):
    @classmethod
    def setUpClass(cls):
        cls.shared = tempfile.mkdtemp(prefix="qstar-test-")
        cls.trained = os.path.join(cls.shared, "trained")
        answer = qstar("train", SMOKE, "--run", cls.trained, *SHORT)
        assert answer.returncode == 0, answer.stderr

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.shared, ignore_errors=True)

    def setUp(self):
        super().setUp()
        self.run_path = self.path("run")
        shutil.copytree(self.trained, self.run_path)

    def resume(self, *words, config=SMOKE, timeout=120):
        return qstar("train", config, "--run", self.run_path, *words, "--resume", timeout=timeout)

    def refused(self, answer, code, *parts):
        self.assertEqual(answer.returncode, code, answer.stdout + answer.stderr)
        for part in parts:
            self.assertIn(part, answer.stderr)

    def reached(self, phase, run=None):
        try:
            return any(row["phase"] == phase for row in rows_of(run or self.run_path))
        except FileNotFoundError:
            return False

    # ---- what may change ---------------------------------------------------------------------------

    def test_every_difference_is_listed(self):
        answer = self.resume(*SHORT, "model.width=64", "stages.reinforce.rounds=3", "seed=2",
                             "stages.reinforce.critic.dueling=true")
        self.refused(answer, 2, "run/config.toml differs from the configuration given. These settings cannot change: "
                     "seed (1 in the run, 2 given), model.width (32 in the run, 64 given), stages.reinforce.critic.dueling "
                     "(false in the run, true given). These may change: stages.reinforce.rounds (1 in the run, 3 given). "
                     "Continue that run as it is with ", "--resume")
        self.assertEqual(len(answer.stderr.splitlines()), 1)

    def test_a_budget_may_change_and_is_recorded(self):
        before = results(self.run_path)
        answer = self.resume(*SHORT, "stages.reinforce.rounds=3", "checkpoint.keep=1", "restart.max_failures=2")
        self.assert_ok(answer)
        self.assertIn("stages.reinforce.rounds = 3 (was 1)", answer.stdout)
        after = results(self.run_path)
        self.assertEqual((before["reinforce"]["rounds"], after["reinforce"]["rounds"]), (1, 3))
        self.assertEqual(before["base"], after["base"])  # a stage before the one that continues
        self.assertEqual(len(os.listdir(os.path.join(self.run_path, "checkpoints", "reinforce"))), 1)
        with open(os.path.join(self.run_path, "config.toml")) as file:
            recorded = file.read()
        for line in (r"^rounds = 3\b", r"^keep = 1\b", r"^max_failures = 2\b"):
            self.assertTrue(re.search(line, recorded, re.MULTILINE), line)
        # It is the run's own file that resumes it from now on.
        self.assert_ok(self.resume(config=os.path.join(self.run_path, "config.toml")))
        self.refused(self.resume(*SHORT, "stages.reinforce.rounds=2"), 2, "rounds = 2", "3 rounds")

    def test_the_stages_behind_one_that_continues_run_again(self):
        run = self.path("measured")
        words = [STAGES, "--run", run, "stages.base.steps=30", "stages.final.tokens=5000", "stages.measure.problems=10",
                 "evaluation.problems=20", "evaluation.curve_problems=20",
                 *(f"stages.{stage}.skip=true" for stage in ("sft", "judges", "search", "rlhf", "rl", "rewards", "selfplay"))]
        self.assert_ok(qstar("train", *words))
        before = results(run)
        self.assert_ok(qstar("train", *words, "stages.final.tokens=20000", "--resume"))
        after = results(run)
        self.assertEqual(after["base"], before["base"])
        self.assertGreaterEqual(after["final"]["tokens"], 20000)
        self.assertGreater(after["final"]["rounds"], before["final"]["rounds"])
        self.assertEqual(after["measure"]["calculator"]["policy_cpu_seconds"], after["final"]["greedy"]["cpu_seconds"])

    def test_a_run_of_another_experiment_is_named(self):
        for config, key in ((PUZZLE, "environment.name"), (STAGES, "environment.operators")):
            self.refused(self.resume(config=config), 2, "differs from the configuration given", key, "stages", "--run")

    # ---- what is missing ---------------------------------------------------------------------------

    def test_a_damaged_record_of_the_settings_is_named(self):
        run = self.copy_of_trained_run("damaged")
        for content in (b"", b"\xff\x00\x80", b"seed = = 1\n"):
            with open(os.path.join(run, "config.toml"), "wb") as file:
                file.write(content)
            self.refused(qstar("train", SMOKE, "--run", run, "--resume"), 3, run + "/config.toml", "damaged")

    def test_a_store_that_lost_attempts_is_not_continued(self):
        run = self.path("lost")
        process = self.start("train", SMOKE, "--run", run, "stages.reinforce.rounds=400", "checkpoint.seconds=0.2")

        def has_a_checkpoint_of_reinforcement():
            rows = read(run + "/metrics.jsonl") if os.path.exists(run + "/metrics.jsonl") else ""
            return rows.rfind('"checkpoint"') > rows.find('"phase":"reinforce"') > 0

        self.assertTrue(wait_for(has_a_checkpoint_of_reinforcement, 60))
        process.kill()
        process.communicate(timeout=30)
        store = os.path.join(run, "store")
        for name in os.listdir(store):
            if name.endswith(".log"):  # the write-ahead log: nothing is flushed yet
                os.remove(os.path.join(store, name))
        answer = qstar("train", SMOKE, "--run", run, "stages.reinforce.rounds=400", "--resume")
        self.assertEqual(answer.returncode, 3, answer.stdout + answer.stderr)
        self.assertIn("the store has lost attempts", answer.stderr)

    def test_a_mistyped_run_is_not_made(self):
        typo = self.path("typo")
        for config in (SMOKE, PUZZLE, STAGES):
            self.refused(qstar("train", config, "--run", typo, "--resume"), 3, "typo", "holds no run", "--run")
            self.assertFalse(os.path.exists(typo))

    def test_what_was_deleted_is_named(self):
        # Only a stage that continues needs its save.
        for part, words in (("checkpoints", ["stages.reinforce.rounds=3"]), ("store", []), ("stages", [])):
            for empty in (False, True):
                with self.subTest(part=part, empty=empty):
                    shutil.rmtree(self.run_path)
                    shutil.copytree(self.trained, self.run_path)
                    os.remove(os.path.join(self.run_path, "report.json"))
                    shutil.rmtree(os.path.join(self.run_path, part))
                    if empty:
                        os.mkdir(os.path.join(self.run_path, part))
                    self.refused(self.resume(*SHORT, *words), 3, f"run/{part} is missing or", "put ", " back")
                    self.assertFalse(os.path.exists(os.path.join(self.run_path, "report.json")))

    def test_lost_figures_are_no_secret(self):
        puzzle, stages = self.path("puzzle"), self.path("stages")
        start = (PUZZLE, "stages.cost_to_go.updates=60", "stages.cost_to_go.check_period=20")
        self.assert_ok(qstar("train", *start, "--run", puzzle))
        stop = self.start("train", STAGES, "--run", stages)
        self.assertTrue(wait_for(lambda: os.path.exists(os.path.join(stages, "metrics.jsonl")), 60))
        stop.send_signal(signal.SIGINT)
        stop.communicate(timeout=60)
        for run, words in ((self.run_path, (SMOKE, *SHORT)), (puzzle, (*start, "stages.cost_to_go.updates=80")),
                           (stages, (STAGES,))):
            with self.subTest(words[0]):
                os.remove(os.path.join(run, "metrics.jsonl"))
                process = self.start("train", *words, "--run", run, "--resume")
                said = next(line for line in process.stdout if "warning" in line)
                self.assertIn(f"{run}/metrics.jsonl is missing: the rows of this run so far are lost", said)
                process.send_signal(signal.SIGINT)
                process.communicate(timeout=60)
                self.assertTrue(os.path.exists(os.path.join(run, "metrics.jsonl")))

    def test_a_finished_run_without_checkpoints_does_not_start_from_scratch(self):
        shutil.rmtree(os.path.join(self.run_path, "checkpoints"))
        before = rows_of(self.run_path)
        self.refused(self.resume(*SHORT, "stages.reinforce.rounds=3"), 3, "checkpoints", "finished")
        self.assertEqual(rows_of(self.run_path), before)

    def test_a_run_killed_before_its_first_checkpoint_begins_again_and_says_so(self):
        run = self.path("early")
        words = ["checkpoint.seconds=600", *SHORT]
        process = self.start("train", SMOKE, "--run", run, *words, "stages.base.steps=3000")
        self.assertTrue(wait_for(lambda: self.reached("base", run), 60))
        process.kill()
        process.communicate()
        process = self.start("train", SMOKE, "--run", run, *words, "stages.base.steps=3000", "--resume")
        before = len(rows_of(run))
        self.assertTrue(wait_for(lambda: len(rows_of(run)) > before, 60))
        process.send_signal(signal.SIGINT)
        output, _ = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 130, output)
        self.assertIn("from the beginning", output)

    # ---- what a failed start leaves ------------------------------------------------------------------

    def test_a_failed_start_leaves_nothing(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            port = taken.getsockname()[1]
            for config, words, code in ((SMOKE, ["--listen", f"127.0.0.1:{port}"], 4),
                                        (PUZZLE, ["--listen", f"127.0.0.1:{port}"], 4),
                                        (SMOKE, ["--listen", "nowhere"], 2),
                                        (SMOKE, ["--http", str(port)], 4),
                                        (SMOKE, ["model.widht=3"], 2),
                                        (SMOKE, ["--certs", "nowhere", "--workers", "1"], 3),
                                        (STAGES, ["stages.rlhf.annotator.kind=recorded",
                                                  "stages.rlhf.annotator.file=nowhere.jsonl"], 3)):
                with self.subTest(words=words):
                    new = self.path("new")
                    answer = qstar("train", config, "--run", os.path.join(new, "run"), *words)
                    self.assertEqual(answer.returncode, code, answer.stdout + answer.stderr)
                    self.assertFalse(os.path.exists(new), answer.stderr)

    def test_a_failed_start_removes_only_what_it_made(self):
        mine = self.path("mine")
        os.mkdir(mine)
        with open(os.path.join(mine, "notes.txt"), "w") as file:
            file.write("mine")
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            answer = qstar("train", SMOKE, "--run", mine, "--listen", f"127.0.0.1:{taken.getsockname()[1]}")
        self.assertEqual(answer.returncode, 4, answer.stderr)
        self.assertEqual(os.listdir(mine), ["notes.txt"])
        self.assert_ok(qstar("train", SMOKE, "--run", mine, *SHORT))  # and it can be started there


class DeletedTest(RunTest):
    """A run that loses its directory while it trains."""

    def lost(self, config, words, phase, part):
        run = self.path("run")
        metrics = os.path.join(run, "metrics.jsonl")
        process = self.start("train", config, "--run", run, *words)
        self.assertTrue(wait_for(lambda: os.path.exists(metrics) and
                                 any(row["phase"] == phase for row in rows_of(run)), 120))
        elsewhere = os.path.join(tempfile.mkdtemp(dir=self.folder), "elsewhere")
        os.rename(os.path.join(run, part) if part else run, elsewhere)
        output, _ = process.communicate(timeout=30)
        self.assertEqual(process.returncode, 4, output)
        self.assertIn("was deleted, moved or replaced", output)
        self.assertNotIn("finished", output)
        return run

    def test_text(self):
        for part in ("", "store", "checkpoints"):
            with self.subTest(part=part):
                run = self.lost(SMOKE, ["stages.reinforce.rounds=2000", "checkpoint.seconds=0"], "reinforce", part)
                self.assertEqual(os.path.exists(run), part != "")  # nothing of it is made again
                shutil.rmtree(run, ignore_errors=True)

    def test_a_puzzle(self):
        words = ["stages.cost_to_go.updates=1000000", "checkpoint.seconds=0.1"]
        self.assertFalse(os.path.exists(self.lost(PUZZLE, words, "checkpoint", "")))

    def test_pretraining(self):
        self.assertFalse(os.path.exists(self.lost(STAGES, ["stages.base.steps=100000"], "base", "")))


if __name__ == "__main__":
    main()

"""Grids of runs: `qstar sweep` and `qstar compare`."""
import json
import os
import signal
import subprocess
import time

from support import QSTAR, RunTest, SMOKE, main, qstar, read, results, trained_run, wait_for

SHORT = ("stages.base.steps=20", "stages.reinforce.rounds=1")


class Sweep(RunTest):
    def sweep(self, *words):
        return qstar("sweep", SMOKE, *SHORT, *words, "--out", self.path("sweep"), "--problems", "50")

    def run_path(self, name, file="report.json"):
        return os.path.join(self.path("sweep"), name, file)

    def test_a_grid_is_trained_compared_and_trained_once(self):
        answer = self.sweep("seed=1..2", "stages.reinforce.groups_per_update=8,16", "--jobs", "2")
        self.assert_ok(answer)
        names = [f"seed-{seed}_groups_per_update-{groups}" for seed in (1, 2) for groups in (8, 16)]
        for name in names:
            self.assertIn(f"{name}: greedy accuracy ", answer.stdout)
        comparison = json.loads(read(os.path.join(self.path("sweep"), "comparison.json")))
        self.assertEqual(comparison["problems"], 50)
        self.assertEqual([v["settings"] for v in comparison["variants"]],
                         ["stages.reinforce.groups_per_update=8", "stages.reinforce.groups_per_update=16"])
        # The same figures as `eval` gives on its own.
        for variant, groups in zip(comparison["variants"], (8, 16)):
            self.assertEqual(variant["seeds"], ["1", "2"])
            for seed, accuracy in zip(variant["seeds"], variant["accuracies"]):
                folder = os.path.dirname(self.run_path(f"seed-{seed}_groups_per_update-{groups}"))
                measured = qstar("eval", folder, "--held-out", "50", "--json").stdout.splitlines()[-1]
                self.assertAlmostEqual(json.loads(measured)["summary"]["accuracy"], accuracy)
        by_seed = [b - a for a, b in zip(*(v["accuracies"] for v in comparison["variants"]))]
        for expected, found in zip(by_seed, comparison["differences"][0]["by_seed"]):
            self.assertAlmostEqual(expected, found)
        self.assertIn(read(os.path.join(self.path("sweep"), "comparison.txt")), answer.stdout)
        before = [os.stat(self.run_path(name)).st_mtime_ns for name in names]
        self.assert_ok(self.sweep("seed=1..2", "stages.reinforce.groups_per_update=8,16"))
        self.assertEqual(before, [os.stat(self.run_path(name)).st_mtime_ns for name in names])

    def test_lists_in_brackets_are_values_of_a_grid(self):
        answer = self.sweep("environment.operator_counts=[2,3],4", "--environment", "operator_counts=2")
        self.assert_ok(answer)
        for name, counts in (("operator_counts-2-3", "[2, 3]"), ("operator_counts-4", "[4]")):
            self.assertIn(f"{name}: greedy accuracy ", answer.stdout)
            self.assertIn(f"operator_counts = {counts}", read(self.run_path(name, "config.toml")))
        comparison = json.loads(read(os.path.join(self.path("sweep"), "comparison.json")))
        self.assertEqual([v["settings"] for v in comparison["variants"]],
                         ["environment.operator_counts=[2, 3]", "environment.operator_counts=[4]"])

    def test_a_failed_run_does_not_stop_the_others(self):
        os.makedirs(self.path("sweep"))
        with open(os.path.join(self.path("sweep"), "seed-1"), "w") as file:
            file.write("in the way")
        answer = self.sweep("seed=1..3")
        self.assertNotIn(answer.returncode, (0, 130))
        self.assertIn("seed-1: failed with exit code", answer.stdout)
        self.assertIn("1 of 3 runs failed", answer.stderr)
        self.assertTrue(os.path.exists(self.run_path("seed-2")) and os.path.exists(self.run_path("seed-3")))
        os.remove(os.path.join(self.path("sweep"), "seed-1"))
        self.assert_ok(self.sweep("seed=1..3"))
        self.assertTrue(os.path.exists(self.run_path("seed-1")))

    def test_failed_runs_are_told_though_their_signals_are_ignored(self):
        os.makedirs(self.path("sweep"))
        for seed in (1, 2):
            with open(os.path.join(self.path("sweep"), f"seed-{seed}"), "w") as file:
                file.write("in the way")
        words = [QSTAR, "sweep", SMOKE, *SHORT, "seed=1..2", "--out", self.path("sweep")]
        answer = subprocess.run(words, capture_output=True, text=True, timeout=60,
                                preexec_fn=lambda: signal.signal(signal.SIGCHLD, signal.SIG_IGN))
        self.assertEqual(answer.returncode, 4, answer.stderr)
        self.assertIn("2 of 2 runs failed", answer.stderr)
        with open("/dev/full", "w") as full:
            unseen = subprocess.run(words, stdout=subprocess.PIPE, stderr=full, text=True, timeout=60)
        self.assertEqual(unseen.returncode, 4)
        self.assertIn("seed-2: failed with exit code 4", unseen.stdout)

    def test_runs_end_with_a_killed_sweep(self):
        process = self.start("sweep", SMOKE, "seed=1..2", "stages.reinforce.rounds=400", "--out", self.path("sweep"))
        self.assertTrue(wait_for(lambda: os.path.exists(self.run_path("seed-1", "store/CURRENT")), 60))
        process.kill()
        process.communicate(timeout=30)

        def is_free():
            answer = qstar("train", SMOKE, "seed=1", "--run", self.run_path("seed-1", "."), "--resume")
            return "another process" not in answer.stderr

        self.assertTrue(wait_for(is_free, 20))

    def test_an_interrupt_stops_all_runs_and_the_same_command_resumes_them(self):
        words = ("seed=1..3", "stages.reinforce.rounds=6", "stages.base.steps=60")
        process = self.start("sweep", SMOKE, *words, "--jobs", "2", "--out", self.path("sweep"), "--problems", "50")
        started = [self.run_path(f"seed-{seed}", "config.toml") for seed in (1, 2)]
        self.assertTrue(wait_for(lambda: all(map(os.path.exists, started)), 60))
        time.sleep(1)
        process.send_signal(signal.SIGINT)
        output, _ = process.communicate(timeout=30)
        self.assertEqual(process.returncode, 130, output)
        self.assertIn("repeat the same command", output)
        self.assertFalse(os.path.exists(self.run_path("seed-3", "config.toml")))
        # Nobody holds the runs any more: they are resumed at once.
        answer = qstar("sweep", SMOKE, *words, "--jobs", "2", "--out", self.path("sweep"), "--problems", "50")
        self.assert_ok(answer)
        for seed in (1, 2, 3):
            self.assertTrue(os.path.exists(self.run_path(f"seed-{seed}")), answer.stdout)

    def test_two_sweeps_in_one_folder_are_kept_apart(self):
        first = self.start("sweep", SMOKE, "seed=1..2", "stages.reinforce.rounds=400", "--out", self.path("sweep"))
        self.assertTrue(wait_for(lambda: os.path.exists(self.run_path("seed-1", "config.toml")), 60))
        experiment = os.path.join(self.path("sweep"), "experiment.toml")
        before = os.stat(experiment).st_mtime_ns
        self.refused(qstar("sweep", SMOKE, "seed=1..2", "stages.reinforce.rounds=400", "--out", self.path("sweep")), 4,
                     f"in use by process {first.pid}")
        self.assertEqual(os.stat(experiment).st_mtime_ns, before)  # it is the first one's
        first.send_signal(signal.SIGTERM)
        first.communicate(timeout=30)
        self.assertEqual(first.returncode, 130)

    def test_a_killed_run_is_told_as_such(self):
        process = self.start("sweep", SMOKE, "seed=1", "stages.reinforce.rounds=400", "--out", self.path("sweep"))
        self.assertTrue(wait_for(lambda: os.path.exists(self.run_path("run", "store/CURRENT")), 60))
        child = subprocess.run(["ps", "-o", "pid=", "--ppid", str(process.pid)], capture_output=True, text=True)
        os.kill(int(child.stdout), signal.SIGKILL)
        output, _ = process.communicate(timeout=30)
        self.assertIn("run: failed with signal 9: ", output)
        self.assertEqual(process.returncode, 137)

    def test_a_folder_may_begin_with_a_dash(self):
        answer = subprocess.run([os.path.abspath(QSTAR), "sweep", os.path.abspath(SMOKE), *SHORT, "seed=1", "--out=-x"],
                                cwd=self.folder, capture_output=True, text=True, timeout=60)
        self.assert_ok(answer)
        self.assertTrue(os.path.exists(os.path.join(self.folder, "-x", "run", "report.json")))

    def test_settings_are_checked_before_anything_is_written(self):
        elsewhere = ("--environment", "no_such_key=1")
        for words, said in ((("seed=1..2", *elsewhere), "environment.no_such_key is not a known key"),
                            (("environment.operator_counts=2,3",), "different environments", ),
                            (("seeds=1..2",), "did you mean seed?"), (("seed=2..1",), "write it as 1..2"),
                            (("seed=1,",), "a value is missing"), (("name=a,b",), "vary other settings"),
                            (("stages.reinforce.rounds=1,x",), "stages.reinforce.rounds"),
                            (("seed=1..10000",), "10000 runs: confirm with --yes"),
                            (("seed=1..10000", "stages.reinforce.rounds=1..1000", "--yes"), "vary fewer settings")):
            answer = qstar("sweep", SMOKE, *words, "--out", self.path("none"))
            self.refused(answer, 2, said)
            self.assertFalse(os.path.exists(self.path("none")))

    def test_a_folder_of_another_sweep_is_left_alone(self):
        self.assert_ok(self.sweep("seed=1..2"))
        before = read(os.path.join(self.path("sweep"), "experiment.toml"))
        answer = self.sweep("seed=1..2", "stages.reinforce.temperature=0.5")
        self.refused(answer, 2, "seed-1 holds a run with stages.reinforce.temperature", "--out")
        self.assertEqual(before, read(os.path.join(self.path("sweep"), "experiment.toml")))


class Compare(RunTest):
    def test_runs_are_measured_on_the_same_problems(self):
        self.assert_ok(self.train("other", "seed=2", *SHORT))
        answer = qstar("compare", trained_run(), self.path("other"), "--problems", "60", "--json")
        self.assert_ok(answer)
        comparison = json.loads(answer.stdout)
        self.assertEqual(comparison["problems"], 60)
        self.assertEqual(len(comparison["variants"]), 2)
        self.assertIn("stages.reinforce.rounds=1", comparison["variants"][1]["settings"])
        self.assertEqual(comparison["differences"], [])  # no seed in common

    def test_puzzles_are_played_on_the_same_positions(self):
        for seed in ("1", "2"):
            self.assert_ok(qstar("train", "configs/lightsout4.toml", f"seed={seed}", "--run", self.path(seed),
                                 "stages.cost_to_go.updates=60", "stages.cost_to_go.check_period=20"))
        words = ("compare", self.path("1"), self.path("2"), "--json", "--problems")
        answer = qstar(*words, "300")
        self.assert_ok(answer)
        comparison = json.loads(answer.stdout)
        self.assertEqual((comparison["problems"], comparison["cost"]), (300, "updates"))
        self.assertEqual(comparison["variants"][0]["seeds"], ["1", "2"])
        # On as many positions as its own checks have, a run is measured as it measured itself.
        own = [results(self.path(seed))["cost_to_go"]["solved"] for seed in ("1", "2")]
        self.assertEqual(json.loads(qstar(*words, "256").stdout)["variants"][0]["accuracies"], own)
        process = self.start(*words, "1000000")
        time.sleep(2)
        process.send_signal(signal.SIGINT)
        output, _ = process.communicate(timeout=5)
        self.assertEqual(process.returncode, 130, output)
        self.refused(qstar("compare", self.path("1"), trained_run()), 2, "puzzle run", "text run")

    def test_what_has_no_problems_in_common_is_refused(self):
        self.assert_ok(self.train("other", *SHORT, "environment.operator_counts=2"))
        self.refused(qstar("compare", trained_run(), self.path("other")), 2, "different environments", "--environment")
        answer = qstar("compare", trained_run(), self.path("other"), "--problems", "20", "--environment", "operator_counts=3")
        self.assert_ok(answer)

    def test_too_few_problems_are_reported(self):
        answer = qstar("compare", trained_run(), "--problems", "3000", "--environment", "operator_counts=1")
        self.assert_ok(answer)
        self.assertRegex(answer.stderr, r"^qstar: only \d+ different held-out problems were found, not 3000\n$")
        self.assertEqual(qstar("compare", trained_run(), "--problems", "20").stderr, "")

    def test_what_is_no_finished_run_is_refused(self):
        os.makedirs(self.path("empty"))
        self.refused(qstar("compare", self.path("empty")), 3, "holds no run")
        self.refused(qstar("compare", self.path("missing")), 3, "there is no run folder")
        damaged = self.copy_of_trained_run("damaged")
        with open(os.path.join(damaged, "config.toml"), "wb") as file:
            file.write(b"\xff\x00 = [")
        self.refused(qstar("compare", damaged, trained_run()), 3, damaged + "/config.toml", "damaged")
        self.refused(qstar("compare", trained_run(), trained_run(), "--problems", "10"), 2, "same experiment")


if __name__ == "__main__":
    main()

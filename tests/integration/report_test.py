"""qstar report: the report and plots of one run again, the means of several, and what may be wrong with them."""
import json
import os
import subprocess
import xml.etree.ElementTree

from support import QSTAR, RunTest, main, qstar

GOLDEN = os.path.join("tests", "golden", "text_report.json")
PLOTS = {"headline.svg", "calibration.svg", "searches.svg", "rlhf.svg", "rl.svg", "rewards.svg", "selfplay.svg",
         "learning_curve.svg", "learning_curve_critic_beside.svg", "out_of_domain.svg", "polluted_context.svg"}


def read(path):
    with open(path) as file:
        return file.read()


class ReportTest(RunTest):
    def finished(self, folder, measured=None, **members):
        """A finished run's folder with the golden report, some members changed, also of its stage "measure"."""
        os.makedirs(self.path(folder))
        report = json.loads(read(GOLDEN)) | members
        report["results"]["measure"].update(measured or {})
        with open(os.path.join(self.path(folder), "report.json"), "w") as file:
            json.dump(report, file)
        return self.path(folder)

    def assert_pictures(self, folder, names):
        self.assertEqual({name for name in os.listdir(folder) if name.endswith(".svg")}, set(names))
        for name in names:
            root = xml.etree.ElementTree.parse(os.path.join(folder, name)).getroot()
            self.assertEqual(root.tag, "{http://www.w3.org/2000/svg}svg", name)
            self.assertNotIn("nan", read(os.path.join(folder, name)), name)

    def test_every_kind_of_stage(self):
        run = self.finished("run", name="a & b <c> \u0001\uffff")
        answer = qstar("report", run)
        self.assert_ok(answer)
        self.assertEqual(read(os.path.join(run, "report.md")), answer.stdout)
        self.assert_pictures(run, PLOTS)
        for name in PLOTS:
            self.assertIn(f"]({name})", answer.stdout)
        # The same from the file, into a folder that is made.
        out = self.path("deep/out")
        self.assertEqual(qstar("report", os.path.join(run, "report.json"), "--out", out).stdout, answer.stdout)
        self.assert_pictures(out, PLOTS)
        self.assertEqual(json.loads(qstar("report", run, "--json").stdout),
                         json.loads(read(os.path.join(run, "report.json"))))

    def test_runs_of_text_and_puzzles(self):
        run = self.copy_of_trained_run()
        before = read(os.path.join(run, "report.md")), read(os.path.join(run, "learning_curve.svg"))
        for name in ("report.md", "learning_curve.svg"):
            os.remove(os.path.join(run, name))
        answer = qstar("report", run)
        self.assert_ok(answer)
        self.assertEqual(answer.stdout, before[0])
        self.assertEqual((read(os.path.join(run, "report.md")), read(os.path.join(run, "learning_curve.svg"))), before)
        self.assertEqual(set(os.listdir(run)) & {"aggregate.json"}, set())
        with open(self.path("puzzle.json"), "w") as file:
            json.dump({"name": "cube", "environment": "cube3", "seed": 1,
                       "stages": [{"name": "cost_to_go", "kind": "cost_to_go", "cpu_seconds": 1}],
                       "results": {"cost_to_go": {"solved": 0.5, "positions": 8,
                                                  "curve": [{"updates": 10, "solved": 0.5}]}}}, file)
        answer = qstar("report", self.path("puzzle.json"), "--out", self.path("puzzle"))
        self.assert_ok(answer)
        self.assertIn("solves a share of 0.5000 of 8 fixed positions", answer.stdout)
        self.assert_pictures(self.path("puzzle"), ["learning_curve.svg"])
        self.refused(qstar("report", run, self.path("puzzle.json")), 2, "text", "puzzle")

    def test_several_seeds(self):
        runs = [self.finished(f"run{seed}", {"calculator": {"n": 2000, "times_faster": 1000 * seed}}, seed=seed)
                for seed in (1, 2, 3)]
        answer = qstar("report", *runs)
        self.assert_ok(answer)
        self.assertIn("seeds 1, 2, 3", answer.stdout)
        self.assertIn("| 2000.0 (1000.0 – 3000.0) |", answer.stdout)
        self.assertEqual(os.listdir(runs[0]), ["report.json"], "nothing is written unasked")
        together = json.loads(qstar("report", *runs, "--json", "--out", self.path("all")).stdout)
        self.assertEqual(together["results"]["measure"]["calculator"]["times_faster"],
                         {"mean": 2000, "min": 1000, "max": 3000, "n": 3})
        self.assertEqual(json.loads(read(self.path("all/aggregate.json"))), together)
        self.assertEqual(read(self.path("all/report.md")), answer.stdout)
        self.assert_pictures(self.path("all"), PLOTS)
        self.refused(qstar("report", runs[0], runs[1], runs[0]), 2, "seed 1", "twice")
        self.refused(qstar("report", runs[0], self.finished("other", seed=9, family="B")), 2, "family", "C", "B")

    def test_bad_input(self):
        run = self.finished("run")
        file = os.path.join(run, "report.json")
        self.refused(qstar("report"), 2, "--help")
        self.refused(qstar("report", self.path("nowhere")), 3, "nowhere")
        os.makedirs(self.path("empty"))
        self.refused(qstar("report", self.path("empty")), 3, "empty", "holds no run")
        with open(self.path("empty/config.toml"), "w"):
            pass
        self.refused(qstar("report", self.path("empty")), 3, "not finished", f"--run {self.path('empty')} --resume")
        whole, other = read(file), self.finished("other", seed=2)
        for content, words in ((whole[:5000], ["byte 5001"]), ("", ["byte 1"]), ("[" * 1000 + "]" * 1000, ["deep"]),
                               ("{}", ["name"]), ('"text"', ["an object"]),
                               (whole.replace("4608000", '"many"'), ["results.base.tokens", "many", "a number"]),
                               (whole.replace('"pretrain"', '"saga"'), ["stages[0].kind", "saga", "pretrain"]),
                               ('{"kind": "story", "name": "qstar", "seed": 1, "stages": {"base": 1.0}}', ["older version"]),
                               ('{"name": "quickstart", "seed": 1, "base": {}, "final": {}}', ["older version"]),
                               ('{"name": "cube", "puzzle": "cube3", "seed": 1, "final": {}}', ["older version"])):
            with open(file, "w") as damaged:
                damaged.write(content)
            for runs in ([run], [other, run]):
                self.refused(qstar("report", *runs), 3, file, *words)
        self.assertEqual(os.listdir(run), ["report.json"])
        with open(file, "w") as restored:
            restored.write(whole)
        self.refused(qstar("report", run, "--out", file), 4, file)
        self.refused(qstar("report", run, "--out", os.path.join(file, "below")), 4, file)

    def test_unreadable_reports(self):
        os.makedirs(self.path("run"))
        file = self.path("run/report.json")
        os.symlink("report.json", file)
        self.refused(qstar("report", self.path("run")), 4, file, "symbolic links")
        os.remove(file)
        os.mkfifo(file)
        self.refused(qstar("report", self.path("run")), 4, file, "not a regular file")
        os.remove(file)
        os.makedirs(file)
        self.refused(qstar("report", self.path("run")), 4, file, "it is a folder")
        os.rmdir(file)
        with open(file, "w") as sparse:
            sparse.truncate(100 << 30)
        self.refused(qstar("report", self.path("run")), 3, file, "larger than")
        if os.geteuid() == 0:
            os.chmod(self.folder, 0o755)
            os.chmod(self.path("run"), 0)
            self.refused(self.as_nobody(self.path("run")), 4, file, "Permission denied")

    def as_nobody(self, *words):
        """The command by a user who may write nowhere here."""
        try:
            return subprocess.run([QSTAR, "report", *words], capture_output=True, text=True, user=65534, timeout=60)
        except PermissionError:
            self.skipTest("the build folder is closed to others")

    def test_a_run_that_cannot_be_written_to_is_shown(self):
        run = self.finished("run")
        whole = qstar("report", run).stdout
        for name in os.listdir(run):
            if name != "report.json":
                os.remove(os.path.join(run, name))
        os.makedirs(os.path.join(run, "report.md"))
        self.shown_with_a_note(qstar("report", run), whole, "report.md")
        self.assertEqual(sorted(os.listdir(run)), ["report.json", "report.md"])
        os.rmdir(os.path.join(run, "report.md"))
        if os.geteuid() == 0:
            os.chmod(self.folder, 0o755)
            answer = self.as_nobody(run)
            self.shown_with_a_note(answer, whole, "Permission denied")
            answer = self.as_nobody(run, "--json")
            self.assert_ok(answer)
            self.assertEqual(json.loads(answer.stdout), json.loads(read(os.path.join(run, "report.json"))))
            self.refused(self.as_nobody(run, "--out", self.path("out")), 4, "out")
        self.assertEqual(os.listdir(run), ["report.json"])

    def shown_with_a_note(self, answer, whole, word):
        self.assert_ok(answer)
        self.assertEqual(answer.stdout, whole)
        self.assertEqual(len(answer.stderr.splitlines()), 1, answer.stderr)
        for part in ("not saved", "--out", word):
            self.assertIn(part, answer.stderr)

    def test_foreign_names_cannot_steer_a_terminal(self):
        run = self.finished("run", name="\u001b[2J\u009b31m\u202e")
        answer = qstar("report", run)
        self.assert_ok(answer)
        self.assertIn("[2J\\x9b31m\\u{202e}", answer.stdout.splitlines()[0])
        for text in (answer.stdout, read(os.path.join(run, "report.md"))):
            self.assertFalse(set(text) & set("\u001b\u009b\u202e"))
        self.assertTrue(qstar("report", run, "--json").stdout.isascii())


if __name__ == "__main__":
    main()

"""Bad input: one line that names the place and the remedy, the documented exit code, nothing lost."""
import os

from support import RunTest, main, qstar, SMOKE


class BadInputTest(RunTest):
    def refused(self, process, code, *words):
        self.assertEqual(process.returncode, code, process.stderr)
        line = process.stderr.strip()
        self.assertEqual(len(line.splitlines()), 1, line)
        for word in words:
            self.assertIn(word, line)

    def test_configuration(self):
        self.refused(self.train("run", "rl.version=3"), 2, "rl.version", "versions")
        self.refused(self.train("run", "rl.versions=many"), 2, "rl.versions")
        self.refused(self.train("run", "rl.versions=-1"), 2, "rl.versions")
        self.refused(qstar("train", "no-such.toml"), 3, "no-such.toml")
        self.refused(self.train("run", "pretrain.length=500"), 2, "model.context")
        self.assertFalse(os.path.exists(os.path.join(self.path("run"), "config.toml")))

    def test_runs_do_not_overwrite_each_other(self):
        process = self.start("train", SMOKE, "--run", self.path("run"))
        while not os.path.exists(os.path.join(self.path("run"), "config.toml")):
            self.assertIsNone(process.poll())
        self.refused(self.train("run"), 4)
        self.refused(self.train("run", "--resume"), 4)
        process.kill()
        process.communicate()
        self.refused(self.train("run"), 4, "--resume")
        self.refused(self.train("run", "--resume", "seed=9"), 2, "config.toml")
        self.refused(self.train("empty", "--resume"), 3, "no run to resume")

    def test_a_damaged_store_is_named_and_left_alone(self):
        os.makedirs(os.path.join(self.path("run"), "store"))
        current = os.path.join(self.path("run"), "store", "CURRENT")
        with open(current, "w") as file:
            file.write("garbage\n")
        process = self.train("run")
        self.assertEqual(process.returncode, 3, process.stderr)
        with open(current) as file:
            self.assertEqual(file.read(), "garbage\n")


if __name__ == "__main__":
    main()

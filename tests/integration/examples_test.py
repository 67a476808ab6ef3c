"""Every example runs and says what it should; the loop without actors ends with the actors' policy."""
import glob
import os
import re
import subprocess

from support import BUILD, SMOKE, RunTest, main, qstar

RUN_HERE = {"learn_critic", "surprises", "vote"}


def example(name, *words):
    return subprocess.run([os.path.join(BUILD, "examples", name), *words], capture_output=True, text=True, timeout=120)


def weights(run):
    """The tensors' bytes, behind the safetensors header."""
    with open(os.path.join(run, "policy.safetensors"), "rb") as file:
        header = int.from_bytes(file.read(8), "little")
        file.seek(header, os.SEEK_CUR)
        return file.read()


class ExamplesTest(RunTest):
    def test_no_example_is_forgotten(self):
        programs = {os.path.basename(path)[:-4] for path in glob.glob("examples/*.cpp")}
        self.assertEqual(programs, RUN_HERE)
        for path in glob.glob("examples/*.cpp"):
            with open(path) as file:
                self.assertLess(len(file.readlines()), 80, path)

    def test_examples_on_a_run(self):
        self.assert_ok(self.train("run"))
        model = os.path.join(self.path("run"), "policy.safetensors")

        answer = example("surprises", os.path.join(self.path("run"), "store"), "5")
        self.assert_ok(answer)
        self.assertRegex(answer.stdout, r"^[1-9]\d* valued steps\n")
        values = [float(q) for q in re.findall(r"Q (\d\.\d+)", answer.stdout)]
        self.assertEqual(len(values), 5)

        answer = example("vote", model, "4", "50")
        self.assert_ok(answer)
        self.assertEqual(len(re.findall(r"accuracy [01]\.\d{4}", answer.stdout)), 2)

        answer = example("learn_critic", model, "32", "4")
        self.assert_ok(answer)
        self.assertRegex(answer.stdout, r"4 updates  loss \d")

        for name in RUN_HERE:
            self.assertNotEqual(example(name, self.path("missing")).returncode, 0)
            self.assertEqual(example(name).returncode, 2)

    def test_a_plain_loop_ends_with_the_policy_of_deterministic_actors(self):
        loop = os.path.join(BUILD, "benchmarks", "plain_loop")
        if not os.path.exists(loop):
            self.skipTest("built without benchmarks")
        self.assert_ok(subprocess.run([loop, SMOKE, self.path("loop")], capture_output=True, text=True, timeout=120))
        self.assert_ok(self.train("actors", "--deterministic"))
        self.assertEqual(weights(self.path("loop")), weights(self.path("actors")))
        self.assertEqual(self.attempts("loop"), self.attempts("actors"))

    def attempts(self, run):
        """All attempts in the store, their origin aside."""
        store = os.path.join(self.path(run), "store")
        listed = qstar("replay", "ls", store, "--limit", "0", "--json").stdout
        groups = re.findall(r'"group":(\d+)', listed)
        self.assertGreater(len(groups), 0)
        shown = [qstar("replay", "show", store, group, "--json").stdout for group in (groups[0], groups[-1])]
        return listed.count("\n"), [re.sub(r'"(run|node|code_version)":"[^"]*",?', "", text) for text in shown]


if __name__ == "__main__":
    main()

"""Every example runs and says what it should; the loop without actors ends with the actors' policy."""
import glob
import json
import os
import re
import subprocess

from support import BUILD, SMOKE, RunTest, main, qstar, trained_run, training_groups

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
        run = trained_run()
        model = os.path.join(run, "policy.safetensors")

        answer = example("surprises", os.path.join(run, "store"), "5")
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

        with open(self.path("text"), "w") as file:
            file.write("no model")
        for name in RUN_HERE:
            for path in ("missing", "text"):
                refused = example(name, self.path(path))
                self.assertIn(refused.returncode, (3, 4), refused.stderr)  # 4: a file where a folder should be
                self.assertEqual(len(refused.stderr.splitlines()), 1, refused.stderr)
                self.assertIn(path, refused.stderr)
            self.assertEqual(example(name).returncode, 2)
        for words in (("vote", model, "1"), ("vote", model, "many"), ("vote", model, "4", "0"),
                      ("learn_critic", model, "0"), ("learn_critic", model, "8", "-1")):
            self.assertEqual(example(*words).returncode, 2, words)

    def test_a_model_that_says_too_little_is_refused(self):
        # The header's first eight bytes count it; the metadata are JSON text in it.
        with open(os.path.join(trained_run(), "policy.safetensors"), "rb") as file:
            size = int.from_bytes(file.read(8), "little")
            header, data = json.loads(file.read(size)), file.read()
        for environment, word in ((None, "environment"), ("size = {", "policy"), ('name = "chess"', "chess")):
            changed = {**header, "__metadata__": {**header["__metadata__"], "environment": environment}}
            if environment is None:
                del changed["__metadata__"]["environment"]
            text = json.dumps(changed).encode()
            text += b" " * (-len(text) % 8)
            with open(self.path("policy"), "wb") as file:
                file.write(len(text).to_bytes(8, "little") + text + data)
            refused = example("vote", self.path("policy"), "4", "5")
            self.assertIn(refused.returncode, (2, 3), refused.stderr)
            self.assertEqual(len(refused.stderr.splitlines()), 1, refused.stderr)
            self.assertIn(word, refused.stderr)

    def test_a_plain_loop_ends_with_the_policy_of_actors_in_lockstep(self):
        loop = os.path.join(BUILD, "benchmarks", "plain_loop")
        if not os.path.exists(loop):
            self.skipTest("built without benchmarks")
        words = ("stages.reinforce.staleness=0", "stages.reinforce.allow_lucky=false")  # as the quickstart learns
        self.assert_ok(subprocess.run([loop, SMOKE, self.path("loop"), *words], capture_output=True, text=True, timeout=120))
        self.assert_ok(self.train("actors", *words))
        self.assertEqual(weights(self.path("loop")), weights(self.path("actors")))
        self.assertEqual(self.attempts("loop"), self.attempts("actors"))

    def attempts(self, run):
        """All attempts that the policy learned from, their origin aside."""
        store = os.path.join(self.path(run), "store")
        groups = [str(group["group"]) for group in training_groups(self.path(run))]
        self.assertGreater(len(groups), 0)
        shown = [qstar("replay", "show", store, group, "--json").stdout for group in (groups[0], groups[-1])]
        return len(groups), [re.sub(r'"(run|node|code_version)":"[^"]*",?', "", text) for text in shown]


if __name__ == "__main__":
    main()

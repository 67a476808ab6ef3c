"""Bad input: one line that names the place and the remedy, the documented exit code, nothing lost."""
import json
import os
import shutil
import socket
import subprocess

from support import BUILD, QSTAR, RunTest, main, qstar, trained_run, SMOKE


class BadInputTest(RunTest):
    def refused(self, process, code, *words):
        self.assertEqual(process.returncode, code, process.stderr)
        line = process.stderr.strip()
        self.assertEqual(len(line.splitlines()), 1, line)
        for word in words:
            self.assertIn(word, line)

    def test_configuration(self):
        self.refused(self.train("run", "stages.reinforce.round=3"), 2, "stages.reinforce.round ", "stages.reinforce.rounds")
        self.refused(self.train("run", "stages.reinforce.rounds=many"), 2, "stages.reinforce.rounds")
        self.refused(self.train("run", "stages.reinforce.rounds=-1"), 2, "stages.reinforce.rounds")
        self.refused(qstar("train", "no-such.toml"), 3, "no-such.toml")
        self.refused(self.train("run", "stages.base.length=500"), 2, "model.context")
        self.refused(self.train("run", "model.scopes=px"), 2, "model.scopes", "px")
        self.refused(self.train("run", "environment.name=lights_out"), 2, "environment.name", "lights_out")
        self.refused(self.train("run", "stages.reinforce.rounds=0"), 2, "stages.reinforce.rounds", "stages.reinforce.tokens")
        self.refused(self.train("run", "rl.versions=3"), 2, "rl")  # of an earlier version
        self.refused(self.train("run", "stages=[]"), 2, "stages")
        self.assertFalse(os.path.exists(os.path.join(self.path("run"), "config.toml")))

    def test_runs_do_not_overwrite_each_other(self):
        process = self.start("train", SMOKE, "--run", self.path("run"))
        while not os.path.exists(os.path.join(self.path("run"), "config.toml")):
            self.assertIsNone(process.poll())
        self.refused(self.train("run"), 4)
        self.refused(self.train("run", "--resume"), 4)
        process.kill()
        process.communicate()
        self.refused(self.train("run"), 2, "--resume")
        self.refused(self.train("run", "--resume", "seed=9"), 2, "config.toml")
        self.refused(self.train("empty", "--resume"), 3, "no run to resume")

    def test_a_damaged_store_is_named_and_left_alone(self):
        current = os.path.join(self.copy_of_trained_run(), "store", "CURRENT")
        with open(current, "w") as file:
            file.write("garbage\n")
        self.refused(self.train("run", "--resume"), 3, self.path("run/store"))
        with open(current) as file:
            self.assertEqual(file.read(), "garbage\n")

    def test_a_store_of_a_later_schema_is_left_alone(self):
        # The schema is one key in the store: written here by the store's own tool, one version ahead.
        run = self.copy_of_trained_run()
        store = os.path.join(run, "store")
        later = subprocess.run([os.path.join(BUILD, "tests", "integration", "set_schema"), store, "99"])
        self.assertEqual(later.returncode, 0)
        for words in (["replay", "stats", store], ["train", SMOKE, "--run", run, "--resume"]):
            self.refused(qstar(*words), 3, "schema 99", "later qstar")

    def test_models(self):
        run = trained_run()
        model = os.path.join(run, "policy.safetensors")
        with open(model, "rb") as file:
            whole = file.read()
        for name, content, word in (("cut", whole[:len(whole) // 2], "cut"), ("empty", b"", "empty"),
                                    ("text", b"no model at all", "text"),
                                    ("foreign", foreign_safetensors(), "foreign")):
            with open(self.path(name), "wb") as file:
                file.write(content)
            self.refused(qstar("eval", self.path(name), "--held-out", "5"), 3, word)
            self.refused(qstar("solve", self.path(name), "1+2"), 3, word)
        self.refused(qstar("eval", self.path("missing"), "--held-out", "5"), 3, "missing")

        for line, word in (('{"problem": 7}', "problem"), ("{", "JSON"), ('{"problem": "1+"}', "1+"),
                           ('{"problem": "' + "1+" * 500 + '1"}', "context"), ('{"problem": "2^3"}', "2^3")):
            with open(self.path("problems"), "w") as file:
                file.write('{"problem": "3+4*2-5"}\n' + line + "\n")
            answer = qstar("eval", model, "--problems", self.path("problems"))
            self.assertIn(answer.returncode, (2, 3))
            self.refused(answer, answer.returncode, "problems:2", word)
        with open(self.path("problems"), "w"):
            pass
        self.refused(qstar("eval", model, "--problems", self.path("problems")), 3, "no problems")
        self.refused(qstar("eval", model, "--problems", self.folder), 3, "no problems")
        self.refused(qstar("eval", model, "--held-out", "5", "--samples", "3"), 2, "--search sample")
        self.refused(qstar("eval", model, "--held-out", "5", "--search", "best_of_n", "--beam", "3"), 2,
                     "--beam is for --search beam")
        self.refused(qstar("solve", model, "1+2", "--search", "beam", "--samples", "3"), 2, "needs --guide")
        self.refused(qstar("eval", model, "--held-out", "5", "--guide", model), 2, "--guide is not for --search greedy")
        beam = ("eval", model, "--held-out", "5", "--search", "beam", "--samples", "3", "--guide")
        self.refused(qstar(*beam, model), 3, "scores no steps")
        self.refused(qstar(*beam, self.path("missing")), 3, "missing")
        self.refused(qstar(*beam, model, "--retries", "2"), 2, "--stop-below")
        critic = os.path.join(run, "critic.safetensors")
        self.refused(qstar("solve", model, "1+2", "--search", "beam", "--guide", critic), 2, "samples of at least 2")
        self.assert_ok(self.train("other", "stages.base.steps=5", "stages.reinforce.rounds=1", "model.context=128"))
        other = os.path.join(self.path("other"), "critic.safetensors")
        self.refused(qstar(*beam, other), 2, other, model)
        self.refused(qstar("eval", model, "--held-out", "5", "--search", "qstar", "--samples", "2", "--guide", critic), 2,
                     "--budget")
        self.refused(qstar("solve", model, "2^3"), 2, "2^3")
        self.refused(qstar("eval", model, "--held-out", "5", "--search", "magic"), 2, "magic", "greedy", "--help")
        self.refused(qstar("eval", model), 2, "--held-out")
        self.refused(qstar("eval", model, "--held-out", "5", "--environment", "operator_count=5"), 2, "operator_counts")
        self.refused(qstar("evl", model), 2, "evl", "'eval'")
        self.refused(qstar("replay", "stats", self.path("nowhere")), 3, "nowhere")
        self.refused(qstar("replay", "show", os.path.join(run, "store"), "99999999"), 3, "99999999")

    def test_unreadable_models_and_stores(self):
        run = self.copy_of_trained_run()
        self.assert_ok(self.train("run", "--resume"))  # puts the store's log into table files
        store = os.path.join(run, "store")
        # Folders where files should be, and files where folders should be. (Permissions do not bind root.)
        os.makedirs(os.path.join(self.path("odd"), "policy.safetensors"))
        os.mkdir(self.path("empty"))
        for folder, word in ((self.path("empty"), "no such model"), (self.path("odd"), "not a regular file"),
                             (store, "no such model")):
            self.refused(qstar("eval", folder, "--held-out", "5"), 3, folder, word)
            self.refused(qstar("solve", folder, "1+2"), 3, folder, word)
        for place in (self.path("empty"), os.path.join(run, "config.toml")):
            for words in (["stats", place], ["ls", place], ["show", place, "3"]):
                self.refused(qstar("replay", *words), 3, place, "holds no store")
        # Every kind of file in a store, cut: none of them is shown as an emptier store.
        tables = [name for name in os.listdir(store) if name.endswith(".sst")]
        manifest = next(name for name in os.listdir(store) if name.startswith("MANIFEST"))
        self.assertTrue(tables)
        for name in tables + [manifest, "CURRENT"]:
            shutil.copytree(store, self.path("cut"))
            os.truncate(os.path.join(self.path("cut"), name), 5)
            for words in (["stats"], ["ls"]):
                self.refused(qstar("replay", *words, self.path("cut")), 3, self.path("cut"), "damaged")
            shutil.rmtree(self.path("cut"))

    def test_ports_and_addresses(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            port = taken.getsockname()[1]
            self.refused(self.train("run", "--http", str(port)), 4, str(port), "--http")
            self.assertFalse(os.path.exists(self.path("run")))
            self.refused(self.train("run", "--certs", self.path("nowhere")), 2, "--listen")
            self.assert_ok(qstar("certs", self.path("certs")))
            self.refused(self.train("run2", "--listen", f"127.0.0.1:{port}", "--certs", self.path("certs")), 4,
                         str(port))
        self.refused(self.train("run3", "--listen", "nonsense"), 2, "nonsense")
        self.refused(qstar("worker", "--connect", "127.0.0.1:1", "--certs", self.path("none")), 3, "none")

    def test_a_full_disk_ends_the_run_and_loses_nothing(self):
        # A file system of its own, too small for the run; a mount namespace keeps it private.
        room = self.path("room")
        os.mkdir(room)
        run = os.path.join(room, "run")
        script = (f"mount -t tmpfs -o size=1500k tmpfs {room} || exit 77; "
                  f"{QSTAR} train {SMOKE} --run {run} stages.reinforce.rounds=20 >{self.path('first')} 2>&1; code=$?; "
                  f"mount -o remount,size=200m {room}; "
                  f"{QSTAR} train {SMOKE} --run {run} stages.reinforce.rounds=20 --resume >{self.path('second')} 2>&1; "
                  f"echo $code $?")
        answer = subprocess.run(["unshare", "--mount", "sh", "-c", script], capture_output=True, text=True, timeout=250)
        if answer.returncode == 77 or "unshare" in answer.stderr:
            self.skipTest("no private mounts here: " + answer.stderr.strip())
        with open(self.path("first")) as first, open(self.path("second")) as second:
            said, said_then = first.read(), second.read()
        self.assertEqual(answer.stdout.split(), ["4", "0"], said + said_then)
        self.assertIn("no space left", said)
        self.assertIn("finished", said_then)


def foreign_safetensors():
    """A well-formed file of somebody else's model."""
    header = json.dumps({"weight": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}}).encode()
    return len(header).to_bytes(8, "little") + header + bytes(8)


if __name__ == "__main__":
    main()

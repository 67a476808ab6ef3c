"""qstar replay: what it shows, that a signal ends it, and that it leaves nothing behind."""
import fcntl
import hashlib
import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
import unicodedata

from support import BUILD, QSTAR, RunTest, main, trained_run, wait_for

F_SETPIPE_SZ = 1031  # fcntl.F_SETPIPE_SZ from Python 3.10
NOBODY = 65534


class ReplayTest(RunTest):
    @classmethod
    def setUpClass(cls):
        cls.base = tempfile.mkdtemp(prefix="qstar-test-")
        cls.addClassCleanup(shutil.rmtree, cls.base, ignore_errors=True)
        cls.run_folder = trained_run()
        cls.foreign = os.path.join(cls.base, "foreign")
        made = subprocess.run([os.path.join(BUILD, "tests", "integration", "foreign_store"), cls.foreign])
        assert made.returncode == 0

    def replay(self, *words, env=None, **options):
        return subprocess.run([QSTAR, "replay", *words], capture_output=True, text=True, timeout=60,
                              env=os.environ | (env or {}), **options)

    def test_a_run_is_named_like_everywhere(self):
        store = os.path.join(self.run_folder, "store")
        for words in (["stats"], ["ls"], ["stats", "--json"], ["ls", "--json", "--limit", "0"]):
            of_run = self.replay(words[0], self.run_folder, *words[1:])
            self.assert_ok(of_run)
            self.assertTrue(of_run.stdout)
            self.assertEqual(of_run.stdout, self.replay(words[0], store, *words[1:]).stdout)
        group = json.loads(self.replay("ls", self.run_folder, "--json", "--limit", "1").stdout)["group"]
        self.assert_ok(self.replay("show", self.run_folder, str(group)))

    def test_what_is_printed_for_people(self):
        counts = json.loads(self.replay("stats", self.run_folder, "--json").stdout)
        said = self.replay("stats", self.run_folder).stdout
        for label, key in (("groups of attempts", "groups"), ("attempts", "trajectories"), ("steps", "steps"),
                           ("right answers", "wins"), ("right answers with a wrong step", "lucky"),
                           ("bytes on disk", "bytes_on_disk")):
            self.assertRegex(said, rf"(?m)^{label} +{counts[key]}$")
        lines = self.replay("ls", self.run_folder, "--limit", "3").stdout.splitlines()
        self.assertEqual(lines[0].split(), ["group", "problem", "attempts", "pass", "rate", "node"])
        self.assertEqual(len(lines), 4)
        first = json.loads(self.replay("ls", self.run_folder, "--limit", "1", "--json").stdout)
        self.assertEqual(lines[1].split()[:3], [str(first["group"]), first["problem"], str(first["attempts"])])
        later = self.replay("ls", self.run_folder, "--from", str(first["group"] + 1), "--limit", "1").stdout
        self.assertEqual(later.splitlines()[1], lines[2])

    def test_numbers_have_ranges(self):
        for words in (["ls", self.foreign, "--from", "-1"], ["ls", self.foreign, "--limit", "-1"],
                      ["ls", self.foreign, "--from", str(2**64)], ["ls", self.foreign, "--limit", str(2**63)],
                      ["ls", self.foreign, "--limit", "nan"], ["ls", self.foreign, "--limit", "1e3"],
                      ["show", self.foreign, str(2**64)], ["show", self.foreign, "x"]):
            self.refused(self.replay(*words), 2, "must be a whole number from 0 to", words[-1])
        self.refused(self.replay("show", self.foreign, "-1"), 2, "-1")
        self.assert_ok(self.replay("ls", self.foreign, "--from", str(2**64 - 1), "--limit", str(2**63 - 1)))

    def test_a_group_that_is_gone(self):
        self.refused(self.replay("show", self.foreign, "11"), 3, "group 11 is no longer in", "evicts the oldest",
                     "store.capacity", "13 to 29")
        self.refused(self.replay("show", self.foreign, "30"), 3, "group 30", "not yet", "13 to 29")
        self.assert_ok(self.replay("show", self.foreign, "13"))

    def test_foreign_text_cannot_steer_a_terminal(self):
        listed = self.replay("ls", self.foreign, "--limit", "2")
        shown = self.replay("show", self.foreign, "14")
        attempts = [json.loads(line) for line in self.replay("show", self.foreign, "14", "--json").stdout.splitlines()]
        for answer, lines in ((listed, 3), (shown, len(attempts) + sum(len(a["steps"]) for a in attempts))):
            self.assert_ok(answer)
            self.assertEqual(len(answer.stdout.splitlines()), lines, answer.stdout)
            for c in answer.stdout.replace("\n", ""):
                self.assertFalse(unicodedata.category(c).startswith("C"), repr(answer.stdout))
            self.assertIn("\\x1b[2J", answer.stdout)
        for words in (["ls", self.foreign], ["show", self.foreign, "14"]):
            answer = self.replay(*words, "--json")
            self.assertTrue(answer.stdout.isascii())
            for line in answer.stdout.splitlines():
                self.assertTrue(json.loads(line)["problem"].startswith("1+1\x1b[2J"))

    def test_models_are_listed(self):
        policy, hostile = (hashlib.sha256(name).hexdigest() for name in (b"policy", b"hostile"))
        rows = [json.loads(line) for line in self.replay("models", self.foreign, "--json").stdout.splitlines()]
        self.assertEqual(rows[0], {"number": 1, "sha256": policy, "role": "policy", "label": "rl.grpo", "version": 7})
        self.assertEqual([row["number"] for row in rows], [1, 2])
        self.assertEqual(rows[1]["sha256"], hostile)
        answer = self.replay("models", self.foreign)
        self.assert_ok(answer)
        lines = answer.stdout.splitlines()
        self.assertEqual(lines[0].split(), ["number", "SHA-256", "role", "version", "made", "by"])
        self.assertEqual(lines[1].split(), ["1", policy[:12], "policy", "7", "rl.grpo"])
        self.assertEqual(lines[2].split()[:2], ["2", hostile[:12]])
        self.assertEqual(len(lines), 3)
        self.assertIn("\\x1b[2J", lines[2])
        for c in "".join(lines):
            self.assertFalse(unicodedata.category(c).startswith("C"), repr(lines))

    def test_attempts_name_their_models(self):
        hashes = {number: hashlib.sha256(name).hexdigest() for number, name in ((1, b"policy"), (2, b"hostile"))}
        attempts = [json.loads(line) for line in self.replay("show", self.foreign, "14", "--json").stdout.splitlines()]
        self.assertEqual([a["reward_model"] for a in attempts], [2, 3])
        for attempt in attempts:
            self.assertEqual((attempt["critic_model"], attempt["critic_sha256"]), (15, None))
            self.assertEqual(attempt["reward_sha256"], hashes.get(attempt["reward_model"]))
            self.assertEqual([s["model"] for s in attempt["steps"]], list(range(1, len(attempt["steps"]) + 1)))
            for step in attempt["steps"]:
                self.assertEqual(step["model_sha256"], hashes.get(step["model"]))
        numbers = {s["model"] for a in attempts for s in a["steps"]} | {2, 3, 15}
        listed = json.loads(self.replay("ls", self.foreign, "--json", "--from", "14", "--limit", "1").stdout)
        self.assertEqual(listed["models"], [{"number": n, "sha256": hashes.get(n)} for n in sorted(numbers)])

        said = self.replay("show", self.foreign, "14").stdout.splitlines()
        expected = [hashes.get(s["model"], "unknown")[:12] for a in attempts for s in a["steps"]]
        self.assertEqual([line.split("  model ")[1] for line in said if line.startswith("  = ")], expected)
        for attempt, line in zip(attempts, (line for line in said if line.startswith("14/"))):
            self.assertEqual(any("q" in s for s in attempt["steps"]), line.find("  critic unknown") > 0)
            name = hashes.get(attempt["reward_model"], "unknown")[:12]
            scored = any("reward_score" in s for s in attempt["steps"])
            self.assertEqual(scored, line.endswith(f"  reward model {name}"), line)

    def test_a_store_of_an_earlier_version_is_read(self):
        store = self.path("store")
        data = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "data")
        shutil.copytree(os.path.join(data, "store_schema1"), store)
        before = sorted(os.listdir(store))
        self.assertEqual(json.loads(self.replay("stats", store, "--json").stdout)["schema"], 1)
        answer = self.replay("models", store, "--json")
        self.assert_ok(answer)
        self.assertEqual(answer.stdout, "")
        self.assertEqual(len(self.replay("models", store).stdout.splitlines()), 1)
        with open(os.path.join(data, "store_schema1.jsonl")) as file:
            golden = [json.loads(line) for line in file]
        shown = [json.loads(line) for line in self.replay("show", store, "7", "--json").stdout.splitlines()]
        for attempt, old in zip(shown, [a for a in golden if a["group"] == 7], strict=True):
            steps = [new | step for new, step in zip(attempt["steps"], old["steps"], strict=True)]
            self.assertEqual(attempt | old | {"steps": steps}, attempt)
            self.assertEqual((attempt["critic_model"], attempt["critic_sha256"]), (0, None))
        for line in self.replay("show", store, "7").stdout.splitlines():
            self.assertTrue(line.endswith("unknown"), line)
        self.assertEqual(sorted(os.listdir(store)), before)

    def test_no_temporary_folder_is_needed(self):
        with open(self.path("file"), "w"):
            pass
        for folder in (self.path("nowhere"), self.path("file"), ""):
            self.assert_ok(self.replay("stats", self.run_folder, env={"TMPDIR": folder}))

    def test_nothing_is_left_behind(self):
        os.mkdir(self.path("tmp"))
        before = sorted(os.listdir(os.path.join(self.run_folder, "store")))
        env = os.environ | {"TMPDIR": self.path("tmp")}
        self.assert_ok(self.replay("ls", self.run_folder, env=env))
        piped = subprocess.run(["sh", "-c", f"{QSTAR} replay ls {self.run_folder} --limit 0 --json | head -1"],
                               capture_output=True, text=True, env=env, timeout=60)
        self.assertEqual(len(piped.stdout.splitlines()), 1)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGABRT, signal.SIGKILL):
            process = self.blocked(env)
            process.send_signal(number)
            self.assertNotEqual(process.wait(timeout=10), 0)
        self.assertEqual(os.listdir(self.path("tmp")), [])
        self.assertEqual(sorted(os.listdir(os.path.join(self.run_folder, "store"))), before)

    def blocked(self, env=None, **options):
        """A listing that waits for somebody to read its output."""
        reader, writer = os.pipe()
        self.addCleanup(os.close, reader)
        fcntl.fcntl(writer, F_SETPIPE_SZ, 4096)
        process = subprocess.Popen([QSTAR, "replay", "ls", self.run_folder, "--limit", "0", "--json"], stdout=writer,
                                   stderr=subprocess.PIPE, text=True, env=env, **options)
        os.close(writer)
        self.addCleanup(process.stderr.close)
        self.addCleanup(self.end, process)

        def waits():
            with open(f"/proc/{process.pid}/wchan") as place:
                return "poll" in place.read() or process.poll() is not None

        self.assertTrue(wait_for(waits, 20))
        self.assertIsNone(process.poll(), "it should wait for its reader")
        return process

    def test_it_stops_when_told_to(self):
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            process = self.blocked()
            began = time.monotonic()
            process.send_signal(number)
            _, said = process.communicate(timeout=10)
            self.assertLess(time.monotonic() - began, 1)
            self.assertEqual(process.returncode, 130, said)
            self.assertEqual(said, "qstar: error: interrupted\n")
        survivor = self.blocked(preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN))  # nohup
        survivor.send_signal(signal.SIGHUP)
        time.sleep(0.3)
        self.assertIsNone(survivor.poll())

    def test_a_missing_file_is_damage_only_when_nobody_writes(self):
        store = self.path("store")
        shutil.copytree(self.foreign, store)
        os.remove(os.path.join(store, next(name for name in os.listdir(store) if name.startswith("MANIFEST"))))
        with open(os.path.join(store, "LOCK"), "w") as lock:
            fcntl.lockf(lock, fcntl.LOCK_EX)  # as RocksDB does
            self.refused(self.replay("stats", store), 4, store, "being written to", "try again")
        self.refused(self.replay("stats", store), 3, store, "damaged", "MANIFEST")

    def test_unreadable_places(self):
        os.symlink("loop", self.path("loop"))
        os.mkdir(self.path("run"))
        os.symlink("store", self.path("run/store"))
        for words in (["stats", self.path("loop")], ["ls", self.path("run")], ["show", self.path("run"), "1"]):
            self.refused(self.replay(*words), 4, words[1], "symbolic links")
        os.mkfifo(self.path("fifo"))
        self.refused(self.replay("stats", self.path("fifo")), 3, "fifo")
        if os.geteuid() == 0:
            os.chmod(self.folder, 0o755)
            os.makedirs(self.path("closed/store"))
            os.chmod(self.path("closed"), 0)
            try:
                answer = self.replay("stats", self.path("closed"), user=NOBODY)
            except PermissionError:
                self.skipTest("the build folder is closed to others")
            self.refused(answer, 4, "closed", "Permission denied")


if __name__ == "__main__":
    main()

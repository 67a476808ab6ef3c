"""`qstar label`: a person at a terminal judges a run's work, stops, and goes on."""
import json
import os
import re
import subprocess

from support import QSTAR, RunTest, Terminal, main, qstar


def attempts(run):
    """The store's groups, each a list of attempts with steps; what was written alike counts once."""
    store = os.path.join(run, "store")
    for line in qstar("replay", "ls", store, "--limit", "0", "--json").stdout.splitlines():
        shown = qstar("replay", "show", store, str(json.loads(line)["group"]), "--json").stdout
        seen = {}
        for attempt in map(json.loads, shown.splitlines()):
            steps = tuple(step["text"] for step in attempt["steps"])
            if steps:
                seen.setdefault(steps, attempt)
        yield list(seen.values())


def lines(path):
    with open(path) as file:
        return [json.loads(line) for line in file]


class LabelTest(RunTest):
    def setUp(self):
        super().setUp()
        self.run_folder = self.copy_of_trained_run()  # labels are written into it

    def label(self, *words):
        terminal = Terminal("label", self.run_folder, *words)
        self.addCleanup(terminal.kill)
        return terminal

    def answer(self, terminal, key):
        """Waits for the question, answers it, and forgets what was shown."""
        self.assertTrue(terminal.shows(" > $", 20), terminal.seen)
        terminal.seen = ""
        terminal.press(key + b"\n")

    def test_steps_are_judged_and_taken_up_again(self):
        work = next(group for group in attempts(self.run_folder) if len(group) >= 2 and len(group[0]["steps"]) >= 2
                    and group[0]["steps"][0]["text"] != group[1]["steps"][0]["text"])
        words = ("--steps", "--from", str(work[0]["group"]))
        terminal = self.label(*words)
        first, second = work[0]["steps"], work[1]["steps"]
        self.assertTrue(terminal.shows(f"1 of {len(first)}  = ", 20), terminal.seen)
        self.assertIn(first[0]["text"], terminal.seen)
        self.answer(terminal, b"what?")
        self.assertTrue(terminal.shows(r"neutral[^>]* > $", 20), terminal.seen)
        self.answer(terminal, b"+")
        self.answer(terminal, b"b")  # back to the first
        self.answer(terminal, b"0")
        self.answer(terminal, b"-")  # the second is wrong: no more is asked
        self.assertTrue(terminal.shows(f"1 of {len(second)}  = ", 20), terminal.seen)
        self.answer(terminal, b"q")
        self.assertEqual(terminal.end(20), 0, terminal.seen)
        self.assertIn("1 labelled now, 0 before", terminal.seen)
        file = os.path.join(self.run_folder, "step_labels.jsonl")
        (record,) = lines(file)
        self.assertEqual(record["question"]["problem"], work[0]["problem"])
        self.assertEqual(record["qstar"], {"group": work[0]["group"], "sample": work[0]["sample"]})
        ratings = [step["completions"][0]["rating"] for step in record["label"]["steps"]]
        self.assertEqual(ratings, [0, -1] + [None] * (len(first) - 2))
        # A line cut off, as by a power failure, and one of somebody else's work.
        with open(file, "a") as out:
            out.write(json.dumps({**record, "qstar": {"group": 10**12, "sample": 0}}) + "\n" + '{"question')
        terminal = self.label(*words)
        self.answer(terminal, b"s")
        terminal.press(b"\x04")  # the end of the input
        self.assertEqual(terminal.end(20), 0, terminal.seen)
        self.assertIn("0 labelled now, 1 before", terminal.seen)
        terminal = self.label(*words)
        self.assertTrue(terminal.shows(f"1 of {len(second)}  = ", 20), terminal.seen)
        self.assertRegex(terminal.seen, r"left out: .*:2: group 1000000000000, sample 0 is not in the run")
        self.assertRegex(terminal.seen, r"left out: .*:3: is not a JSON object")
        for _ in second:
            self.answer(terminal, b"+")
        self.answer(terminal, b"q")
        self.assertEqual(terminal.end(20), 0, terminal.seen)
        with open(file) as written:
            kept = written.read().splitlines()
        self.assertEqual(len(kept), 4)
        last = json.loads(kept[3])
        self.assertEqual([step["completions"][0]["text"] for step in last["label"]["steps"]],
                         [step["text"] for step in second])

    def two_ratings(self, leave, code):
        """Rates one step of an attempt of several, leaves in the middle; gives the ratings that were kept."""
        work = next(group for group in attempts(self.run_folder) if len(group[0]["steps"]) >= 3)
        words = ("--steps", "--from", str(work[0]["group"]))
        terminal = self.label(*words)
        self.answer(terminal, b"+")
        self.answer(terminal, b"0")
        self.assertTrue(terminal.shows(f"3 of {len(work[0]['steps'])}  = .* > $", 20), terminal.seen)
        terminal.press(leave)
        self.assertEqual(terminal.end(20), code, terminal.seen)
        self.assertIn("1 labelled now, 0 before", terminal.seen)
        (record,) = lines(os.path.join(self.run_folder, "step_labels.jsonl"))
        # The next session continues with the third step.
        terminal = self.label(*words)
        self.assertTrue(terminal.shows(r"\(\+ before\)[^>]*\(0 before\)[^>]*3 of [^>]* > $", 20), terminal.seen)
        self.answer(terminal, b"-")
        self.answer(terminal, b"q")
        self.assertEqual(terminal.end(20), 0, terminal.seen)
        self.assertNotIn("left out", terminal.seen)
        os.remove(os.path.join(self.run_folder, "step_labels.jsonl"))
        return [step["completions"][0]["rating"] for step in record["label"]["steps"]][:3]

    def test_what_was_rated_is_kept_however_a_session_ends(self):
        for leave, code in ((b"q\n", 0), (b"\x04", 0), (b"\x03", 130), (b"s\nq\n", 0)):
            self.assertEqual(self.two_ratings(leave, code), [1, 0, None], leave)

    def test_the_rest_of_an_overlong_answer_is_no_answer(self):
        out = self.path("labels.jsonl")
        said = subprocess.run([QSTAR, "label", self.run_folder, "--steps", "--out", out],
                              input="x" * 5000 + "+\nq\n", capture_output=True, text=True)
        self.assert_ok(said)
        self.assertFalse(os.path.exists(out) and os.path.getsize(out), said.stdout[-500:])

    def test_labels_of_others_are_shown_safely_and_only_regular_files_are_written(self):
        out = self.path("theirs\x1b[2J.jsonl")
        with open(out, "w") as file:
            file.write('{"question": {"problem": "\\u001b[2J"}, "label": {"steps": 3}}\n{"\\u001b[31m": 1, "\\u001b[31m": 2}\n')
        answer = subprocess.run([QSTAR, "label", self.run_folder, "--steps", "--out", out], input="q\n", text=True,
                                capture_output=True, timeout=60)
        self.assertEqual(answer.returncode, 0, answer.stderr)
        self.assertIn("twice", answer.stderr)
        self.assertNotIn("\x1b", answer.stdout + answer.stderr)
        os.mkfifo(self.path("fifo"))
        for path in (self.path("fifo"), "/dev/null", self.folder):
            answer = subprocess.run([QSTAR, "label", self.run_folder, "--steps", "--out", path], input="q\n", text=True,
                                    capture_output=True, timeout=60)
            self.assertEqual(answer.returncode, 2, answer.stderr)
            self.assertIn("regular file", answer.stderr)
        for number in ("-1", "nan", "1.5", "18446744073709551616"):
            answer = qstar("label", self.run_folder, "--steps", "--from", number)
            self.assertEqual(answer.returncode, 2, answer.stderr)
            self.assertIn("--from", answer.stderr)

    def test_a_step_is_judged_once(self):
        def firsts(group):
            return list(dict.fromkeys(attempt["steps"][0]["text"] for attempt in group))
        work = next(group for group in attempts(self.run_folder) if 1 < len(firsts(group)) < len(group))
        words = ("--steps", "--from", str(work[0]["group"]))
        terminal = self.label(*words)
        for text in firsts(work):  # wrong: nobody who begins so is asked about again
            self.assertTrue(terminal.shows(re.escape(f"  = {text} > ") + "$", 20), terminal.seen)
            self.answer(terminal, b"-")
        self.answer(terminal, b"q")
        self.assertEqual(terminal.end(20), 0, terminal.seen)
        self.assertEqual(len(lines(os.path.join(self.run_folder, "step_labels.jsonl"))), len(firsts(work)))
        terminal = self.label(*words)
        self.answer(terminal, b"q")
        self.assertEqual(terminal.end(20), 0, terminal.seen)
        self.assertIn(f"0 labelled now, {len(firsts(work))} before", terminal.seen)
        self.assertNotIn("left out", terminal.seen)

    def test_what_is_known_is_shown_and_not_asked(self):
        def first_repeated(group):
            """The number of the first attempt that begins like an earlier one and goes on in another way."""
            for i, attempt in enumerate(group):
                alike = [other for other in group[:i] if other["steps"][0]["text"] == attempt["steps"][0]["text"]]
                if alike:
                    differs = all(other["steps"][1:2] != attempt["steps"][1:2] for other in alike)
                    return i if len(attempt["steps"]) > 1 and differs else None

        group, before = next((group, i) for group in attempts(self.run_folder) if (i := first_repeated(group)))
        terminal = self.label("--steps", "--from", str(group[0]["group"]))
        for attempt in group[:before]:
            for _ in attempt["steps"]:
                self.answer(terminal, b"+")
        self.assertTrue(terminal.shows(r"\(\+ before\)\s+2 of ", 20), terminal.seen)
        self.answer(terminal, b"-")
        self.answer(terminal, b"q")
        self.assertEqual(terminal.end(20), 0, terminal.seen)
        record = lines(os.path.join(self.run_folder, "step_labels.jsonl"))[before]
        self.assertEqual([step["completions"][0]["rating"] for step in record["label"]["steps"]][:2], [1, -1])

    def test_answers_are_ranked_once(self):
        groups = [group for group in attempts(self.run_folder) if len(group) >= 2]
        out = self.path("mine.jsonl")
        terminal = self.label("--rankings", "--out", out)
        n = len(groups[0])
        self.answer(terminal, b"1")
        self.assertTrue(terminal.shows(f"every number from 1 to {n} once", 20), terminal.seen)
        self.answer(terminal, b"=".join(str(i).encode() for i in range(n, 0, -1)))
        self.answer(terminal, b"q")
        self.assertEqual(terminal.end(20), 0, terminal.seen)
        (record,) = lines(out)
        self.assertEqual([each["rank"] for each in record["ranking"]], [1] * n)
        self.assertEqual([each["sample"] for each in record["ranking"]], [a["sample"] for a in groups[0]])
        terminal = self.label("--rankings", "--out", out)
        self.assertTrue(terminal.shows(f"\n{groups[1][0]['group']}  ", 20), terminal.seen)
        self.answer(terminal, b"q")
        self.assertEqual(terminal.end(20), 0, terminal.seen)
        self.assertIn("0 labelled now, 1 before", terminal.seen)

    def test_what_cannot_be_is_one_line(self):
        for words, code, message in (
                ((self.run_folder,), 2, "--steps"), ((self.run_folder, "--steps", "--rankings"), 2, "exclude each other"),
                ((self.path("nothing"), "--steps"), 3, "nothing"),
                ((self.run_folder, "--steps", "--out", self.path("no/such.jsonl")), 4, "such.jsonl")):
            answer = subprocess.run([QSTAR, "label", *words], input="", capture_output=True, text=True, timeout=60)
            self.assertEqual(answer.returncode, code, answer.stderr)
            self.assertEqual(answer.stderr.count("\n"), 1, answer.stderr)
            self.assertIn(message, answer.stderr)


if __name__ == "__main__":
    main()

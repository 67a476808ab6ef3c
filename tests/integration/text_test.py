"""Problems as people give them to `eval` and `solve`, settings of the environment, and what a signal leaves."""
import json
import os
import signal
import struct
import subprocess
import time

from support import QSTAR, RunTest, main, qstar, trained_run, wait_for

SHORT = ("stages.base.steps=60", "stages.reinforce.rounds=1", "evaluation.problems=20", "evaluation.curve_problems=10")


def with_metadata(path, out, change):
    """Copies a safetensors file with changed metadata."""
    with open(path, "rb") as file:
        whole = file.read()
    (length,) = struct.unpack("<Q", whole[:8])
    header = json.loads(whole[8:8 + length])
    change(header["__metadata__"])
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(out, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + whole[8 + length:])


class TextTest(RunTest):
    @classmethod
    def setUpClass(cls):
        cls.run_folder = trained_run()

    def eval(self, *words, **how):
        return subprocess.run([QSTAR, "eval", self.run_folder, *words], capture_output=True, timeout=120, **how)

    def lines(self, *words, **how):
        """The JSON lines that eval prints."""
        answer = self.eval(*words, "--json", **how)
        self.assertEqual(answer.returncode, 0, answer.stderr)
        return [json.loads(line) for line in answer.stdout.splitlines()]

    def refused(self, answer, code, *words):
        """One line on standard error that a terminal can show, with these words in it."""
        self.assertEqual(answer.returncode, code, answer.stderr)
        text = answer.stderr if isinstance(answer.stderr, str) else answer.stderr.decode()
        self.assertEqual(len(text.splitlines()), 1, text)
        self.assertNotIn("\x1b", text)
        for word in words:
            self.assertIn(word, text)

    # Settings of the environment.

    def test_a_setting_of_the_environment_has_an_effect(self):
        plain = self.lines("--held-out", "3")
        longer = self.lines("--held-out", "3", "--environment", "operator_counts=5")
        self.assertNotEqual([line["problem"] for line in plain[:-1]], [line["problem"] for line in longer[:-1]])
        for line in longer[:-1]:
            self.assertEqual(sum(c in "+-*" for c in line["problem"]), 5)
        self.assertEqual(plain[-1]["summary"]["environment"],
                         {"name": "arithmetic", "family": "C", "operators": "+-*", "min_operand": 1, "max_operand": 9,
                          "operator_counts": [2, 3, 3, 4, 4], "max_products": 1, "min_value": 0, "max_value": 40,
                          "parentheses": 0.0, "long_work": False})
        self.assertEqual(longer[-1]["summary"]["environment"],
                         plain[-1]["summary"]["environment"] | {"family": "custom", "operator_counts": [5]})
        for words in (("family=B", "operator_counts=6"), ("operator_counts=6", "family=B")):
            settings = self.lines("--held-out", "1", "--environment", *words)[-1]["summary"]["environment"]
            self.assertEqual((settings["max_products"], settings["max_value"], settings["operator_counts"]), (2, 99, [6]))

    def test_a_setting_without_effect_is_refused(self):
        held_out = ("--held-out", "3", "--environment")
        self.refused(self.eval(*held_out, "operator_counts=999"), 2, "operator_counts must be from 1 to 64, not 999")
        self.refused(self.eval(*held_out, "size=3"), 2, "size=3 has no effect", "arithmetic", "operators")
        self.refused(self.eval(*held_out, "turns=2"), 2, "turns")
        self.refused(self.eval(*held_out, "name=lights_out"), 2, "lights_out", "qstar search")
        self.refused(self.eval(*held_out, "name=countdown"), 2, "countdown", "does not know")
        self.refused(self.eval("--problems", "-", "--environment", "operator_counts=5"), 2, "--environment", "--problems")
        for setting, words in (("operator_counts=999", ("environment.operator_counts", "from 1 to 64")),
                               ("size=5", ("environment.size", "no effect")),
                               ("chase=true", ("environment.chase", "no effect"))):
            self.refused(self.train("refused", "environment." + setting), 2, *words)
            self.assertFalse(os.path.exists(self.path("refused")))

    def test_training_records_what_was_used(self):
        self.assert_ok(self.train("five", *SHORT, "environment.family=B", "environment.operator_counts=2"))
        self.run_folder = self.path("five")
        settings = self.lines("--held-out", "2")[-1]["summary"]["environment"]
        self.assertEqual((settings["family"], settings["operator_counts"], settings["max_value"]), ("custom", [2], 99))
        with open(self.path("five/config.toml")) as file:
            printed = file.read()
        self.assertIn("operator_counts = [2]", printed)
        self.assertIn("max_value = 99", printed)

    def test_models_of_earlier_versions_are_read_as_they_were_used(self):
        def earlier(metadata):  # the preset's name beside the values of C, which were ignored, and a list as text
            for new, old in (('family = "C"', 'family = "B"'), ("[2, 3, 3, 4, 4]", '"2,3,3,4,4"')):
                self.assertIn(new, metadata["environment"])
                metadata["environment"] = metadata["environment"].replace(new, old)
        with_metadata(os.path.join(self.run_folder, "policy.safetensors"), self.path("old.safetensors"), earlier)
        self.run_folder = self.path("old.safetensors")
        settings = self.lines("--held-out", "2")[-1]["summary"]["environment"]
        self.assertEqual((settings["family"], settings["max_products"], settings["max_value"]), ("B", 2, 99))

    def test_a_configuration_of_an_earlier_version_is_refused(self):
        with open(os.path.join(self.run_folder, "config.toml")) as file:
            printed = file.read()
        with open(self.path("old.toml"), "w") as file:
            file.write(printed.replace('family = "C"', 'family = "B"'))
        answer = qstar("train", self.path("old.toml"), "--run", self.path("old"))
        self.refused(answer, 2, 'environment.family = "B"', "custom")

    # Models of the other kind.

    def test_a_run_of_the_other_kind_names_the_command_to_use(self):
        puzzle = self.path("puzzle")
        self.assert_ok(qstar("train", "configs/lightsout4.toml", "stages.cost_to_go.updates=60",
                             "stages.cost_to_go.check_period=20", "--run", puzzle))
        for path in (puzzle, os.path.join(puzzle, "model.safetensors")):
            for words in (("eval", path, "--held-out", "3"), ("solve", path, "3+4")):
                self.refused(qstar(*words), 2, f"{path} was trained on a puzzle, not on text",
                             f"use 'qstar search {path} --states FILE'")
            self.refused(self.eval("--held-out", "3", "--search", "beam", "--guide", path), 2, f"--guide {path} was trained")
        for name in ("", "policy.safetensors", "critic.safetensors"):
            path = os.path.join(self.run_folder, name) if name else self.run_folder
            self.refused(qstar("search", path, "--states", "-"), 2, f"{path} was trained on text, not on a puzzle",
                         f"'qstar eval {path} --held-out 2000'", f"'qstar solve {path} PROBLEM'")
        os.mkdir(self.path("empty"))
        self.refused(qstar("eval", self.path("empty"), "--held-out", "3"), 3, "no such model file")

    # Problems that people type.

    def test_spaces_and_signs_are_understood(self):
        shown = {qstar("solve", self.run_folder, text).stdout for text in ("9-4", "9 - 4", "9−4", " 9 − 4 ")}
        self.assertEqual(len(shown), 1)
        self.assertIn("9-4", shown.pop())
        for text in ("3*4", "3×4", "3 · 4", "3⋅4"):
            answer = qstar("solve", self.run_folder, text)
            self.assert_ok(answer)
            self.assertIn("  3*4\n", answer.stdout)

    def test_a_mistyped_problem_is_a_usage_error_with_the_reason(self):
        for text, words in (("9x4", ("'x' at character 2", "digits, + - * /")), ("1 2+3", ("' '", "character 2")),
                            ("9/0", ("9/0 divides by zero",)), ("7/2", ("7/2 is not a whole number",)),
                            ("8÷2", ("no operator /", "+ - *")), ("1+", ("a number is missing",)),
                            ("\x1b[31m1+1", ("\\x1b",)), ("1+1\n2", ("\\n",)), ("5", ("only a number",)),
                            ("1+" * 60 + "1", ("context",)), ("9" * 2000, ("1024",)), ("", ("argument 3 is empty",))):
            self.refused(qstar("solve", self.run_folder, text), 2, *words)

    def problems(self, content, name="problems"):
        with open(self.path(name), "wb") as file:
            file.write(content)
        return self.path(name)

    def test_files_of_problems_are_read_as_people_write_them(self):
        want = ["3+4*2-5", "9-4", "1+2"]
        for content in ('{"problem": "3+4*2-5"}\n{"problem": "9 − 4"}\n\n{"problem": "1+2", "id": 7}',
                        '\ufeff{"problem": "3 + 4 × 2 - 5"}\r\n{"problem": "9-4"}\r\n{"problem": "1+2"}\r\n'):
            path = self.problems(content.encode())
            self.assertEqual([line["problem"] for line in self.lines("--problems", path)[:-1]], want)
            read = self.lines("--problems", "-", input=content.encode())
            self.assertEqual([line["problem"] for line in read[:-1]], want)
            read = self.lines("--problems", "/dev/stdin", input=content.encode())
            self.assertEqual([line["problem"] for line in read[:-1]], want)
            fifo = self.path("fifo")
            os.mkfifo(fifo)
            writer = subprocess.Popen(["cp", path, fifo])
            self.assertEqual([line["problem"] for line in self.lines("--problems", fifo)[:-1]], want)
            writer.wait()
            os.unlink(fifo)

    def test_a_bad_line_of_a_file_is_named(self):
        fine = b'{"problem": "3+4"}\n'
        for line, words in ((b'{"problem": "1+"}', ("number is missing",)), (b'{"problem": "9/0"}', ("by zero",)),
                            (b'{"problem": "8/2"}', ("no operator /",)), (b'{"problem": "\\u001b[2J1+1"}', ("\\x1b",)),
                            (b'{"problem": "1+\xff"}', ("UTF-8",)), (b'{"problem": 7}', ('"problem"',)),
                            (b'["problem"]', ("JSON object",)), (b'{"problem": "1+1", "problem": "2+2"}', ("twice",)),
                            (b'{"problem": "1+1", "x": 1e999}', ("JSON object",)), (b"[" * 200000, ("levels deep",)),
                            (b'{"problem": "' + b"1" * (1 << 21), ("longer than",)), (b"\x00\x01", ("JSON object",)),
                            (b'{"problem": "1+1"', ("JSON object",))):
            path = self.problems(fine + b"\n" + line + b"\n" + fine)
            self.refused(self.eval("--problems", path), 3, "problems:3", *words)
        self.refused(self.eval("--problems", self.problems(b"\n \r\n")), 3, "holds no problems")
        self.refused(self.eval("--problems", self.folder), 3, "is a directory")
        self.refused(self.eval("--problems", self.path("\x1b[2J")), 3, "\\x1b[2J", "No such file")
        self.refused(self.eval("--problems", "/dev/zero"), 3, "/dev/zero:1", "longer than")
        self.refused(self.eval("--problems", ""), 2, "--problems")

    # Numbers.

    def test_numbers_state_and_check_their_range(self):
        for option, values in (("--held-out", ("0", "-1", "nan", "1e3", "1000001", "99999999999999999999")),
                               ("--seed", ("-1", "18446744073709551616", "1.5")),
                               ("--temperature", ("nan", "inf", "-inf", "0", "11", "1x")),
                               ("--samples", ("0", "65537", "-3")), ("--budget", ("0", "-5", "nan"))):
            for value in values:
                words = ("--search", "sample", f"{option}={value}")
                words += () if option == "--held-out" else ("--held-out", "1")
                self.refused(self.eval(*words), 2, option)
        for option, value in (("--stop-below", "nan"), ("--weight", "inf"), ("--exploration", "-1"),
                              ("--simulations", "0"), ("--step-cost", "nan"), ("--repeat-cost", "-nan"),
                              ("--retries", "-1"), ("--beam", "0")):
            self.refused(self.eval("--held-out", "1", f"{option}={value}"), 2, option)
        help_text = qstar("eval", "--help").stdout
        for bounds in ("1 to 1000000", "0.001 to 10", "1 to 65536"):
            self.assertIn(bounds, help_text)

    def test_a_critic_is_no_policy(self):
        critic = os.path.join(self.run_folder, "critic.safetensors")
        self.refused(qstar("eval", critic, "--held-out", "1"), 2, "critic", "--guide")

    # Signals.

    def stopped(self, process, seconds=3.0):
        """Ends within that time (a second, and what a busy machine takes); gives what it said."""
        begin = time.monotonic()
        if process.stdin:
            process.wait(30)  # its input stays open
        out, err = process.communicate(timeout=30)
        self.assertLess(time.monotonic() - begin, seconds)
        self.assertEqual(process.returncode, 130, err)
        return out, err

    def started(self, *words, **how):
        process = subprocess.Popen([QSTAR, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **how)
        self.addCleanup(self.end, process)
        return process

    @staticmethod
    def handles(process, number):
        """Whether the process catches the signal by now."""
        with open(f"/proc/{process.pid}/status") as file:
            caught = next(line for line in file if line.startswith("SigCgt")).split()[1]
        return int(caught, 16) >> (number - 1) & 1

    @property
    def long(self):
        """A measurement of minutes."""
        return "eval", self.run_folder, "--search", "majority", "--samples", "100", "--held-out", "30000", "--json"

    def test_a_signal_ends_a_measurement_and_keeps_what_is_finished(self):
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            process = self.started(*self.long)
            self.assertTrue(wait_for(lambda: self.handles(process, number), 20))
            time.sleep(3)
            process.send_signal(number)
            out, err = self.stopped(process)
            lines = [json.loads(line) for line in out.splitlines()]
            self.assertTrue(lines[-1]["summary"]["interrupted"])
            self.assertEqual(lines[-1]["summary"]["n"], len(lines) - 1)
            self.assertIn(f"interrupted: {len(lines) - 1} of ", err)
            for line in lines[:-1]:
                self.assertTrue(line["text"])

    def test_finished_problems_are_the_same_as_without_a_signal(self):
        process = self.started(*self.long)
        self.assertTrue(wait_for(lambda: self.handles(process, signal.SIGINT), 20))
        time.sleep(3)
        process.send_signal(signal.SIGINT)
        kept = [json.loads(line) for line in self.stopped(process)[0].splitlines()][:-1]
        whole = {line["problem"]: line for line in self.lines(*self.long[2:-3], "--held-out", "100")[:-1]}
        both = [line for line in kept if line["problem"] in whole]
        self.assertTrue(both)
        for line in both:
            self.assertEqual(line, whole[line["problem"]])

    def test_an_environment_with_few_problems_ends_the_search_for_more(self):
        answer = qstar("eval", self.run_folder, "--held-out", "1000000", "--environment", "operator_counts=1", timeout=30)
        self.assert_ok(answer)
        self.assertIn("different held-out problems were found, not 1000000", answer.stderr)

    def test_a_signal_ends_every_wait(self):
        os.mkfifo(self.path("fifo"))
        critic = os.path.join(self.run_folder, "critic.safetensors")
        for words in (("eval", self.run_folder, "--problems", "-"), ("eval", self.run_folder, "--problems", self.path("fifo")),
                      ("solve", self.run_folder, "9-4+3*2+1", "--search", "mcts", "--samples", "2", "--simulations",
                       "100000000", "--guide", critic, "--temperature", "10"),
                      ("solve", self.run_folder, "9-4+3*2+1", "--search", "sample", "--samples", "65536", "--temperature", "10"),
                      ("eval", self.run_folder, "--held-out", "1000", "--search", "best_of_n", "--samples", "60", "--guide",
                       critic)):
            process = self.started(*words, stdin=subprocess.PIPE)
            self.assertTrue(wait_for(lambda: self.handles(process, signal.SIGTERM), 20))
            time.sleep(0.3)
            self.assertIsNone(process.poll(), words)
            process.send_signal(signal.SIGTERM)
            err = self.stopped(process)[1]
            self.assertIn("interrupted", err)


if __name__ == "__main__":
    main()

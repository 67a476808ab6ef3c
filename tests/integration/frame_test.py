"""The frame of both programs: inputs read once, exceptions, standard descriptors, output, signals, words."""
import os
import re
import signal
import subprocess
import time

from support import BUILD, QSTAR, RunTest, main, qstar, wait_for, SMOKE

PROBE = os.path.join(BUILD, "tests", "integration", "frame_probe")
# A puzzle that is trained in a second or two.
SHORT = ("configs/lightsout4.toml", "stages.cost_to_go.updates=60", "stages.cost_to_go.check_period=20")


def shell(script, timeout=120):
    """Runs the script in bash; $QSTAR and $PROBE are the programs."""
    return subprocess.run(["bash", "-c", script], capture_output=True, text=True, timeout=timeout,
                          env={**os.environ, "QSTAR": os.path.abspath(QSTAR), "PROBE": os.path.abspath(PROBE)})


class FrameTest(RunTest):
    def refused(self, process, code, *words):
        """One line of explanation, the documented exit code, and no crash."""
        self.assertEqual(process.returncode, code, process.stdout + process.stderr)
        self.assertEqual(len(process.stderr.splitlines()), 1, process.stderr)
        self.assertTrue(process.stderr.startswith("qstar: error: "), process.stderr)
        for word in words:
            self.assertIn(word, process.stderr)


class InputTest(FrameTest):
    def test_a_configuration_from_a_pipe_is_the_one_that_is_used(self):
        for how in ("$QSTAR train <(cat {0}) --run {1} {2}", "cat {0} | $QSTAR train /dev/stdin --run {1} {2}",
                    "cat {0} | $QSTAR train - --run {1} {2}",
                    "mkfifo {1}.fifo; cat {0} >{1}.fifo & $QSTAR train {1}.fifo --run {1} {2}"):
            run = self.path(f"run{len(how)}")
            self.assert_ok(shell(how.format(SHORT[0], run, " ".join(SHORT[1:]))))
            with open(os.path.join(run, "config.toml")) as file:
                self.assertIn('name = "lightsout4"', file.read(), how)
        self.refused(shell("$QSTAR train <(echo sed = 1)"), 2, ":1: sed", "seed")
        self.refused(shell("echo sed = 1 | $QSTAR train -"), 2, "standard input:1: sed")

    def test_what_is_no_configuration(self):
        for text in ("", "\n \n", "# nothing\n"):
            with open(self.path("empty.toml"), "w") as file:
                file.write(text)
            self.refused(qstar("train", self.path("empty.toml"), "seed=3"), 2, "empty.toml: is empty")
        self.refused(shell("$QSTAR train - </dev/null"), 2, "standard input: is empty")
        self.refused(shell("$QSTAR train - <&-"), 2, "standard input: is empty")
        self.refused(qstar("train", self.folder), 3, self.folder, "is a directory")
        self.refused(qstar("train", "/dev/zero"), 2, "/dev/zero", "1 MiB")
        self.refused(qstar("train", self.path("none.toml")), 3, "none.toml")
        os.symlink("loop", self.path("loop"))
        self.refused(qstar("train", self.path("loop")), 4, "loop")
        self.refused(qstar("train", "x" * 5000), 4)

    def test_numbers_are_finite_and_in_range(self):
        for value in ("nan", "inf", "-inf"):
            self.refused(self.train("run", f"stages.reinforce.temperature={value}"), 2, "stages.reinforce.temperature",
                         "finite")
        for option, value in (("--workers", "-1"), ("--workers", "nan"), ("--workers", "65"), ("--workers", "1.5"),
                              ("--http", "65536"), ("--http", "-2"), ("--http", "x"), ("--workers", str(2 ** 64))):
            self.refused(self.train("run", option, value), 2, option, value, "whole number from 0 to")
        self.refused(self.train("run", "--http-address", "::1"), 2, "--http-address", "--http")
        self.assertFalse(os.path.exists(self.path("run")))


class OutputTest(FrameTest):
    def test_unexpected_exceptions_are_one_line(self):
        self.refused(shell("$PROBE throw"), 4, "unexpected failure: something\\x1b[31m\\nodd")
        self.refused(shell("$PROBE memory"), 4, "memory")
        self.refused(shell("$PROBE thread"), 4, "unexpected failure: of a thread")

    def test_closed_descriptors_are_not_files_of_the_run(self):
        for closed in ("<&-", ">&-", "2>&-", "<&- >&- 2>&-"):
            file = self.path("file")
            answer = shell(f"$PROBE open {file} {closed}")
            self.assertGreaterEqual(answer.returncode, 3, closed)
            self.assertEqual(os.path.getsize(file), 0, closed)
        run = self.path("run")
        self.assert_ok(shell(f"$QSTAR train {' '.join(SHORT)} --run {run} >&- 2>&- <&-"))
        with open(os.path.join(run, "LOCK")) as lock:
            self.assertRegex(lock.read(), r"^\d+$")

    def test_output_that_cannot_be_written_is_an_error(self):
        for words in ("--help", "--version", "help", "help replay ls", "eval --help", "train --help", "completion",
                      "completion zsh", "completion fish"):
            self.refused(shell(f"$QSTAR {words} >/dev/full"), 4, "standard output", "No space left")
        self.refused(shell("$PROBE print >/dev/full"), 4, "standard output", "No space left")
        # The first failure is the one that counts.
        self.assertEqual(shell("$PROBE fail >/dev/full").returncode, 3)
        # Errors that cannot be shown keep their codes.
        self.assertEqual(shell("$PROBE throw 2>/dev/full").returncode, 4)
        self.assertEqual(shell("$QSTAR train none.toml 2>/dev/full").returncode, 3)

    def test_training_goes_on_without_its_progress_and_says_so(self):
        run = self.path("run")
        self.refused(shell(f"$QSTAR train {' '.join(SHORT)} --run {run} >/dev/full"), 4, "standard output",
                     "No space left", "finished nevertheless", run)
        self.assertTrue(os.path.exists(os.path.join(run, "report.md")))
        gone = shell(f"$QSTAR train {' '.join(SHORT)} --run {run}2 | true; echo ${{PIPESTATUS[0]}}")
        self.assertEqual((gone.stdout, gone.stderr), ("0\n", ""))
        self.assertTrue(os.path.exists(os.path.join(run + "2", "report.md")))

    def test_a_reader_that_goes_away_is_a_quiet_end(self):
        for command in ("$PROBE print", "$QSTAR --help", "$QSTAR completion", "$QSTAR train --help"):
            answer = shell(f"{command} | head -1 >/dev/null; echo ${{PIPESTATUS[0]}}")
            self.assertEqual((answer.stdout, answer.stderr), ("0\n", ""), command)
            answer = shell(f"{command} | true; echo ${{PIPESTATUS[0]}}")
            self.assertEqual((answer.stdout, answer.stderr), ("0\n", ""), command)
        self.assertEqual(shell("$PROBE fail | true; echo ${PIPESTATUS[0]}").stdout, "3\n")

    def test_a_file_that_may_not_grow_is_an_error(self):
        self.refused(shell(f"ulimit -f 8; $PROBE print >{self.path('out')}"), 4, "standard output", "File too large")


class MemoryTest(FrameTest):
    def setUp(self):
        super().setUp()
        if shell("ulimit -v 4000000; $PROBE").returncode != 0:
            self.skipTest("a sanitizer wants more memory than these limits leave")

    def test_lack_of_memory_is_one_line_in_any_thread(self):
        for where in ("main", "thread", "noexcept"):
            self.refused(shell(f"ulimit -v 300000; $PROBE lack {where}", 20), 4, "out of memory", "ulimit -v")
        self.refused(shell("ulimit -v 600000; $PROBE lack threads", 20), 4, "cannot start a thread", "ulimit -u")
        self.assertEqual(shell("ulimit -v 300000; $PROBE lack nowhere", 20).stdout, "went on\n")

    def test_training_with_little_memory_ends_with_an_explanation(self):
        text, puzzle = (SMOKE, "stages.reinforce.rounds=1", "stages.base.steps=30", "evaluation.problems=20"), SHORT
        works = 0
        for megabytes in (100, 600, 700, 800, 1000, 1100, 1300, 1500, 1700, 4000):
            for words in (text, puzzle):
                run = self.path(f"run{megabytes}{words is text}")
                answer = shell(f"ulimit -v {megabytes * 1000}; $QSTAR train {' '.join(words)} --run {run}", 60)
                if answer.returncode == 0:
                    works += 1
                    continue
                self.assertEqual(answer.returncode, 4, (megabytes, answer.stdout, answer.stderr))
                # Beside it glibc may say that it lacks memory for a thread.
                self.assertRegex(answer.stderr, r"qstar: error: (out of memory|cannot start a thread)[^\n]*\n")
                if os.path.exists(run):
                    self.assertRegex(answer.stderr, r"; resume with: qstar train \S+ --run \S+ --resume\n")
        self.assertGreaterEqual(works, 2)


class CommandOutputTest(FrameTest):
    """Commands on a trained run, which is made once."""

    @classmethod
    def setUpClass(cls):
        cls.holder = RunTest()
        cls.holder.setUp()
        cls.run_folder = cls.holder.path("run")
        cls.holder.assert_ok(cls.holder.train("run", "stages.reinforce.rounds=1"))

    @classmethod
    def tearDownClass(cls):
        cls.holder.doCleanups()

    def commands(self):
        store = os.path.join(self.run_folder, "store")
        with open(os.path.join(self.folder, "states.jsonl"), "w") as file:
            file.write('{"id": 1, "state": [2, 1, 3, 4, 5]}\n')
        with open(os.path.join(self.folder, "problems.jsonl"), "w") as file:
            file.write('{"problem": "1+2"}\n')
        first = qstar("replay", "ls", store, "--limit", "1", "--json").stdout
        group = re.search(r'"group":(\d+)', first)[1]
        search = (f"search --heuristic gaps --environment name=pancake size=5 --states {self.folder}/states.jsonl")
        evaluate = f"eval {self.run_folder} --problems {self.folder}/problems.jsonl"
        return (evaluate, f"{evaluate} --json", f"solve {self.run_folder} 1+2", search, f"{search} --json",
                f"replay stats {store}", f"replay stats {store} --json", f"replay ls {store}",
                f"replay ls {store} --limit 0 --json", f"replay show {store} {group}",
                f"replay show {store} {group} --json", f"report {self.run_folder}", f"report {self.run_folder} --json")

    def test_every_command_reports_output_that_cannot_be_written(self):
        for words in self.commands():
            with self.subTest(words):
                self.refused(shell(f"$QSTAR {words} >/dev/full"), 4, "standard output")

    def test_every_command_ends_quietly_when_its_reader_goes_away(self):
        for words in self.commands():
            for reader in ("head -1 >/dev/null", "true"):
                with self.subTest(words, reader=reader):
                    answer = shell(f"$QSTAR {words} | {reader}; echo ${{PIPESTATUS[0]}}")
                    self.assertEqual((answer.stdout, answer.stderr), ("0\n", ""))


class SignalTest(FrameTest):
    def probe(self, word, **options):
        process = subprocess.Popen([PROBE, word], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, text=True, **options)
        self.addCleanup(self.end, process)
        self.assertEqual(process.stdout.readline(), "ready\n")
        return process

    @staticmethod
    def sleeps(pid):
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rsplit(")", 1)[1].split()[0] == "S"

    def test_every_wish_to_end_is_heard(self):
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            process = self.probe("wait")
            self.assertTrue(wait_for(lambda: self.sleeps(process.pid), 5))  # between two looks at the flag
            process.send_signal(number)
            self.assertEqual(process.wait(timeout=5), 130, number)
            process.communicate()

    def is_stuck(self, process):
        """Whether it sleeps whenever it is looked at."""
        looks = []
        for _ in range(20):
            time.sleep(0.01)
            looks.append(self.sleeps(process.pid))
        return all(looks)

    @staticmethod
    def full_pipe():
        """The end to write to of a pipe that takes no more, and the other one, which keeps it open."""
        reader, writer = os.pipe()
        os.set_blocking(writer, False)
        try:
            while True:
                os.write(writer, b"x" * 4096)
        except BlockingIOError:
            os.set_blocking(writer, True)
            return reader, writer

    def ends_although_nobody_reads(self, words, ready):
        """Both outputs go to full pipes; the first signal ends the command soon."""
        reader, writer = self.full_pipe()
        process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=writer, stderr=writer)
        self.addCleanup(self.end, process)
        self.assertTrue(wait_for(lambda: ready(process), 60))
        process.send_signal(signal.SIGTERM)
        try:
            self.assertEqual(process.wait(timeout=10), 130, words)
        finally:
            for descriptor in (reader, writer):
                os.close(descriptor)

    def test_a_reader_that_hangs_does_not_keep_a_command_from_ending(self):
        for how in ("print", "cout", "errors"):
            process = subprocess.Popen([PROBE, "flood", how], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            self.addCleanup(self.end, process)
            self.assertTrue(wait_for(lambda: self.is_stuck(process), 20), how)
            process.send_signal(signal.SIGTERM)
            self.assertEqual(process.wait(timeout=5), 130, how)
            process.communicate()
        run = self.path("run")
        store = os.path.join(run, "store")
        self.assert_ok(qstar("train", *SHORT, "--run", run))
        self.ends_although_nobody_reads([QSTAR, "replay", "ls", store], lambda process: self.sleeps(process.pid))
        metrics = self.path("long/metrics.jsonl")
        self.ends_although_nobody_reads(
            [QSTAR, "train", "configs/lightsout4.toml", "stages.cost_to_go.updates=100000000", "--run", self.path("long")],
            lambda process: os.path.exists(metrics) and os.path.getsize(metrics) > 0)
        self.assertTrue(os.listdir(self.path("long/checkpoints")))

    def test_a_terminal_that_hangs_does_not_keep_a_command_from_ending(self):
        master, slave = os.openpty()
        self.addCleanup(os.close, master)
        process = subprocess.Popen([PROBE, "flood", "print"], stdout=slave, stderr=slave)
        self.addCleanup(self.end, process)
        os.close(slave)
        self.assertTrue(wait_for(lambda: self.is_stuck(process), 20))
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(timeout=5), 130)

    def test_the_second_one_ends_the_process_at_once(self):
        process = self.probe("ignore")
        process.send_signal(signal.SIGINT)
        with self.assertRaises(subprocess.TimeoutExpired):
            process.wait(timeout=0.3)
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=5)
        self.assertEqual(process.returncode, -signal.SIGTERM)

    def test_nohup_keeps_a_command_running(self):
        process = self.probe("wait", preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN))
        process.send_signal(signal.SIGHUP)
        with self.assertRaises(subprocess.TimeoutExpired):
            process.wait(timeout=0.5)
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=5)
        self.assertEqual(process.returncode, 130)

    def test_a_command_that_still_waits_for_its_input_ends(self):
        for words in (["train", "-"], ["search", "--heuristic", "zero", "--environment", "name=lights_out", "size=3",
                                       "--states", "-"]):
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                process = subprocess.Popen([QSTAR, *words], stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
                # It reads: whatever it was before, its handlers are installed.
                self.assertTrue(wait_for(lambda: self.sleeps(process.pid), 20))
                process.send_signal(number)
                said = process.communicate(timeout=20)[1]
                self.assertEqual((process.returncode, said), (130, "qstar: error: interrupted\n"), words)

    def test_training_stops_and_keeps_everything(self):
        for number in (signal.SIGTERM, signal.SIGHUP):
            run = self.path(f"run{number}")
            process = self.start("train", "configs/lightsout4.toml", "stages.cost_to_go.updates=100000000", "--run", run)
            # After its first progress line the run is under way.
            self.assertTrue(any(re.search(r"cost_to_go \d+ %", line) for line in process.stdout))
            process.send_signal(number)
            output, _ = process.communicate(timeout=20)
            self.assertEqual(process.returncode, 130, output)
            self.assertIn("--resume", output)


class WordsTest(FrameTest):
    def test_help_is_a_subcommand_too(self):
        self.assertEqual(qstar("help").stdout, qstar("--help").stdout)
        for words in (("eval",), ("replay",), ("replay", "ls"), ("train",), ("completion",)):
            asked, flagged = qstar("help", *words), qstar(*words, "--help")
            self.assert_ok(asked)
            self.assertIn(f"qstar {' '.join(words)}", asked.stdout)
            self.assertEqual(asked.stdout, flagged.stdout)
        self.assertIn("qstar help replay ls", qstar("help", "help").stdout)
        self.refused(qstar("help", "evl"), 2, "'evl'", "'eval'")
        self.refused(qstar("help", "replay", "lss"), 2, "'lss'", "'ls'")

    def test_mistyped_subcommands_at_every_level(self):
        self.refused(qstar("evl", "model"), 2, "'evl'", "did you mean 'eval'?", "'qstar --help'")
        self.refused(qstar("replay", "lss", "run"), 2, "'lss'", "did you mean 'ls'?", "'qstar replay --help'")
        self.refused(qstar("replay", "stat"), 2, "did you mean 'stats'?")
        self.refused(qstar("xylophone"), 2, "no subcommand 'xylophone'; see 'qstar --help'")
        self.refused(qstar("\x1b[31mevl\n"), 2, "\\x1b[31mevl\\n")

    def test_empty_words(self):
        for words in (("label", "run", ""), ("label", "run", "--steps", "", "--from", "3"), ("label", "", "--steps"),
                      ("solve", "run", ""), ("replay", "ls", ""), ("train", ""), ("train", SMOKE, ""), ("help", "eval", "")):
            self.refused(qstar(*words, timeout=20), 2, "is empty")
        self.refused(qstar(""), 2, "no subcommand ''")

    def test_empty_values_are_not_taken_for_missing_ones(self):
        for words in (["train", SMOKE, "--run", ""], ["train", SMOKE, "--run="], ["train", SMOKE, "--listen", ""],
                      ["report", "x", "--out", ""], ["label", "x", "--steps", "--out", ""]):
            option = next(word for word in words if word.startswith("--") and word != "--steps").strip("=")
            self.refused(qstar(*words), 2, f"the value of {option} is empty")

    def test_words_after_the_last_subcommand_have_no_help(self):
        self.refused(qstar("help", "train", "eval"), 2, "train", "'eval'")
        self.refused(qstar("help", "eval", "solve"), 2, "eval", "'solve'")

    def test_a_mistyped_choice_gets_a_suggestion(self):
        self.refused(qstar("eval", "x", "--held-out", "3", "--search", "beem"), 2, "--search must be one of greedy, ",
                     "not 'beem'; did you mean 'beam'?")
        self.refused(qstar("completion", "bsh"), 2, "one of bash, zsh, fish", "'bash'?")

    def test_integers_that_are_too_large_are_out_of_range(self):
        for setting in ("seed=18446744073709551616", "stages.reinforce.rounds=99999999999999999999",
                        "seed=-99999999999999999999"):
            self.refused(qstar("train", SMOKE, setting), 2, "must be from", setting.split("=")[1])

    def test_mistyped_options(self):
        self.refused(qstar("eval", "--prblems", "x"), 2, "'--prblems'", "did you mean '--problems'?",
                     "'qstar eval --help'")
        self.refused(qstar("replay", "ls", "store", "--limt=3"), 2, "'--limt'", "did you mean '--limit'?")
        self.refused(qstar("train", SMOKE, "--resme"), 2, "'--resme'", "did you mean '--resume'?")
        self.refused(qstar("--verson"), 2, "'--verson'", "did you mean '--version'?")
        self.refused(qstar("label", "run", "--step"), 2, "'--step'", "did you mean '--steps'?")
        self.refused(qstar("eval", "model", "--xylophone"), 2, "no option '--xylophone'; see")

    def test_errors_are_safe_to_show(self):
        self.refused(qstar("train", "no\x1b]0;title\x07\nfile"), 3, "no\\x1b]0;title\\x07\\nfile")
        answer = qstar("train", SMOKE, "--run", self.path("run"), "seed=\x1b[2J")
        self.refused(answer, 2, "seed")
        self.assertNotIn("\x1b", answer.stderr)


if __name__ == "__main__":
    main()

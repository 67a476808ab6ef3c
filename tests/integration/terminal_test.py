"""`qstar train` on a terminal: one line that is written over, and Ctrl-C from its keyboard."""
import json
import os
import re

from support import FIXTURE, RunTest, Terminal, main, qstar, read, results, trained_run, SMOKE

OVER = r"\r\x1b\[K"  # back to the line's beginning, and clear it


class TerminalTest(RunTest):
    def test_one_line_is_written_over_and_ctrl_c_keeps_everything(self):
        terminal = Terminal("train", SMOKE, "--run", self.path("run"), "stages.reinforce.rounds=60")
        self.addCleanup(terminal.kill)
        # Nothing but the next frame comes between two frames.
        frame = r"base \d+ %  loss \d+\.\d+(  \d+\.\d k tokens/s)?  \d+ s left"
        self.assertTrue(terminal.shows(OVER + frame + OVER + frame + OVER, 60), terminal.seen)
        reinforce = r"reinforce \d+ %  accuracy \d\.\d+  [^\r\n]*\d+ s left"
        self.assertTrue(terminal.shows(OVER + reinforce, 60), terminal.seen)
        terminal.press(b"\x03")
        self.assertEqual(terminal.end(60), 130, terminal.seen)
        # The last line takes the place of the progress; it is taken at its word.
        said = re.search(OVER + r"qstar: error: interrupted; resume with: qstar (train .* --resume)\r\n$",
                         terminal.seen)
        self.assertTrue(said, terminal.seen[-400:])
        self.assert_ok(qstar(*said[1].split()))
        self.assertEqual(results(self.path("run"))["reinforce"]["rounds"], 60)

    def test_progress_fits_the_width(self):
        for columns in (30, 200):
            terminal = Terminal("train", "configs/lightsout4.toml", "stages.cost_to_go.updates=200", "--run",
                                self.path(f"run{columns}"), columns=columns)
            self.addCleanup(terminal.kill)
            self.assertEqual(terminal.end(60), 0, terminal.seen)
            frames = re.findall(OVER + r"([^\r\n]*)(?=\r\x1b)", terminal.seen)
            self.assertTrue(frames, terminal.seen)
            self.assertLess(max(len(frame) for frame in frames), columns)
            cut = any(len(frame) == columns - 1 for frame in frames)
            self.assertEqual(cut, columns == 30, frames)

    def test_a_terminal_without_escape_codes_gets_none(self):
        for term in ("dumb", ""):
            terminal = Terminal("train", "configs/lightsout4.toml", "stages.cost_to_go.updates=20", "--run",
                                self.path("run" + term), term=term)
            self.addCleanup(terminal.kill)
            self.assertEqual(terminal.end(60), 0, terminal.seen)
            self.assertIn("finished", terminal.seen)
            self.assertNotRegex(terminal.seen, r"\x1b|\r(?!\n)")
            refused = Terminal("train", "no-such.toml", term=term)
            self.addCleanup(refused.kill)
            self.assertEqual(refused.end(60), 3)
            self.assertRegex(refused.seen, r"^qstar: error: [^\x1b]*$")

    def test_help_is_wrapped(self):
        for columns in (70, 300):
            terminal = Terminal("train", "--help", columns=columns)
            self.addCleanup(terminal.kill)
            self.assertEqual(terminal.end(60), 0)
            longest = max(len(line) for line in terminal.seen.split("Positionals")[1].splitlines())
            self.assertLessEqual(longest, min(columns, 100))
            self.assertIn("status and metrics", terminal.seen)

    def lines(self, *words, columns):
        """The lines that the command shows on a terminal of this width."""
        terminal = Terminal(*words, columns=columns)
        self.addCleanup(terminal.kill)
        self.assertEqual(terminal.end(60), 0, terminal.seen)
        return [re.split(OVER, line)[-1] for line in terminal.seen.replace("\r\n", "\n").split("\n")]

    def test_nothing_is_wider_than_the_terminal(self):
        run = trained_run()
        group = str(json.loads(qstar("replay", "ls", run, "--limit", "1", "--json").stdout)["group"])
        for columns in (50, 72):
            for words in (("eval", run, "--held-out", "3"), ("solve", run, "3+4*2-5"), ("replay", "ls", run),
                          ("replay", "show", run, group), ("eval", "--help"), ("search", "--help"), ("train", "--help"),
                          ("worker", "--help"), ("--help",)):
                with self.subTest(words=words, columns=columns):
                    shown = [line for line in self.lines(*words, columns=columns) if " " in line.strip()]
                    self.assertTrue(shown)
                    self.assertLessEqual(max(len(line) for line in shown), columns)

    def test_nothing_is_lost_when_lines_are_wrapped(self):
        run = trained_run()
        group = str(json.loads(qstar("replay", "ls", run, "--limit", "1", "--json").stdout)["group"])
        for words in (("solve", run, "3+4*2-5"), ("replay", "show", run, group)):
            piped = qstar(*words)
            self.assert_ok(piped)
            narrow = " ".join(self.lines(*words, columns=30))
            self.assertEqual(narrow.split(), piped.stdout.split())

    def test_a_wrapped_example_is_still_a_command(self):
        shown = "\n".join(self.lines("search", "--help", columns=60))
        self.assertIn(" \\\n", shown)
        whole = re.sub(r" \\\n +", " ", shown)
        self.assertIn("  qstar search model.safetensors --states cube3.jsonl --weight 0.8 --batch 1000 --seconds 60\n", whole)

    def test_lines_that_stay_are_wrapped(self):
        shown = self.lines("train", "configs/lightsout4.toml", "stages.cost_to_go.updates=60", "--run",
                           self.path("a-run-in-a-folder-with-a-long-name"), columns=60)
        end = next(i for i, line in enumerate(shown) if line.startswith("finished: "))
        self.assertLessEqual(len(shown[end]), 60)
        self.assertTrue(shown[end + 1].startswith("    "), shown)

    def test_a_log_gets_plain_lines(self):
        trained_run()
        said = read(os.path.join(FIXTURE, "said"))
        self.assertIn("base 100 %", said)
        self.assertNotRegex(said, r"[\r\x1b]")
        self.assertLess(said.count("base "), 6)  # one every few seconds, and the last one


if __name__ == "__main__":
    main()

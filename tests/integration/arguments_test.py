"""Random command lines: whatever is typed, the answer is a documented exit code and one line, never a crash."""
import os
import random
import re
import subprocess

from support import QSTAR, RunTest, main, qstar

ROUNDS = 150
ODD = ["", " ", "-", "--", "---", "-x", "--x=", "nan", "inf", "-inf", "-1", "0", "1e999", "1e-400", "0x10", "18446744073709551616",
       "-9223372036854775809", "99999999999999999999", "1.5", "+3", "\x1b[2J", "a\nb", "\u202e", "%s%n", "../..", "/", ".",
       "/dev/null", "/proc/self/mem", "no-such-file", "x" * 300, "a=b", "seed=", "=", "seed=nan", "3+4*2-5", "9/0", "((((",
       "{}", "[", "[::1]:0", "host:99999", "name=pancake", "size=4", "family=custom", "--help=", "-h=3"]
# What CLI11 itself says.
RAW = re.compile(r"\brequires\b|is required|required but|\d required|\bexcludes\b|not expected|Could not convert|not in \{|"
                 r"Should be|were given|At Most|At Least|Exactly|INT\b|FLOAT\b|TEXT\b|Option Group|HorribleError")
PLACES = ["eval", "solve", "search", "replay", "replay stats", "replay ls", "replay show", "replay models", "label", "report", "compare",
          "train", "sweep", "certs", "worker", "completion", "help", "", "nonsense"]


class ArgumentsTest(RunTest):
    def setUp(self):
        super().setUp()
        self.program = os.path.abspath(QSTAR)
        self.options = {place: re.findall(r"--[a-z][a-z-]+", qstar(*place.split(), "--help").stdout) for place in PLACES}

    def line(self, rng):
        place = rng.choice(PLACES)
        words = place.split()
        for _ in range(rng.randrange(6)):
            option = rng.choice((self.options[place] or ["--help"]) + ["--nonsense"])
            words += rng.choice([[option], [option, rng.choice(ODD)], [f"{option}={rng.choice(ODD)}"], [rng.choice(ODD)]])
        if place == "certs" or (place == "train" and rng.random() < 0.5):
            words.append("--nonsense")  # it would be obeyed
        return words

    def test_random_command_lines(self):
        rng = random.Random(17)
        for _ in range(ROUNDS):
            words = self.line(rng)
            answer = subprocess.run([self.program, *words], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                                    cwd=self.folder, timeout=60)
            with self.subTest(words=words):
                self.assertIn(answer.returncode, (0, 2, 3, 4, 5), answer.stderr)
                if answer.returncode in (2, 3):
                    self.assertRegex(answer.stderr, r"^qstar: error: [^\x00-\x1f\x7f]+\n$")
                self.assertNotRegex(answer.stderr, r"terminate|what\(\)|unexpected failure|invariant|[\x1b\x00]")
                self.assertNotRegex(answer.stderr, RAW)

    def test_each_mistake_is_a_sentence_that_says_what_to_do(self):
        for line, sentence in (
                ("", "qstar needs a subcommand: train, sweep, eval, "),
                ("replay", "qstar replay needs a subcommand: stats, ls, show or models; see 'qstar replay --help'"),
                ("eval", "the argument 'model' is missing: give a PATH; see 'qstar eval --help'"),
                ("train", "the argument 'config' is missing: give a FILE"),
                ("search --heuristic zero", "the option --states is missing: add --states FILE"),
                ("train c.toml --run a --run b", "the option --run is given 2 times: give it once"),
                ("train c.toml --run", "the value of --run is missing: write --run FOLDER"),
                ("train c.toml --workers", "the value of --workers is missing: write --workers NUMBER"),
                ("train c.toml --http-address ::1", "--http-address has no effect without --http NUMBER: give both"),
                ("train c.toml --resume=maybe", "--resume is a switch and takes no value: write --resume alone"),
                ("eval m --held-out 3 --problems p", "--problems and --held-out exclude each other: give only one of them"),
                ("eval m --problems p --environment a=b", "--problems and --environment exclude each other"),
                ("eval m --held-out 3x", "--held-out must be a whole number from 1 to 1000000, not '3x'"),
                ("eval m --search beem", "--search must be one of greedy, "),
                ("completion bsh", "shell must be one of bash, zsh, fish, not 'bsh'; did you mean 'bash'? See '"),
                ("label run", "one option is missing: give --steps or --rankings"),
                ("label run --steps --rankings", "--steps and --rankings exclude each other: give only one of them"),
                ("solve m p q", "qstar solve cannot use the argument 'q', it takes only model and problem"),
                ("replay ls run json", "it takes only run; did you mean '--json'? See 'qstar replay ls --help'"),
                ("replay show run", "the argument 'group' is missing: give a NUMBER"),
                ("eval m --jsn", "qstar eval has no option '--jsn'; did you mean '--json'?")):
            with self.subTest(line):
                answer = subprocess.run([self.program, *line.split()], cwd=self.folder, capture_output=True, text=True)
                self.refused(answer, 2, sentence)
                self.assertNotRegex(answer.stderr, RAW)

    def test_every_number_option_states_and_checks_its_range(self):
        checked = 0
        for place, options in self.options.items():
            text = qstar(*place.split(), "--help").stdout
            for option, limits in re.findall(r"(--[a-z-]+) NUMBER(?: \(([^)]*)\))?", text):
                with self.subTest(place=place, option=option):
                    self.assertTrue(limits, "a number states its range")
                    for value in ("nan", "inf", "1e999", "99999999999999999999999", "", "x", "1x"):
                        answer = subprocess.run([self.program, *place.split(), f"{option}={value}"], cwd=self.folder,
                                                stdin=subprocess.DEVNULL, capture_output=True, text=True)
                        self.assertEqual(answer.returncode, 2, (value, answer.stderr))
                        self.assertIn(option, answer.stderr, value)
                    checked += 1
        self.assertGreaterEqual(checked, 15)


if __name__ == "__main__":
    main()

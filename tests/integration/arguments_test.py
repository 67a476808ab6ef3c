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
PLACES = ["eval", "solve", "search", "replay", "replay stats", "replay ls", "replay show", "label", "report", "train",
          "certs", "worker", "completion", "help", "", "nonsense"]


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

    def test_every_number_option_states_and_checks_its_range(self):
        checked = 0
        for place, options in self.options.items():
            text = qstar(*place.split(), "--help").stdout
            for option, limits in re.findall(r"(--[a-z-]+) (?:INT|UINT|FLOAT)(?: \(([^)]*)\))?", text):
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

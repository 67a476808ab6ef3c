"""Every help text and every setting: full phrases, the default or "(required)", and the standard terms."""
import os
import re
import subprocess
import unittest
from pathlib import Path

from support import BUILD, main, qstar

# Private words, and rates without "per"; docs of the terms: DESIGN.md, "English".
BANNED = [
    r"\bleash", r"\bglanc", r"\blessons?\b", r"\bmend(s|ed|ing)?\b", r"\brenew", r"\bwhoever\b", r"\bsetters?\b",
    r"\banew\b", r"\bso many\b", r"\bas it were\b", r"\bin earnest\b", r"\bgo(es)? on with\b", r"\bfor programs\b",
    r"\bmoves of several\b", r"\bmoves that are several\b", r"\bon wish\b",
    r"\b(tokens|seconds|steps|attempts|samples|nodes|objects?|lines?|edges|processes|actors|threads|problems|sequences|"
    r"rows|batches|points|comments?|moves|turns|groups|leases|positions|states|solutions|letters?) "
    r"an? (problem|state|step|node|move|turn|line|lease|process|group|row|record|version|update|run|table|position|"
    r"attempt|token|head|second|iteration|round|thread|check|game|cell)\b",
]
DEFAULT = re.compile(r"\((default:? [^()]*(\([^()]*\)[^()]*)*|required[^()]*)\)$")


def sections(text):
    """The parts of a help text: {"Positionals": [(name, description), …], …}."""
    found, current = {}, None
    for line in text.splitlines():
        if re.match(r"^[^ ].*:$", line) and not line.startswith("Usage"):
            current = found.setdefault(line[:-1], [])
        elif not line.strip() or current is None or line.startswith("Exit codes"):
            if line.startswith("Exit codes"):
                current = None
        elif re.match(r"^  \S", line):
            name, _, description = line.strip().partition("  ")
            current.append((name, description.strip()))
        elif current:
            name, description = current[-1]
            current[-1] = (name, (description + " " + line.strip()).strip())
    return found


def every_help(*words):
    """Help texts of the command and of all below it, as the output names them."""
    answer = qstar(*words, "--help")
    assert answer.returncode == 0, answer.stderr
    yield words, answer.stdout
    for name, _ in sections(answer.stdout).get("Subcommands", []):
        yield from every_help(*words, name.split()[0])


class HelpTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.helps = list(every_help())

    def test_every_subcommand_is_found(self):
        names = {" ".join(words) for words, _ in self.helps}
        self.assertLessEqual({"", "train", "eval", "solve", "search", "replay ls", "replay show", "replay stats", "replay models", "label",
                              "report", "certs", "worker", "completion", "help"}, names)

    def test_summaries_are_alike(self):
        for words, text in self.helps:
            with self.subTest(" ".join(words)):
                summary = text.splitlines()[0]
                self.assertRegex(summary, r"^[A-Z][a-z]+ .*[^.]$")
            for name, summary in sections(text).get("Subcommands", []):
                with self.subTest(name):
                    self.assertRegex(summary, r"^[A-Z][a-z]+ .*[^.]$")

    def test_every_option_is_a_phrase_that_ends_with_its_default(self):
        for words, text in self.helps:
            for title, options in sections(text).items():
                if title == "Subcommands":
                    continue
                for name, description in options:
                    with self.subTest(" ".join((*words, name))):
                        self.assertRegex(description, r"^[A-Z]", "a full phrase")
                        is_flag = re.fullmatch(r"(-\w,)?--[\w-]+( Needs.*| Excludes.*)?", name)
                        if not is_flag:
                            self.assertRegex(description, DEFAULT)

    def test_options_are_found(self):
        """The reader of help texts sees what a person sees."""
        train = dict(self.helps)[("train",)]
        options = {name: description for part in sections(train).values() for name, description in part}
        self.assertIn("--workers NUMBER (0 to 64)", options)
        self.assertIn("greedy, sample", dict(sections(dict(self.helps)[("solve",)])["Options"])["--search NAME"])
        self.assertEqual(options["--resume"], "Resume the run from its newest checkpoint")
        self.assertEqual(options["config FILE"],
                         "Configuration of the experiment in TOML; - reads standard input (required)")

    def test_placeholders_are_plain(self):
        known = {"FILE", "FOLDER", "PATH", "NUMBER", "NAME", "ADDRESS", "KEY=VALUE", "PROBLEM", "COMMAND"}
        seen = set()
        for words, text in self.helps:
            for title, options in sections(text).items():
                if title == "Subcommands":
                    continue
                for name, _ in options:
                    placeholder = re.fullmatch(r"\S+(?: (\S+)(?: \(\S+ to \S+\))?(?: \.\.\.)?)?", name)
                    with self.subTest(" ".join((*words, name))):
                        self.assertTrue(placeholder)
                        self.assertIn(placeholder[1], {None, *known})
                    seen.add(placeholder[1])
            with self.subTest(" ".join(words)):
                self.assertNotRegex(text, r"\d[eE][+-]?\d", "numbers as people write them")
                self.assertNotRegex(text.lower(), r"director(y|ies)", "help says folder")
        self.assertLessEqual(known, seen)

    def test_standard_terms(self):
        for words, text in self.helps:
            flat = " ".join(text.split())
            for pattern in BANNED:
                with self.subTest(" ".join(words), pattern=pattern):
                    self.assertNotRegex(flat.lower(), pattern)

    def test_settings_use_standard_terms(self):
        program = os.path.join(BUILD, "tests", "integration", "list_settings")
        listed = subprocess.run([program], capture_output=True, text=True, check=True).stdout.splitlines()
        self.assertGreater(len(listed), 150)
        for kind in ("pretrain", "finetune", "judges", "search", "feedback", "compare", "selfplay", "reinforce", "measure",
                     "cost_to_go"):
            self.assertTrue(any(re.search(rf"\b{kind}\b", line.split("\t")[0]) for line in listed), kind)
        for line in listed:
            key, doc = line.split("\t")
            with self.subTest(key):
                self.assertRegex(doc, r"^([a-z_]+: [a-z]|[A-Z])", "a phrase, or CHOICE: a phrase")
                for pattern in BANNED:
                    self.assertNotRegex(line.lower(), pattern)

    def test_the_repository_uses_standard_terms(self):
        """Documents, comments, names of tests. Literals without a blank are names: those of random streams stay."""
        files = [path for folder in ("core", "environment", "learning", "persistence", "search", "serving", "experiment", "actors",
                                     "cli", "configs", "docs", "examples", "benchmarks", "tests", "tools", "cmake")
                 for path in sorted(Path(folder).rglob("*")) if path.suffix in (".hpp", ".cpp", ".py", ".md", ".toml", ".txt")]
        files += [Path(name) for name in ("README.md", "CHANGELOG.md", "CONTRIBUTING.md", "Makefile", "CMakeLists.txt")]
        self.assertGreater(len(files), 500)
        for path in files:
            if path.name in ("help_test.py", "wording_test.cpp"):
                continue  # they hold the lists
            text = re.sub(r'"[^"\s]*"', "", path.read_text()).lower()
            for pattern in (*BANNED, r"\bunless told\b", r"\btend(s|ed|ing)?\b"):
                with self.subTest(str(path)):
                    found = re.search(rf".*{pattern}.*", text)
                    self.assertIsNone(found, found and found[0])

    def test_messages_use_standard_terms(self):
        """Phrases in the sources: errors, progress, reports. Run from the repository's root, as ctest does."""
        literal = re.compile(r'"((?:[^"\\\n]|\\.)*)"')
        folders = ("core", "environment", "learning", "persistence", "search", "serving", "experiment", "actors", "cli")
        phrases = [(str(path), found[1]) for folder in folders for path in sorted(Path(folder).rglob("*.[ch]pp"))
                   for found in literal.finditer(path.read_text()) if " " in found[1]]
        self.assertGreater(len(phrases), 1000)
        for path, phrase in phrases:
            with self.subTest(path):
                for pattern in BANNED:
                    self.assertNotRegex(phrase.lower(), pattern)


if __name__ == "__main__":
    main()

"""Completion in the real shells: subcommands, options, values of options, files."""
import os
import pty
import re
import select
import shutil
import subprocess
import time

from support import RunTest, main, qstar, wait_for

SEARCHES = {"greedy", "sample", "majority", "beam", "mcts"}


class Completion:
    """What every shell has to offer; `shell` is its name."""

    def setUp(self):
        super().setUp()
        if shutil.which(self.shell) is None:
            self.skipTest(f"{self.shell} is not installed")
        with open(self.path("mine.toml"), "w"):
            pass
        os.mkdir(self.path("my folder"))
        script = qstar("completion", self.shell)
        self.assert_ok(script)
        with open(self.path("script"), "w") as file:
            file.write(script.stdout)

    def offers(self, line):
        """The words that the shell offers at the end of the line."""
        raise NotImplementedError

    def run_shell(self, *words):
        answer = subprocess.run(words, capture_output=True, text=True, cwd=self.folder, timeout=60,
                                env={"PATH": "/usr/bin:/bin", "HOME": self.folder})
        self.assertEqual(answer.stderr, "")
        return answer.stdout.splitlines()

    def test_words(self):
        self.assertEqual(self.offers("qstar re"), {"replay", "report"})
        self.assertLessEqual({"train", "eval", "help", "completion"}, self.offers("qstar "))
        self.assertEqual(self.offers("qstar replay s"), {"stats", "show"})
        self.assertEqual(self.offers("qstar completion "), {"bash", "zsh", "fish"})
        self.assertEqual(self.offers("qstar train --res"), {"--resume"})
        self.assertEqual(self.offers("qstar replay ls store --l"), {"--limit"})
        self.assertEqual(self.offers("qstar worker --c"), {"--connect", "--certs", "--cache", "--cache-mb"})
        # Options of a group, which CLI11 keeps as a nameless subcommand.
        self.assertEqual(self.offers("qstar label run --s"), {"--steps"})

    def test_values(self):
        self.assertLessEqual(SEARCHES, self.offers("qstar eval model --search "))
        self.assertEqual(self.offers("qstar eval model --search gre"), {"greedy"})
        self.assertEqual(self.offers("qstar solve model problem --priority "), {"cost", "utility"})
        self.assertLessEqual({"astar", "qstar"}, self.offers("qstar search --algorithm "))
        self.assertEqual(self.offers("qstar search --algorithm=ast"), {"astar"})
        self.assertEqual(self.offers("qstar train mi"), {"mine.toml"})
        self.assertEqual(self.offers("qstar train --run m"), {"my folder"})
        self.assertEqual(self.offers("qstar train --workers "), set())

    def test_help_offers_commands(self):
        self.assertEqual(self.offers("qstar help re"), {"replay", "report"})
        self.assertEqual(self.offers("qstar help replay "), {"stats", "ls", "show", "models"})
        self.assertEqual(self.offers("qstar help replay s"), {"stats", "show"})
        self.assertEqual(self.offers("qstar help eval m"), set())

    def test_every_option_of_a_few_words_offers_them(self):
        places = [words.split() for words in ("eval", "solve", "search", "completion")]
        found = {}
        for place in places:
            for option in re.findall(r"(--[a-z-]+) NAME", qstar(*place, "--help").stdout):
                refused = qstar(*place, f"{option}=none-of-them").stderr
                choices = re.search(r"must be one of (.*), not 'none-of-them'", refused)
                self.assertTrue(choices, refused)
                found[option] = set(choices[1].split(", "))
                self.assertEqual(self.offers(" ".join(("qstar", *place, option, ""))), found[option])
        self.assertEqual(set(found), {"--search", "--aggregation", "--priority", "--algorithm", "--heuristic"})
        self.assertEqual(found["--heuristic"], {"zero", "manhattan", "gaps"})

    def test_only_paths_are_completed_by_paths(self):
        for line in ("train mine.toml m", "train --listen m", "train mine.toml seed=1 m", "train --http-address m",
                     "worker --connect m", "worker --name m", "certs out --node m", "eval model --environment m",
                     "search --environment name=x m", "solve model m", "replay show run m", "replay ls run --from m",
                     "sweep mine.toml m", "compare run --environment m"):
            with self.subTest(line):
                self.assertEqual(self.offers("qstar " + line), set())
        for line in ("eval m", "eval model --problems m", "search m", "search --states m", "solve m", "report m",
                     "report a b m", "eval model --guide m"):
            with self.subTest(line):
                self.assertIn("mine.toml", self.offers("qstar " + line))
        for line in ("replay ls m", "label m", "search --svg m", "train --certs m", "certs m", "report run --out m"):
            with self.subTest(line):
                self.assertEqual(self.offers("qstar " + line), {"my folder"})

    def test_files_after_other_words(self):
        self.assertEqual(self.offers("qstar train --resume mi"), {"mine.toml"})
        self.assertEqual(self.offers("qstar train --resume --wor"), {"--workers"})
        self.assertEqual(self.offers("qstar train mine.toml --wor"), {"--workers"})


class BashTest(Completion, RunTest):
    shell = "bash"

    def offers(self, line):
        words = line.split(" ")
        if "=" in words[-1]:  # as readline takes it apart
            option, _, value = words.pop().partition("=")
            words += [option, "=", *([value] if value else [])]
        quoted = " ".join(f"'{word}'" for word in words)
        script = (f"source ./script; COMP_WORDS=({quoted}); COMP_CWORD={len(words) - 1}; _qstar; "
                  "[ ${#COMPREPLY[@]} -eq 0 ] || printf '%s\\n' \"${COMPREPLY[@]}\"")
        return set(self.run_shell("bash", "--norc", "-c", script))

    def test_bash_is_the_default(self):
        self.assertEqual(qstar("completion").stdout, qstar("completion", "bash").stdout)
        self.assertEqual(qstar("completion", "tcsh").returncode, 2)


class FishTest(Completion, RunTest):
    shell = "fish"

    def offers(self, line):
        lines = self.run_shell("fish", "--no-config", "-c", f"source script; complete -C '{line}'")
        words = {entry.split("\t")[0].rstrip("/") for entry in lines}
        return {word.split("=", 1)[1] if "=" in word else word for word in words}


class ZshTest(Completion, RunTest):
    """zsh completes on a terminal only: a session on one, which lists what Tab would insert."""
    shell = "zsh"

    def setUp(self):
        super().setUp()
        self.pid, self.screen = pty.fork()
        if self.pid == 0:
            os.chdir(self.folder)
            os.execve(shutil.which("zsh"), ["zsh", "-f", "-i"],
                      {"PATH": "/usr/bin:/bin", "HOME": self.folder, "TERM": "dumb", "PS1": "> "})
        self.addCleanup(self.close)
        # Each offer is printed between marks, one on a line, in place of a menu.
        for line in ("autoload -Uz compinit; compinit -u -D", "source ./script",
                     "zstyle ':completion:*' list-colors ''; setopt no_auto_menu no_always_last_prompt no_list_packed",
                     "compadd() { local -a hits; [[ ${@[1,(i)(-|--)]} == *-(O|A|D)\\ * ]] && { builtin compadd \"$@\"; "
                     "return }; builtin compadd -A hits \"$@\"; printf '<%s>\\n' \"${hits[@]}\" >>offers; "
                     "builtin compadd \"$@\" }"):
            self.type(line + "\n")
        self.type("echo rea''dy\n")
        self.read_until("ready")

    def close(self):
        os.close(self.screen)
        os.kill(self.pid, 9)
        os.waitpid(self.pid, 0)

    def type(self, text):
        os.write(self.screen, text.encode())

    def read_until(self, word, seconds=20):
        seen, end = "", time.monotonic() + seconds
        while word not in seen and time.monotonic() < end:
            if select.select([self.screen], [], [], 0.2)[0]:
                seen += os.read(self.screen, 65536).decode(errors="replace")
        self.assertIn(word, seen)

    def offers(self, line):
        open(self.path("offers"), "w").close()
        self.type(line + "\t")
        # Typing ahead would end the completion: wait for offers, then for quiet.
        wait_for(lambda: os.path.getsize(self.path("offers")) > 0, 3)
        while select.select([self.screen], [], [], 0.3)[0]:
            os.read(self.screen, 65536)
        self.type("\x15echo don''e\n")
        self.read_until("done")
        with open(self.path("offers")) as file:
            return {word.rstrip("/").replace("\\ ", " ") for word in re.findall(r"<(.+)>", file.read())}


if __name__ == "__main__":
    main()

"""qstar search against hostile input: damaged models, wrong numbers, signals, narrow terminals, full folders."""
import fcntl
import json
import os
import pty
import random
import re
import signal
import struct
import subprocess
import termios
import time
import unicodedata
import xml.dom.minidom

from search_test import TILES, goal, shuffled
from support import BUILD, QSTAR, RunTest, main, qstar

TILES3 = [*TILES, "size=3"]
HARD = [*TILES, "size=5"]  # no search ends in the time that a test has


def header_of(path):
    """A model's header, and where its data begin."""
    with open(path, "rb") as file:
        length = int.from_bytes(file.read(8), "little")
        return json.loads(file.read(length)), 8 + length


def with_numbers(path, made, tensor, change):
    """Writes `made`: the model of `path`, every number of a tensor changed; None: of every tensor."""
    header, begin = header_of(path)
    with open(path, "rb") as file:
        data = bytearray(file.read())
    for name, entry in header.items():
        if name == "__metadata__" or tensor not in (None, name):
            continue
        first, end = (begin + offset for offset in entry["data_offsets"])
        numbers = struct.unpack(f"<{(end - first) // 4}f", data[first:end])
        data[first:end] = struct.pack(f"<{len(numbers)}f", *(change(i, x) for i, x in enumerate(numbers)))
    with open(made, "wb") as file:
        file.write(data)


def width(line):
    """Columns of a terminal."""
    return sum(2 if unicodedata.east_asian_width(character) == "W" else 1 for character in line)


class SearchFaultsTest(RunTest):
    def states(self, *records, name="states.jsonl"):
        with open(self.path(name), "w") as file:
            for i, record in enumerate(records):
                record = record if isinstance(record, dict) else {"id": i, "state": record}
                file.write(json.dumps(record) + "\n")
        return self.path(name)

    def model(self, values="q"):
        path = self.path(values + ".safetensors")
        helper = os.path.join(BUILD, "tests", "integration", "puzzle_model")
        subprocess.run([helper, path, values, "described", "name=lights_out", "size=3"], check=True)
        return path

    def refused(self, process, code, *words):
        self.assertEqual(process.returncode, code, process.stderr)
        line = process.stderr.strip()
        self.assertEqual(len(line.splitlines()), 1, line)
        self.assertLess(len(line), 500 + 2 * len(self.folder))
        self.assertNotRegex(process.stderr, r"[\x00-\x09\x0b-\x1f\x7f]")
        for word in words:
            self.assertIn(word, line)
        self.assertEqual(process.stdout, "", "nothing is searched")

    # Models.

    def test_no_number_of_a_model_may_be_infinite_or_no_number(self):
        file = self.states([1] * 9)
        for values in ("q", "v"):
            model = self.model(values)
            self.assert_ok(qstar("search", model, "--states", file))
            tensors = [name for name in header_of(model)[0] if name != "__metadata__"]
            self.assertIn("blocks.0.down.weight", tensors)
            for place, tensor in enumerate(tensors):
                wrong = ("nan", "inf", "-inf")[place % 3]
                bad = self.path("bad.safetensors")
                with_numbers(model, bad, tensor, lambda i, x: float(wrong) if i == 0 else x)
                self.refused(qstar("search", bad, "--states", file), 3, bad, f"tensor '{tensor}' holds {wrong} at [0")

    def test_weights_that_overflow_end_the_search_and_name_the_model(self):
        file = self.states([1] * 9)
        for values in ("q", "v"):
            model, bad = self.model(values), self.path("bad.safetensors")
            for factor in (1e36, 1e38):
                with_numbers(model, bad, None, lambda i, x: max(-3e38, min(3e38, x * factor)))
                for words in ([], ["--algorithm", "greedy"], ["--algorithm", "beam", "--batch", "9"], ["--threads", "3"]):
                    self.refused(qstar("search", bad, "--states", file, *words), 3, bad, "states.jsonl:1", "estimates a cost")

    def test_files_that_lie_about_their_size(self):
        file, model = self.states([1] * 9), self.model()
        limited = ["sh", "-c", 'ulimit -v 4000000; exec "$@"', "sh", QSTAR, "search", "--states", file]
        with open(model, "rb") as whole:
            content = whole.read()
        claimed = (6 << 30) // 4
        header = json.dumps({"__metadata__": {"format_version": "1"},
                             "w": {"dtype": "F32", "shape": [claimed], "data_offsets": [0, 4 * claimed]}}).encode()
        honest = len(header).to_bytes(8, "little") + header
        for beginning, size, code, word in ((b"", 100 << 30, 3, "not a qstar model"), (content, 100 << 30, 3, "after its end"),
                                            (content[:40], 100 << 30, 3, "header"),
                                            (honest, len(honest) + 4 * claimed, 4, "not enough memory"),
                                            (b"\xff" * 7 + b"\x7f", 100 << 30, 3, "header is truncated")):
            sparse = self.path("sparse.safetensors")
            with open(sparse, "wb") as made:
                made.write(beginning)
                made.truncate(size)
            answer = subprocess.run([*limited, sparse], capture_output=True, text=True, timeout=20)
            self.refused(answer, code, sparse, word)

    def test_what_is_no_file_is_refused_at_once(self):
        file = self.states([1] * 9)
        os.mkfifo(self.path("fifo"))
        os.symlink(self.path("loop"), self.path("loop"))
        os.makedirs(self.path("run/model.safetensors"))
        for model, word in (("fifo", "not a regular file"), ("loop", "no such model file"), ("run", "not a regular file"),
                            ("none\x1b[2J\n", "none\\x1b[2J\\n: no such model file")):
            answer = qstar("search", self.path(model), "--states", file, timeout=10)
            self.refused(answer, 3, word)
        self.refused(qstar("search", "/dev/zero", "--states", file, timeout=10), 3, "/dev/zero", "not a regular file")
        self.refused(qstar("search", "", "--states", file), 2, "empty")

    # Numbers.

    def test_every_number_option_states_its_range(self):
        file = self.states(goal(3))
        ranges = {"--seconds": "0 to 1000000000", "--nodes": "0 to 9007199254740992", "--weight": "0 to 1000000",
                  "--batch": "1 to 10000000", "--memory": "1 to 16777216", "--threads": "1 to 1024",
                  "--limit": "1 to 1000000000", "--kept-edges": "1 to 65536"}
        helped = qstar("search", "--help").stdout
        for option, range_of in ranges.items():
            self.assertRegex(helped, re.escape(option) + " .*" + re.escape(range_of))
            wrong = ["nan", "inf", "-inf", "-1", "1e400", "18446744073709551616", "", " ", "x", "1x", "0x10"]
            if option not in ("--seconds", "--weight"):
                wrong += ["1.5", "1e3"]
            for value in wrong:
                answer = qstar("search", *TILES3, "--states", file, f"{option}={value}")
                self.refused(answer, 2, option)
                self.assertNotRegex(answer.stderr, r"\d{30}")

    def test_numbers_in_state_files(self):
        def case(line, *words):
            with open(self.path("bad.jsonl"), "w") as file:
                file.write('{"id": 0, "state": [1, 2, 3, 4, 5, 6, 7, 8, 0]}\n' + line + "\n")
            self.refused(qstar("search", *TILES3, "--states", self.path("bad.jsonl")), 3, "bad.jsonl:2: ", *words)

        def record(**fields):
            return json.dumps({"id": 0, "state": goal(3), **fields})

        for field in ("optimal_length", "known_length"):
            case(record(**{field: float("nan")}), "JSON")
            case(record(**{field: "FIELD"}).replace('"FIELD"', "1e999"), "JSON")
            case(record(**{field: -1}), field, "-1", "from 0")
            case(record(**{field: "12"}), field, '"12"')
            case(record(**{field: "\x1b[2J" * 100}), field)
            case(record(**{field: [[]]}), field, "a list")
        deep = 200_000
        case(f'{{"id": 0, "state": {"[" * deep}{"]" * deep}}}', "levels deep")
        case('{"id": 0, "state": [[1]]}', '"state" holds a list')
        case(f'{{"id": {"[" * deep}{"]" * deep}, "state": []}}', "levels deep")
        case('{"id": 0, "id": 1, "state": []}', "'id' twice")
        case("[" * deep, "levels deep")
        case(" " * (2 << 20) + record(), "longer than 1048576 bytes")
        case('{"id": 0, "state": "\x1b[2J"}', "JSON")
        case('{"id": 0, "state": "\\u001b[2J\\n"}', "\\x1b[2J")

    # Options.

    def test_options_without_an_effect_are_refused(self):
        file, lamps = self.states(goal(3)), self.states([1] * 9, name="lamps.jsonl")
        q, v = self.model("q"), self.model("v")
        for words, *expected in (
                ([*TILES3, "--states", file, "--algorithm", "greedy", "--weight", "2"], "--weight", "greedy"),
                ([*TILES3, "--states", file, "--algorithm", "beam", "--weight", "2"], "--weight", "cost the same"),
                ([*TILES3, "--states", file, "--kept-edges", "3"], "--kept-edges"),
                ([v, "--states", lamps, "--kept-edges", "3"], "--kept-edges"),
                ([*TILES3, "turns=2", "--states", file], "turns=2", "sliding_tiles", "settings are size"),
                ([*TILES3, "family=B", "--states", file], "family=B", "sliding_tiles"),
                ([q, "--states", lamps, "--environment", "repeats=true"], "repeats", "lights_out", "settings are size, turns, chase"),
                ([*TILES3, "--states", file, "--svg", ""], "--svg"),
                ([*TILES3, "--states", ""], "--states")):
            self.refused(qstar("search", *words), 2, *expected)
        turns = ["--heuristic", "zero", "--environment", "name=lights_out", "size=3", "turns=2"]
        self.assert_ok(qstar("search", *turns, "--states", lamps, "--algorithm", "beam", "--weight", "2", "--batch", "9"))
        self.assert_ok(qstar("search", q, "--states", lamps, "--kept-edges", "3", "--threads", "1024"))

    def test_help_says_every_default(self):
        lines = qstar("search", "--help").stdout
        self.assertIn("Solve positions of a puzzle", lines)
        options = re.split(r"\n  (?=-)", lines.split("Options:")[1])[1:]
        self.assertGreater(len(options), 14)
        for option in options:
            text = " ".join(option.split())
            flag = re.match(r"(-h,)?--(help|shorten|json)", text)
            self.assertTrue(flag or re.search(r"\((default[ :].*|required)\)$", text), text)

    # Pictures.

    def test_nothing_is_left_of_a_search_that_failed(self):
        file, lamps = self.states(goal(3)), self.states([1] * 9, name="lamps.jsonl")
        folder = self.path("deep/pictures")
        with open(self.path("file"), "w"):
            pass
        os.symlink(self.path("nowhere"), self.path("dangling"))
        for svg in ("/proc", "/proc/none/x", self.path("file"), self.path("file/x"), self.path("dangling")):
            self.refused(qstar("search", *TILES3, "--states", file, "--svg", svg), 4, "--svg", svg.removesuffix("/x"))
        bad = self.path("bad.safetensors")
        with_numbers(self.model(), bad, None, lambda i, x: x * 1e37)
        self.refused(qstar("search", bad, "--states", lamps, "--svg", folder), 3, "estimates a cost")
        self.refused(qstar("search", self.model("v"), "--states", lamps, "--algorithm", "qstar", "--svg", folder), 2, "qstar")
        self.refused(qstar("search", *TILES3, "--states", self.path("none"), "--svg", folder), 3, "none")
        self.assert_ok(qstar("search", *HARD, "--states", self.states(shuffled(5, 2000, 1), name="hard"), "--nodes", "9",
                             "--svg", folder))
        long_id = self.states({"id": "x" * 300, "state": goal(3)}, name="long")
        self.refused(qstar("search", *TILES3, "--states", long_id, "--svg", folder), 2, "long:1", "cannot name a picture")
        self.assertFalse(os.path.exists(self.path("deep")))
        self.assert_ok(qstar("search", *TILES3, "--states", file, "--svg", folder + "/"))
        self.assertEqual(os.listdir(folder), ["0.svg"])
        xml.dom.minidom.parse(folder + "/0.svg")
        os.remove(folder + "/0.svg")
        os.mkdir(folder + "/0.svg")
        answer = qstar("search", *TILES3, "--states", file, "--svg", folder, "--json")
        self.assertEqual(answer.returncode, 4, answer.stderr)
        self.assertIn("0.svg", answer.stderr)
        self.assertEqual(os.listdir(folder), ["0.svg"])

    # Signals.

    def interrupt(self, words, number, seconds=1.0):
        """Sends a signal after the first state; gives what was found, the summary and the words on standard error."""
        process = subprocess.Popen([QSTAR, "search", *words, "--json"], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                   text=True)
        self.addCleanup(self.end, process)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.stderr.close)
        lines = [process.stdout.readline()]
        time.sleep(0.5)
        sent = time.monotonic()
        process.send_signal(number)
        lines += process.stdout.read().splitlines()  # communicate() forgets what was read ahead
        said = process.stderr.read()
        self.assertEqual(process.wait(), 130, said)
        self.assertLess(time.monotonic() - sent, seconds)
        found = [json.loads(line) for line in lines]
        return found[:-1], found[-1]["summary"], said

    def test_a_signal_stops_a_search_within_a_second(self):
        easy, hard = goal(5), shuffled(5, 2000, 7)
        file = self.states(easy, hard, easy, hard, easy)
        signals = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
        variants = (["--threads", "1"], ["--threads", "2"], ["--batch", "1000000"],
                    ["--algorithm", "qstar", "--batch", "1000000"], ["--algorithm", "beam", "--batch", "200000"])
        for place, words in enumerate(variants):
            found, summary, said = self.interrupt([*HARD, "--states", file, *words], signals[place % 3], 1.5)
            self.assertTrue(all(one["solved"] for one in found), words)
            self.assertEqual([one["id"] for one in found], list(range(0, 2 * len(found), 2)), words)
            self.assertEqual((summary["n"], summary["solved"]), (len(found), len(found)))
            self.assertEqual(said.strip(), f"qstar: error: interrupted: {5 - len(found)} of 5 states were not searched to "
                                           "their end")

    def test_nothing_is_measured_of_no_states(self):
        file = self.states(shuffled(5, 2000, 7))
        for words in ([], ["--json"]):
            process = subprocess.Popen([QSTAR, "search", *HARD, "--states", file, *words], stdout=subprocess.PIPE,
                                       stderr=subprocess.PIPE, text=True)
            self.addCleanup(self.end, process)
            time.sleep(0.7)
            process.send_signal(signal.SIGINT)
            output, said = process.communicate(timeout=10)
            self.assertEqual(process.returncode, 130, said)
            self.assertIn("1 of 1 states", said)
            if words:
                summary = json.loads(output)["summary"]
                self.assertEqual(summary["n"], 0)
                for field in ("mean_length", "mean_seconds", "max_seconds", "nodes_per_second"):
                    self.assertIsNone(summary[field], field)
            else:
                self.assertEqual(output, "no state was searched to its end\n")

    # Terminals.

    def on_terminal(self, columns, term, *words):
        """What the command shows on a terminal of that width; its lines, escapes of the progress line apart."""
        screen, side = pty.openpty()
        fcntl.ioctl(side, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        process = subprocess.Popen([QSTAR, "search", *words], stdin=subprocess.DEVNULL, stdout=side, stderr=side,
                                   env={**os.environ, "TERM": term})
        os.close(side)
        seen = b""
        while True:
            try:
                more = os.read(screen, 4096)
            except OSError:  # how Linux says that nobody holds the other side
                break
            seen += more
        os.close(screen)
        self.assertEqual(process.wait(), 0, seen)
        return seen.decode()

    def test_the_table_fits_the_terminal(self):
        ids = ["x" * 300, "\x1b[31mred\x1b[0m\nnext", "\u202eabc", "ä" * 50, 12345678901234567890, "a", "漢字" * 9, "漢"]
        file = self.states(*({"id": name, "state": state} for name, state in
                             zip(ids, [goal(3), *(shuffled(3, 20, seed) for seed in range(7))])))
        for columns in (40, 61, 80, 200):
            for term in ("xterm", "dumb"):
                seen = self.on_terminal(columns, term, *TILES3, "--states", file)
                if term == "dumb":
                    self.assertNotIn("\x1b", seen)
                plain = re.sub(r"\r\x1b\[K[^\r\n]*(?=\r\x1b)|\r\x1b\[K", "", seen)
                self.assertNotIn("\x1b", plain)
                lines = plain.replace("\r\n", "\n").splitlines()
                table = [line for line in lines if re.search(r" solved +\d", line)]
                self.assertEqual(len(table), len(ids), seen)
                for line in table + [line for line in lines if line.lstrip().startswith("id ")]:
                    self.assertLessEqual(width(line), columns, line)
                self.assertEqual(len({width(line) for line in table}), 1, table)
        # In a pipe ids are whole.
        piped = qstar("search", *TILES3, "--states", file)
        self.assert_ok(piped)
        self.assertIn("x" * 300, piped.stdout)
        self.assertIn("\\x1b[31mred\\x1b[0m\\nnext", piped.stdout)
        self.assertIn("\\u{202e}abc", piped.stdout)
        self.assertNotRegex(piped.stdout, "[\x1b\u202e]")


if __name__ == "__main__":
    main()

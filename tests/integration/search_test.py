"""qstar search: every option, what it prints, and every kind of input that it has to refuse."""
import json
import os
import random
import subprocess
import xml.dom.minidom

from support import BUILD, QSTAR, RunTest, main, qstar

PUZZLES = os.environ.get("QSTAR_PUZZLES", os.path.join("..", "shared", "data", "puzzles"))
TILES = ["--heuristic", "manhattan", "--environment", "name=sliding_tiles"]
# Of a move: where the tile that slides lies, seen from the blank.
SOURCES = {"U": (1, 0), "D": (-1, 0), "L": (0, 1), "R": (0, -1)}
OBJECT = ["id", "solved", "length", "moves", "cost", "found_cost", "lower_bound", "end", "nodes_generated",
          "edges_scored", "seconds"]
SUMMARY = {"n", "solved", "mean_length", "mean_cost", "mean_found_cost", "mean_seconds", "max_seconds",
           "nodes_per_second", "share", "peak_memory_bytes", "cpu_seconds", "algorithm", "estimates"}


def goal(side):
    return list(range(1, side * side)) + [0]


def slide(state, side, move):
    """The tiles after a move; nothing when there is no tile to slide."""
    blank = state.index(0)
    row, column = blank // side + SOURCES[move][0], blank % side + SOURCES[move][1]
    if not (0 <= row < side and 0 <= column < side):
        return None
    after = list(state)
    after[blank], after[row * side + column] = state[row * side + column], 0
    return after


def distances(side, depth):
    """How far every position within a number of moves of the goal is: breadth first."""
    found, layer = {tuple(goal(side)): 0}, [goal(side)]
    for distance in range(1, depth + 1):
        following = []
        for state in layer:
            for move in SOURCES:
                after = slide(state, side, move)
                if after and tuple(after) not in found:
                    found[tuple(after)] = distance
                    following.append(after)
        layer = following
    return found


def shuffled(side, steps, seed):
    chance, state = random.Random(seed), goal(side)
    for _ in range(steps):
        state = slide(state, side, chance.choice("UDLR")) or state
    return state


def press(state, side, move):
    row, column = (int(number) - 1 for number in move.split(","))
    after = list(state)
    for y, x in ((row, column), (row - 1, column), (row + 1, column), (row, column - 1), (row, column + 1)):
        if 0 <= y < side and 0 <= x < side:
            after[y * side + x] ^= 1
    return after


class SearchTest(RunTest):
    def states(self, *records, name="states.jsonl"):
        """A file of records; of bare positions, with their places as ids."""
        with open(self.path(name), "w") as file:
            for i, record in enumerate(records):
                record = record if isinstance(record, dict) else {"id": i, "state": record}
                file.write(json.dumps(record) + "\n")
        return self.path(name)

    def search(self, *words):
        answer = qstar("search", *words, "--json")
        self.assert_ok(answer)
        lines = [json.loads(line) for line in answer.stdout.splitlines()]
        return lines[:-1], lines[-1]["summary"]

    def model(self, name, values, *environment, described=True):
        helper = os.path.join(BUILD, "tests", "integration", "puzzle_model")
        subprocess.run([helper, self.path(name), values, "described" if described else "bare", *environment],
                       check=True)
        return self.path(name)

    def refused(self, process, code, *words):
        self.assertEqual(process.returncode, code, process.stderr)
        line = process.stderr.strip()
        self.assertEqual(len(line.splitlines()), 1, line)
        for word in words:
            self.assertIn(word, line)
        self.assertEqual(process.stdout, "", "nothing is searched")

    def assert_solves(self, found, state, step):
        for move in found["moves"]:
            state = step(state, move)
            self.assertIsNotNone(state, found)
        self.assertEqual(found["length"], len(found["moves"]))
        return state

    def test_manhattan_finds_shortest_solutions(self):
        table = sorted(distances(3, 14).items())
        chosen = random.Random(1).sample(table, 60)
        file = self.states(*({"id": i, "state": state, "optimal_length": length, "source": "breadth first"}
                             for i, (state, length) in enumerate(chosen)))
        for words in ([], ["--algorithm", "qstar"], ["--batch", "20"], ["--algorithm", "qstar", "--batch", "7"]):
            found, summary = self.search(*TILES, "size=3", "--states", file, *words)
            self.assertEqual([one["length"] for one in found], [length for _, length in chosen], words)
            for one, (state, length) in zip(found, chosen):
                self.assertEqual(self.assert_solves(one, list(state), lambda s, m: slide(s, 3, m)), goal(3))
                self.assertEqual((one["end"], one["cost"], one["lower_bound"]), ("finished", length, length))
            self.assertEqual((summary["mean_over_optimal"], summary["at_optimum"]), (0, 1))
            self.assertEqual(summary["algorithm"], "qstar" if "qstar" in words else "astar")

    def test_published_positions(self):
        file = os.path.join(PUZZLES, "puzzle15.jsonl")
        if not os.path.exists(file):
            self.skipTest("no published positions in " + PUZZLES)
        with open(file) as lines:
            easy = [record for record in map(json.loads, lines) if record["optimal_length"] <= 42]
        found, summary = self.search(*TILES, "size=4", "--states", self.states(*easy))
        self.assertGreater(len(found), 0)
        self.assertEqual([(one["id"], one["length"]) for one in found],
                         [(record["id"], record["optimal_length"]) for record in easy])
        self.assertEqual(summary["at_optimum"], 1)

    def test_what_is_printed(self):
        stuck = shuffled(5, 2000, 5)
        file = self.states({"id": "a", "state": goal(5)}, {"id": 7, "state": stuck})
        (done, not_done), summary = self.search(*TILES, "size=5", "--states", file, "--nodes", "1000")
        self.assertEqual(list(done), OBJECT)
        self.assertEqual(list(not_done), OBJECT)
        self.assertEqual((done["id"], done["solved"], done["length"], done["moves"]), ("a", True, 0, []))
        self.assertEqual((not_done["id"], not_done["solved"], not_done["end"]), (7, False, "nodes"))
        self.assertEqual((not_done["length"], not_done["cost"], not_done["moves"]), (None, None, []))
        self.assertEqual(not_done["nodes_generated"], 1000)
        self.assertEqual(set(summary), SUMMARY)
        self.assertEqual((summary["n"], summary["solved"], summary["mean_length"]), (2, 1, 0))
        self.assertEqual(set(summary["share"]), {"network", "queue", "environment"})
        self.assertTrue(0 < sum(summary["share"].values()) <= 1.001, summary)
        self.assertAlmostEqual(summary["mean_seconds"], (done["seconds"] + not_done["seconds"]) / 2)
        self.assertEqual(summary["max_seconds"], max(done["seconds"], not_done["seconds"]))
        self.assertGreater(summary["peak_memory_bytes"], 1 << 20)

        table = qstar("search", *TILES, "size=5", "--states", file, "--nodes", "1000")
        self.assert_ok(table)
        self.assertIn("astar on sliding_tiles, estimates from manhattan", table.stdout)
        self.assertRegex(table.stdout, r"(?m)^ +a +solved +0 +finished")
        self.assertRegex(table.stdout, r"(?m)^ +7 +not solved +- +nodes +1000 ")
        self.assertRegex(table.stdout, r"\n1 of 2 states solved, 0\.00 moves per solution\n"
                                       r"\d\.\d+ s per state, \d+ nodes/s, \d+ % of the time in the heuristic\n$")
        self.assertEqual(table.stderr, "", "progress is for terminals")

    def test_costs_that_the_file_knows(self):
        table = sorted(distances(3, 3).items())
        near, three = dict((length, state) for state, length in table)[1], [s for s, n in table if n == 3][0]
        file = self.states({"id": 0, "state": near, "known_length": 4, "solution": ["U"]},
                           {"id": 1, "state": three, "solution": ["U", "D"]},
                           {"id": 2, "state": near, "optimal_length": 1, "known_length": 9})
        _, summary = self.search(*TILES, "size=3", "--states", file)
        self.assertEqual((summary["mean_over_known"], summary["at_known"]), ((1 - 4 + 3 - 2) / 2, 0.5))
        self.assertEqual((summary["mean_over_optimal"], summary["at_optimum"]), (0, 1))

    def test_limits(self):
        file = self.states(shuffled(5, 2000, 5), shuffled(5, 2000, 6))
        one, end = [*TILES, "size=5", "--states", file, "--limit", "1"], lambda found: found[0][0]["end"]
        self.assertEqual(len(self.search(*one, "--nodes", "100")[0]), 1)
        self.assertEqual(end(self.search(*one, "--memory", "2")), "memory")
        short = self.search(*one, "--seconds", "0.3")
        self.assertEqual(end(short), "seconds")
        self.assertTrue(0.3 <= short[1]["max_seconds"] < 3, short)
        self.assertEqual(end(self.search(*one, "--algorithm", "qstar", "--kept-edges", "1", "--nodes", "5000")), "nodes")

    def test_weights_and_algorithms(self):
        file = self.states(*(shuffled(4, 120, seed) for seed in range(6)))
        nodes = {}
        for words in (["--weight", "0.3"], ["--algorithm", "greedy"], ["--algorithm", "beam", "--batch", "200"]):
            found, summary = self.search(*TILES, "size=4", "--states", file, *words)
            self.assertEqual(summary["solved"], 6, words)
            nodes[words[1]] = sum(one["nodes_generated"] for one in found)
        _, best = self.search(*TILES, "size=4", "--states", file)
        _, fast = self.search(*TILES, "size=4", "--states", file, "--algorithm", "greedy")
        self.assertLess(best["mean_length"], fast["mean_length"])
        self.assertEqual(len(set(nodes.values())), 3, "each is a search of its own")

    def test_threads_change_nothing(self):
        file = self.states(*(shuffled(4, 100, seed) for seed in range(12)))
        untimed = lambda found: [dict(one, seconds=0) for one in found[0]]
        alone = self.search(*TILES, "size=4", "--states", file)
        self.assertEqual(untimed(self.search(*TILES, "size=4", "--states", file, "--threads", "3")), untimed(alone))

    def test_standard_input_text_and_pictures(self):
        given = '{"id": "one", "state": "3 1 5 2 4"}\n\n{"id": 2, "state": [1, 2, 3, 4, 5]}\n'
        answer = subprocess.run([QSTAR, "search", "--heuristic", "gaps", "--environment", "name=pancake", "size=5",
                                 "--states", "-", "--svg", self.path("pictures"), "--json"],
                                input=given, capture_output=True, text=True)
        self.assert_ok(answer)
        first = json.loads(answer.stdout.splitlines()[0])
        stack = [3, 1, 5, 2, 4]
        for move in first["moves"]:
            stack[:int(move)] = reversed(stack[:int(move)])
        self.assertEqual(stack, [1, 2, 3, 4, 5])
        self.assertEqual(sorted(os.listdir(self.path("pictures"))), ["2.svg", "one.svg"])
        drawn = xml.dom.minidom.parse(self.path("pictures/one.svg")).documentElement
        self.assertEqual(len(drawn.getElementsByTagName("svg")), 1 + first["length"])
        words = [node.firstChild.data for node in drawn.getElementsByTagName("text")]
        self.assertEqual(words, ["start"] + [f"{i}: {move}" for i, move in enumerate(first["moves"], 1)])

        distant = self.states(shuffled(4, 150, 3))
        self.search(*TILES, "size=4", "--states", distant, "--svg", self.path("tiles"))
        drawn = xml.dom.minidom.parse(self.path("tiles/0.svg")).documentElement
        self.assertEqual(len(drawn.getElementsByTagName("svg")), 12)

    def test_models(self):
        lamps = [press(press([0] * 9, 3, "1,1"), 3, "2,3"), press([0] * 9, 3, "3,3"), [1] * 9]
        file = self.states(*lamps)
        q = self.model("q.safetensors", "q", "name=lights_out", "size=3")
        v = self.model("v.safetensors", "v", "name=lights_out", "size=3")
        os.mkdir(self.path("run"))
        self.model("run/model.safetensors", "q", "name=lights_out", "size=3")
        for model, algorithm, words in ((q, "qstar", []), (v, "astar", []), (self.path("run"), "qstar", []),
                                        (q, "greedy", ["--algorithm", "greedy"]),
                                        (v, "beam", ["--algorithm", "beam", "--batch", "100"])):
            found, summary = self.search(model, "--states", file, "--threads", "2", *words)
            self.assertEqual((summary["algorithm"], summary["solved"]), (algorithm, 3))
            self.assertIn("model.safetensors" if model.endswith("run") else model, summary["estimates"])
            for one, state in zip(found, lamps):
                self.assertEqual(self.assert_solves(one, state, lambda s, m: press(s, 3, m)), [0] * 9)
        self.refused(qstar("search", v, "--states", file, "--algorithm", "qstar"), 2, "qstar", "1 outputs")
        self.refused(qstar("search", q, "--states", file, "--algorithm", "astar"), 2, "astar", "9 outputs")

        cube = self.model("cube.safetensors", "q", "name=cube3", described=False)
        solved = self.states(list(range(54)), name="cube.jsonl")
        self.assertEqual(self.search(cube, "--states", solved)[1]["solved"], 1)
        self.refused(qstar("search", cube, "--states", solved, "--environment", "turns=2"), 2, "12 moves", "126 moves")
        bare = self.model("bare.safetensors", "q", "name=lights_out", "size=4", described=False)
        self.refused(qstar("search", bare, "--states", file), 2, "16 cells", "9 cells", "--environment size=N")
        self.search(bare, "--environment", "size=4", "--states", self.states([0] * 16))

    def test_models_that_are_refused(self):
        file = self.states([1] * 9)
        q = self.model("q.safetensors", "q", "name=lights_out", "size=3")
        self.refused(qstar("search", q, "--states", file, "--environment", "size=5"), 2, "9 cells", "25 cells")
        self.refused(qstar("search", q, "--states", file, "--environment", "name=pancake", "size=9"), 2,
                     "lights_out", "pancake")
        self.refused(qstar("search", q, "--states", file, "--environment", "sise=5"), 2, "sise", "size")
        self.refused(qstar("search", q, "--states", file, "--environment", "name=arithmetic"), 2, "lights_out")
        larger = self.states([1] * 16, name="larger.jsonl")
        self.refused(qstar("search", q, "--states", larger), 3, "larger.jsonl:1", "9", "16")
        with open(q, "rb") as model, open(self.path("cut"), "wb") as cut:
            cut.write(model.read()[:-20])
        self.refused(qstar("search", self.path("cut"), "--states", file), 3, "cut")
        self.refused(qstar("search", self.path("none"), "--states", file), 3, "none")
        self.refused(qstar("search", self.folder, "--states", file), 3, "model.safetensors")

    def test_states_that_are_refused(self):
        def case(puzzle, size, record, code, *words):
            file = self.path("bad.jsonl")
            with open(file, "w") as out:
                out.write("\n" + (record if isinstance(record, str) else json.dumps(record)) + "\n")
            self.refused(qstar("search", "--heuristic", "zero", "--environment", "name=" + puzzle, f"size={size}",
                               "--states", file), code, "bad.jsonl:2: ", *words)

        state = lambda numbers: {"id": 0, "state": numbers}
        cube = list(range(54))
        case("sliding_tiles", 3, state([1, 2, 3, 4, 5, 6, 7, 8]), 3, "9 numbers", "8")
        case("sliding_tiles", 3, state("1 2 3"), 3, "9 numbers", "3")
        case("sliding_tiles", 3, state([1, 2, 3, 4, 5, 6, 7, 8, 9]), 3, '"9"', "0 to 8")
        case("sliding_tiles", 3, state([1, 2, 3, 4, 5, 6, 7, 7, 0]), 3, "7 occurs twice")
        case("sliding_tiles", 3, state([1, 2, 3, 4, 5, 6, 8, 7, 0]), 3, "parity is odd")
        case("sliding_tiles", 3, state([1, 2, 3, 4, 5, 6, 7, 8, 0.5]), 3, "0.5", "whole number")
        case("sliding_tiles", 3, state([1, 2, 3, 4, 5, 6, 7, 8, -1]), 3, "-1")
        case("sliding_tiles", 3, state([1, 2, 3, 4, 5, 6, 7, 8, "x"]), 3, "x", "whole number")
        case("lights_out", 3, state([1, 0, 2, 0, 0, 0, 0, 0, 0]), 3, "0 or 1")
        case("lights_out", 3, state([1, 0, 10, 0, 0, 0, 0, 0, 0]), 3, "9 lamps")
        case("lights_out", 3, state([1, 0]), 3, "9 lamps", "2")
        case("lights_out", 4, state([1] + [0] * 15), 3, "cannot be solved")
        case("pancake", 5, state([0, 1, 2, 3, 4]), 3, '"0"', "1 to 5")
        for wrong, word in broken_cubes():
            case("cube3", 3, state(wrong), 3, word)
        case("cube3", 3, state(cube[:-1]), 3, "54", "53")
        case("cube3", 3, state(cube[:-1] + [54]), 3, '"54"', "0 to 53")
        case("pancake", 5, "{", 3, "JSON")
        case("pancake", 5, "[1]", 3, '"id"', '"state"')
        case("pancake", 5, {"state": [1, 2, 3, 4, 5]}, 3, '"id"')
        case("pancake", 5, {"id": [], "state": [1, 2, 3, 4, 5]}, 3, '"id"')
        case("pancake", 5, {"id": 0}, 3, '"state"')
        case("pancake", 5, state(7), 3, '"state"')
        case("pancake", 5, {"id": 0, "state": [1, 2, 3, 4, 5], "optimal_length": "x"}, 3, "optimal_length")

    def test_command_lines_that_are_refused(self):
        file = self.states(goal(3))
        tiles = [*TILES, "size=3"]
        for words, code, *expected in (
                (["--states", file], 2, "--heuristic"),
                (["model", "--heuristic", "zero", "--states", file], 2, "either a model or --heuristic"),
                (["--heuristic", "zero", "--states", file], 2, "--environment name=PUZZLE"),
                (["--heuristic", "gaps", *TILES[2:], "size=3", "--states", file], 2, "gaps", "manhattan"),
                ([*TILES, "size=2", "--states", file], 2, "size"),
                ([*TILES, "size=9", "--states", file], 2, "size"),
                (["--heuristic", "zero", "--environment", "name=chess", "--states", file], 2, "chess", "cube3"),
                (tiles, 2, "--states"),
                ([*tiles, "--states", self.path("none")], 3, "none"),
                ([*tiles, "--states", self.folder], 3, "directory"),
                ([*tiles, "--states", os.devnull], 3, "no states"),
                ([*tiles, "--states", file, "--algorithm", "magic"], 2, "magic", "qstar"),
                ([*tiles, "--states", file, "--weight", "-1"], 2, "--weight"),
                ([*tiles, "--states", file, "--weight", "nan"], 2, "weight"),
                ([*tiles, "--states", file, "--batch", "0"], 2, "--batch"),
                ([*tiles, "--states", file, "--kept-edges", "0"], 2, "--kept-edges"),
                ([*tiles, "--states", file, "--seconds", "-1"], 2, "--seconds"),
                ([*tiles, "--states", file, "--nodes", "-1"], 2, "--nodes"),
                ([*tiles, "--states", file, "--memory", "0"], 2, "--memory"),
                ([*tiles, "--states", file, "--threads", "0"], 2, "--threads"),
                ([*tiles, "--states", file, "--limit", "0"], 2, "--limit"),
                ([*tiles, "--states", file, "--svg", file], 4, file)):
            self.refused(qstar("search", *words), code, *expected)
        for name, records, word in (("path", [{"id": "../x", "state": goal(3)}], "cannot name a picture"),
                                    ("twice", [{"id": "1", "state": goal(3)}, {"id": 1, "state": goal(3)}], "twice")):
            self.refused(qstar("search", *tiles, "--states", self.states(*records, name=name), "--svg",
                               self.path("pictures")), 2, f"{name}:{len(records)}", word)


def broken_cubes():
    """Cubes that no turns solve, each with what is wrong with it."""
    def moved(places):
        cube = list(range(54))
        for place, sticker in places.items():
            cube[place] = sticker
        return cube

    # 0, 26 and 47 are a corner; 1 and 23, 3 and 50 are edges; 4 is a centre.
    return ((moved({0: 26, 26: 47, 47: 0}), "corner is twisted"),
            (moved({1: 23, 23: 1}), "edge is flipped"),
            (moved({1: 3, 23: 50, 3: 1, 50: 23}), "two pieces are swapped"),
            (moved({0: 1, 1: 0}), "do not belong to one piece"),
            (moved({4: 0, 0: 4}), "centre"))


if __name__ == "__main__":
    main()

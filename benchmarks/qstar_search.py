#!/usr/bin/env python3
"""A* against Q*: the same puzzles, network size, training time and states, in one run.

Usage: qstar_search.py BUILD FOLDER [--states DIRECTORY] [--train SECONDS] [--seconds SECONDS]
                                    [--memory MIB] [--limit STATES] [--only NAME …]
                                    [--weights WEIGHT …] [--batches BATCH …] [--seed SEED]

Trains a value network (for A*) and a Q-network (for Q*; beside its own V, see learning/cost_to_go/puzzle_learner.hpp)
of every puzzle and set of moves for the same CPU seconds into folders of FOLDER (after a short one that measures how fast
the rate has to fall) unless a finished run of the same time and seed is there already, searches the first STATES states of
each of the DIRECTORY's files with both, with every pair of a WEIGHT and a BATCH, each state for at most SECONDS,
prints the tables in Markdown, and writes FOLDER/results.json and FOLDER/growth.svg (of the last pair).
"""
import argparse
import json
import math
import os
import subprocess
import sys

from puzzle_states import write_states


def of_stage(*settings):
    """Overrides of the stage that trains a puzzle's network."""
    return [f"stages.cost_to_go.{setting}" for setting in settings]


# name: (configuration, its states, overrides). Sets of moves of one puzzle differ in `turns`, and in the walks'
# moves, so that all walk about as far.
PUZZLES = {
    "lightsout7": ("lightsout7", "lightsout7.jsonl", []),
    "puzzle15": ("puzzle15", "puzzle15.jsonl", []),
    "cube3": ("cube3", "cube3.jsonl", []),
    "pancake35": ("pancake35", "pancake35.jsonl", []),
    "lightsout7-pairs": ("lightsout7", "lightsout7.jsonl", ["environment.turns=2", *of_stage("scrambles.depth=15")]),
    "lightsout7-triples": ("lightsout7", "lightsout7.jsonl", ["environment.turns=3", *of_stage("scrambles.depth=10")]),
    "cube3-156": ("cube3", "cube3.jsonl", ["environment.turns=2", "environment.repeats=true",
                                           *of_stage("scrambles.depth=14")]),
    "cube3-1872": ("cube3", "cube3.jsonl", ["environment.turns=3", "environment.repeats=true",
                                            *of_stage("scrambles.depth=10")]),
}
GROWTH = {"cube, 12 / 156 / 1872 moves": ["cube3", "cube3-156", "cube3-1872"],
          "Lights Out, 49 / 1225 / 19649 moves": ["lightsout7", "lightsout7-pairs", "lightsout7-triples"]}
MOVES = {"cube3": 12, "cube3-156": 156, "cube3-1872": 1872,
         "lightsout7": 49, "lightsout7-pairs": 1225, "lightsout7-triples": 19649}
# V's targets are the walks' own ways back, so that no set of moves pays for its children in training; nor for those
# of V's greedy play, which is looked at when it is over. Q's costs little, and decides about target-network updates.
TRAINING = of_stage("warm_up=1000000000", "updates=1000000000")
V = of_stage("network.values=v", "check_period=1000000000", "check_positions=4")
# V's error counts as much as those of all the moves that are taught with it.
Q_CHECKS = of_stage("network.values=qv", "check_period=200", "check_positions=32")
Q = [*Q_CHECKS, *of_stage("taught_moves=4", "value_weight=4")]
# Where moves are several as one, many are taught for the price of one (learning/cost_to_go/puzzle_learner.hpp).
Q_OF_SEVERAL = [*Q_CHECKS, *of_stage("taught_moves=24", "value_weight=24")]
RATE_FALLS_TO = 1 / 20  # at the end of training
PROBE = 10  # CPU seconds from which the number of updates of a training is estimated


def train(options, name, values, seconds, run, settings):
    config, _, overrides = PUZZLES[name]
    several = any(setting.startswith("environment.turns=") for setting in overrides)
    learner = V if values == "v" else Q_OF_SEVERAL if several else Q
    subprocess.run([os.path.join(options.build, "qstar"), "train", f"configs/{config}.toml", *overrides, *learner,
                    *TRAINING, f"seed={options.seed}", *of_stage(f"cpu_seconds={seconds}", *settings), "--run", run],
                   check=True, stdout=subprocess.DEVNULL)
    with open(os.path.join(run, "report.json")) as file:
        return json.load(file)["results"]["cost_to_go"]


def trained(options, name, values):
    run = os.path.join(options.folder, f"{name}-{values}-{options.train:.0f}s-seed{options.seed}")
    if not os.path.exists(os.path.join(run, "report.json")):
        cost = train(options, name, values, PROBE, run + "-probe", [])
        updates = max(100, cost["updates"] * options.train / cost["cpu_seconds"])
        train(options, name, values, options.train, run, [f"rate_decay={RATE_FALLS_TO ** (1 / updates):.8f}"])
    return run


def searched(options, name, values, weight, batch):
    algorithm = {"v": "astar", "q": "qstar"}[values]
    run = trained(options, name, values)
    done = subprocess.run([os.path.join(options.build, "qstar"), "search", run, "--states",
                           os.path.join(options.states, PUZZLES[name][1]), "--algorithm", algorithm,
                           "--weight", str(weight), "--batch", str(batch), "--seconds", str(options.seconds),
                           "--limit", str(options.limit), "--memory", str(options.memory), "--json"],
                          check=True, capture_output=True, text=True).stdout.splitlines()
    rows = [json.loads(line) for line in done]
    return {"puzzle": name, "algorithm": algorithm, "weight": weight, "batch": batch, "states": rows[:-1],
            "summary": rows[-1]["summary"]}


def mean(values):
    values = list(values)
    return sum(values) / len(values) if values else math.nan


def table(results):
    print("| puzzle | search | weight | batch | solved | length | over optimal or known | nodes generated | edges scored"
          " | seconds | in the network |")
    print("|---|---|---|---|---|---|---|---|---|---|---|")
    for result in results:
        summary, states = result["summary"], result["states"]
        over = summary.get("mean_over_optimal", summary.get("mean_over_known"))
        length = summary["mean_cost"]
        print(f"| {result['puzzle']} | {result['algorithm']} | {result['weight']} | {result['batch']}"
              f" | {summary['solved']} of {summary['n']}"
              f" | {'' if length is None else f'{length:.2f}'} | {'' if over is None else f'{over:.3f}'}"
              f" | {mean(s['nodes_generated'] for s in states):,.0f} | {mean(s['edges_scored'] for s in states):,.0f}"
              f" | {mean(s['seconds'] for s in states):.3f} | {summary['share']['network']:.2f} |")


def growth(results):
    """How nodes and seconds grow with the number of moves, on states that both searches of a set solved."""
    print("\n| puzzle | weight | batch | moves | A* nodes | Q* nodes | A* / Q* | A* s | Q* s | A* / Q* | both solved |\n"
          "|---|---|---|---|---|---|---|---|---|---|---|")
    lines = {}
    for title, names in GROWTH.items():
        for weight, batch in dict.fromkeys((r["weight"], r["batch"]) for r in results):
            of_pair = grown(title, names, weight, batch,
                            [r for r in results if (r["weight"], r["batch"]) == (weight, batch)])
            lines.update(of_pair)  # drawn: the last pair
    return lines


def grown(title, names, weight, batch, results):
    by_name = {(r["puzzle"], r["algorithm"]): r for r in results}
    lines = {}
    for name in names:
        pair = [by_name.get((name, algorithm)) for algorithm in ("astar", "qstar")]
        if None in pair:
            continue
        both = [(a, q) for a, q in zip(pair[0]["states"], pair[1]["states"]) if a["solved"] and q["solved"]]
        nodes = [mean(p[i]["nodes_generated"] for p in both) for i in (0, 1)]
        seconds = [mean(p[i]["seconds"] for p in both) for i in (0, 1)]
        if not both:  # the budget's nodes: a lower bound
            nodes = [mean(s["nodes_generated"] for s in r["states"]) for r in pair]
            seconds = [mean(s["seconds"] for s in r["states"]) for r in pair]
        print(f"| {title.split(',')[0]} | {weight} | {batch} | {MOVES[name]} | {nodes[0]:,.0f} | {nodes[1]:,.0f}"
              f" | {nodes[0] / nodes[1]:.1f} | {seconds[0]:.3f} | {seconds[1]:.3f} | {seconds[0] / seconds[1]:.1f}"
              f" | {len(both)} |")
        for algorithm, value in zip(("A*", "Q*"), nodes):
            lines.setdefault(f"{title.split(',')[0]}, {algorithm}", []).append((MOVES[name], value))
    return lines


def drawing(lines):
    """Nodes generated against moves, both on logarithmic scales."""
    width, height, left, bottom = 640, 400, 70, 50
    points = [p for line in lines.values() for p in line]
    if not points:
        return ""
    top = math.ceil(max(math.log10(max(y, 1)) for _, y in points))
    right = math.log10(max(x for x, _ in points)) + 0.1

    def at(x, y):
        return (left + (math.log10(x) - 1) / (right - 1) * (width - left - 150),
                height - bottom - math.log10(max(y, 1)) / top * (height - bottom - 20))
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif" font-size="12">',
             f'<rect width="{width}" height="{height}" fill="white"/>',
             f'<text x="{left + 120}" y="{height - 10}">moves (logarithmic)</text>',
             f'<text transform="translate(16,{height / 2 + 60}) rotate(-90)">nodes generated (logarithmic)</text>']
    for power in range(top + 1):
        y = at(10, 10 ** power)[1]
        parts.append(f'<line x1="{left}" x2="{width - 150}" y1="{y:.0f}" y2="{y:.0f}" stroke="#ddd"/>'
                     f'<text x="{left - 8}" y="{y + 4:.0f}" text-anchor="end">10^{power}</text>')
    for (name, line), colour in zip(lines.items(), ("#c44", "#26a", "#e9a13b", "#2a9d5c")):
        path = " ".join(f"{x:.0f},{y:.0f}" for x, y in (at(*p) for p in line))
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts += [f'<circle cx="{at(*p)[0]:.0f}" cy="{at(*p)[1]:.0f}" r="3" fill="{colour}"/>'
                  f'<text x="{at(*p)[0]:.0f}" y="{at(*p)[1] - 7:.0f}" text-anchor="middle" font-size="10">{p[0]}</text>'
                  for p in line]
        x, y = at(*line[-1])
        parts.append(f'<text x="{x + 8:.0f}" y="{y + 4:.0f}" fill="{colour}">{name}</text>')
    return "\n".join(parts + ["</svg>"]) + "\n"


def main():
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("build")
    words.add_argument("folder")
    words.add_argument("--states", default="../shared/data/puzzles", help="folder with the states' files")
    words.add_argument("--train", type=float, default=60, help="CPU seconds a network")
    words.add_argument("--seconds", type=float, default=20, help="a state")
    words.add_argument("--memory", type=int, default=4096, help="MiB a search; A* of many moves wants gigabytes")
    words.add_argument("--limit", type=int, default=10, help="states a puzzle")
    words.add_argument("--weights", type=float, nargs="+", default=[0.3], help="of the path's cost")
    # What Q* saves depends on it: A* makes all the children of a batch.
    words.add_argument("--batches", type=int, nargs="+", default=[100, 1000], help="nodes or edges taken at a time")
    words.add_argument("--seed", type=int, default=1, help="of the training")
    words.add_argument("--only", nargs="+", choices=list(PUZZLES), default=list(PUZZLES))
    options = words.parse_args()
    os.makedirs(options.folder, exist_ok=True)
    if not os.path.isdir(options.states):
        sys.exit(f"qstar_search.py: {options.states} is no folder: give --states a folder with cube3.jsonl, "
                 "puzzle15.jsonl and lightsout7.jsonl")
    results = []
    for name in options.only:
        if PUZZLES[name][1] == "pancake35.jsonl":
            path = os.path.join(options.folder, "pancake35.jsonl")
            write_states("pancake", path)  # their fewest flips are not known
            PUZZLES[name] = (PUZZLES[name][0], os.path.abspath(path), PUZZLES[name][2])
        for values in ("v", "q"):
            for weight in options.weights:
                for batch in options.batches:
                    print(f"{name}, {values}, weight {weight}, batch {batch} …", file=sys.stderr, flush=True)
                    results.append(searched(options, name, values, weight, batch))
                    with open(os.path.join(options.folder, "results.json"), "w") as file:
                        json.dump(results, file)
    print(f"{options.train:.0f} CPU seconds of training a network, {options.limit} states, at most {options.seconds:.0f} s "
          f"each, seed {options.seed}\n")
    table(results)
    lines = growth(results)
    with open(os.path.join(options.folder, "growth.svg"), "w") as file:
        file.write(drawing(lines))


if __name__ == "__main__":
    main()

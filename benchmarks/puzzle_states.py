#!/usr/bin/env python3
"""Positions of puzzles of which nobody publishes any, for `qstar search --states`.

Usage: puzzle_states.py pancake|countdown FILE [--count N] [--size SIZE]

The same arguments give the same file. Pancakes: shuffled stacks. Countdown: numbers as drawn on television
(none to four of 25, 50, 75, 100, the others of two each of 1 to 10) and a target from 100 to 999, whether it
can be reached or not: `qstar search --heuristic zero` finds out, and finds the cost of the shortest solution.
"""
import argparse
import json
import random


def pancake(rng, size):
    stack = list(range(1, size + 1))
    rng.shuffle(stack)
    return stack


def countdown(rng, size):
    large = rng.randrange(0, min(5, size + 1))
    numbers = rng.sample([25, 50, 75, 100], large)
    numbers += rng.sample([n for n in range(1, 11) for _ in (0, 1)], size - large)
    numbers.sort(reverse=True)
    return f"{' '.join(map(str, numbers))}:{rng.randrange(100, 1000)}"


# name: (one position, its size)
PUZZLES = {"pancake": (pancake, 35), "countdown": (countdown, 6)}


def write_states(name, path, count=100, size=None):
    draw, usual = PUZZLES[name]
    size = size or usual
    rng = random.Random(size)
    with open(path, "w") as file:
        for number in range(count):
            file.write(json.dumps({"id": f"{name}{size}-{number}", "state": draw(rng, size)}) + "\n")


def main():
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("name", choices=list(PUZZLES))
    words.add_argument("file")
    words.add_argument("--count", type=int, default=100)
    words.add_argument("--size", type=int)
    options = words.parse_args()
    write_states(options.name, options.file, options.count, options.size)


if __name__ == "__main__":
    main()

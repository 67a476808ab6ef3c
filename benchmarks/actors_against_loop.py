#!/usr/bin/env python3
"""What actors cost: the same work through actors and in one plain loop, both timed.

Usage: actors_against_loop.py BUILD [CONFIG]

Runs `plain_loop` (no actor), `qstar train` in lock-step (the same work through actors, one step
after the other, the same policy in the end) and `qstar train` with a round ahead, in turn, three
times each, and prints the median rates of attempts per second and their ratios to the plain loop's.
Evaluations and checkpoints are cut to the least, since the loop makes none. Exits with 1 when the
lock-step run's policy differs from the loop's.
"""
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time

ROUNDS = 3
LEAST = ["evaluation.problems=1", "evaluation.curve_problems=1", "stages.reinforce.curve_every=1000000",
         "checkpoint.seconds=86400", "stages.base.steps=400", "stages.reinforce.rounds=8"]


def weights(folder):
    """The bytes behind the header of the policy's safetensors file."""
    with open(os.path.join(folder, "policy.safetensors"), "rb") as file:
        header = int.from_bytes(file.read(8), "little")
        file.seek(header, os.SEEK_CUR)
        return file.read()


def timed(command):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    begun = time.monotonic()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    wall = time.monotonic() - begun
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def attempts(qstar, folder):
    answer = subprocess.run([qstar, "replay", "stats", os.path.join(folder, "store"), "--json"],
                            check=True, capture_output=True, text=True)
    return json.loads(answer.stdout)["trajectories"]


def main():
    build = sys.argv[1]
    config = sys.argv[2] if len(sys.argv) > 2 else "configs/quickstart.toml"
    qstar = os.path.join(build, "qstar")
    figures = {"plain loop": [], "actors, lock-step": [], "actors, one round ahead": []}
    with tempfile.TemporaryDirectory(prefix="qstar-bench-") as folder:
        for i in range(ROUNDS):
            runs = [os.path.join(folder, f"{name}{i}") for name in ("loop", "sync", "async")]
            train = [qstar, "train", config, *LEAST, "--run"]
            lockstep = "stages.reinforce.staleness=0"
            commands = [[os.path.join(build, "benchmarks", "plain_loop"), config, runs[0], *LEAST, lockstep],
                        [*train, runs[1], lockstep], [*train, runs[2]]]
            for name, run, command in zip(figures, runs, commands):
                wall, cpu = timed(command)
                made = attempts(qstar, run)
                figures[name].append((made / wall, made / cpu, wall, cpu, made))
            if weights(runs[0]) != weights(runs[1]):
                sys.exit("the lock-step run's policy differs from the plain loop's")
    medians = {name: [statistics.median(column) for column in zip(*rows)] for name, rows in figures.items()}
    base = medians["plain loop"]
    print(f"{'':26}{'attempts':>10}{'wall s':>9}{'CPU s':>9}{'attempts/s':>12}{'ratio':>8}{'per CPU s':>11}{'ratio':>8}")
    for name, (rate, per_cpu, wall, cpu, made) in medians.items():
        print(f"{name:26}{made:10.0f}{wall:9.2f}{cpu:9.2f}{rate:12.1f}{rate / base[0]:8.2f}"
              f"{per_cpu:11.1f}{per_cpu / base[1]:8.2f}")


if __name__ == "__main__":
    main()

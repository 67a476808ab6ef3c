#!/usr/bin/env python3
"""What the quickstart promises, measured: a run a seed, one table.

Usage: quickstart_seeds.py BUILD FOLDER [SEED …]      (seeds 1 2 3)

Trains configs/quickstart.toml into FOLDER/seedN unless a finished run is there already, and prints
each run's figures as its report has them. Exits with 1 when one misses a bound: at least .98 greedy
on 2,000 held-out problems from a base of at most .60, 400 CPU seconds, 2 GB of memory.
"""
import json
import os
import subprocess
import sys


def finished_run(build, folder, seed):
    run = os.path.join(folder, f"seed{seed}")
    if not os.path.exists(os.path.join(run, "report.json")):
        subprocess.run([os.path.join(build, "qstar"), "train", "configs/quickstart.toml", f"seed={seed}",
                        "--run", run], check=True, stdout=subprocess.DEVNULL)
    with open(os.path.join(run, "report.json")) as file:
        return json.load(file)


def main():
    build, folder, seeds = sys.argv[1], sys.argv[2], sys.argv[3:] or ["1", "2", "3"]
    print(f"{'seed':>4}{'base T=1':>10}{'base':>8}{'final T=1':>11}{'final':>8}{'95 % interval':>18}{'n':>6}"
          f"{'M tokens':>10}{'CPU s':>8}{'wall s':>8}{'MB':>6}")
    met = True
    for seed in seeds:
        report = finished_run(build, folder, seed)
        base, final, cost = report["results"]["base"], report["results"]["reinforce"], report["cost"]
        greedy = final["greedy"]
        low, high = greedy["ci95"]
        megabytes = cost["peak_memory_bytes"] / 1e6
        print(f"{seed:>4}{base['sampled']['accuracy']:10.3f}{base['greedy']['accuracy']:8.3f}"
              f"{final['sampled']['accuracy']:11.3f}{greedy['accuracy']:8.4f}"
              f"{f'{low:.4f} – {high:.4f}':>18}{greedy['n']:6}{final['tokens'] / 1e6:10.2f}"
              f"{cost['cpu_seconds']:8.0f}{cost['wall_seconds']:8.0f}{megabytes:6.0f}")
        met &= (greedy["accuracy"] >= 0.98 and base["greedy"]["accuracy"] <= 0.60 and greedy["n"] >= 2000
                and cost["cpu_seconds"] <= 400 and megabytes <= 2000)
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())

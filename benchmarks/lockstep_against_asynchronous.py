#!/usr/bin/env python3
"""Lock-step against asynchronous reinforcement learning at equal numbers of generated tokens: wall time, how busy
the learner was, and the accuracy of the policy, for every algorithm.

Usage: lockstep_against_asynchronous.py BUILD FOLDER [CONFIG] [KEY=VALUE …]

Runs `BUILD/qstar train CONFIG` (default: configs/qstar.toml, without the stages that do not learn from wins) once
with staleness = 0 and once for every staleness in STALENESS (default: 1), into FOLDER. Runs that are finished are
not repeated. Needs two idle cores."""
import json
import os
import subprocess
import sys

SKIPPED = ["sft", "search", "rlhf", "rewards", "selfplay", "measure"]


def run(build, config, folder, overrides):
    report = os.path.join(folder, "report.json")
    if not os.path.exists(report):
        subprocess.run([os.path.join(build, "qstar"), "train", config, "--run", folder, *overrides], check=True,
                       stdout=subprocess.DEVNULL)
    with open(report) as file:
        return json.load(file)


def policies(report):
    results = report["results"]
    return {**results.get("rl", {}), "final": results["final"]}


def staleness_of(rounds):
    return [f"stages.rl.reinforce.staleness={rounds}", f"stages.final.staleness={rounds}"]


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    build, folder, rest = sys.argv[1], sys.argv[2], sys.argv[3:]
    config = rest.pop(0) if rest and "=" not in rest[0] else "configs/qstar.toml"
    overrides = [f"stages.{stage}.skip=true" for stage in SKIPPED] + ["stages.final.start=base"] + rest
    os.makedirs(folder, exist_ok=True)
    lockstep = run(build, config, os.path.join(folder, "staleness-0"), [*overrides, *staleness_of(0)])
    print("algorithm          staleness  wall s  ratio  learner busy  executors busy  tokens  greedy")
    for staleness in [0] + [int(word) for word in os.environ.get("STALENESS", "1").split(",")]:
        report = lockstep if staleness == 0 else run(
            build, config, os.path.join(folder, f"staleness-{staleness}"), [*overrides, *staleness_of(staleness)])
        for name, policy in policies(report).items():
            ratio = policy["wall_seconds"] / policies(lockstep)[name]["wall_seconds"]
            print(f"{name:18} {staleness:9} {policy['wall_seconds']:7.1f} {ratio:6.2f} {policy['learner_busy']:13.3f} "
                  f"{policy['executors_busy']:15.3f} {policy['tokens']:7} {policy['greedy']['accuracy']:7.4f}")


if __name__ == "__main__":
    main()

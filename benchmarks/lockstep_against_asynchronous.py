#!/usr/bin/env python3
"""Reinforcement learning in lock-step against asynchronous, from the same models and at equal numbers of generated
tokens: wall time, how busy the learner was, and the accuracy of the policy, for every algorithm.

Usage: lockstep_against_asynchronous.py BUILD FOLDER [CONFIG] [KEY=VALUE …]

Runs `BUILD/qstar train` once, into FOLDER/run, on the experiment CONFIG (default: configs/qstar.toml) without the
stages that do not learn from wins, and with copies of its stages "rl" and "final" in their place:
  rl_0, final_0          lock-step
  rl_1, final_1          one round ahead, as the settings' default is
  rl_4                   GRPO and PPO, four rounds ahead
  rl_16, rl_16_none      GRPO and PPO, sixteen rounds ahead, with the correction for that and without
A run that was interrupted is resumed; a finished one is only read. Wall times need two idle cores."""
import json
import os
import subprocess
import sys

KEPT = ["pretrain", "judges"]
GRADIENTS = ["grpo", "ppo"]


def name_of(block):
    lines = [line for line in block.splitlines() if line.startswith(("kind = ", "name = "))]
    words = {line.split(" = ")[0]: line.split('"')[1] for line in lines}
    return words["kind"], words.get("name", words["kind"])


def copied(block, old, new, settings):
    """A stage under another name, with further settings at its top."""
    return block.replace(f'name = "{old}"', "\n".join([f'name = "{new}"', *settings]), 1)


def experiment_of(path):
    """The experiment with the copies, as TOML."""
    with open(path) as file:
        text = file.read()
    head, *blocks = text.split("[[targets]]")[0].split("[[stages]]")
    named = {name_of(block): block for block in blocks}
    kept = [block for block in blocks if name_of(block)[0] in KEPT]
    rl, final = named.get(("compare", "rl")), named.get(("reinforce", "final"))
    if rl is None or final is None:
        sys.exit(f"{path}: it needs a stage of kind compare named rl and one of kind reinforce named final, as "
                 "configs/qstar.toml has them")
    some = rl.replace(next(line for line in rl.splitlines() if line.startswith("algorithms")),
                      f"algorithms = {json.dumps(GRADIENTS)}")
    for rounds in [0, 1]:
        kept.append(copied(rl, "rl", f"rl_{rounds}", [f"reinforce.staleness = {rounds}"]))
        start = final.replace('start = "sft"', 'start = "base"')
        kept.append(copied(start, "final", f"final_{rounds}", [f"staleness = {rounds}"]))
    kept.append(copied(some, "rl", "rl_4", ["reinforce.staleness = 4"]))
    kept.append(copied(some, "rl", "rl_16", ["reinforce.staleness = 16"]))
    kept.append(copied(some, "rl", "rl_16_none",
                       ["reinforce.staleness = 16", 'reinforce.gradient.correction = "none"']))
    return "[[stages]]".join([head, *kept])


def run(build, folder, config, overrides):
    path, into = os.path.join(folder, "experiment.toml"), os.path.join(folder, "run")
    report = os.path.join(into, "report.json")
    if not os.path.exists(report):
        os.makedirs(folder, exist_ok=True)
        with open(path, "w") as file:
            file.write(experiment_of(config))
        resume = ["--resume"] if os.path.exists(into) else []
        subprocess.run([os.path.join(build, "qstar"), "train", path, "--run", into, *resume, *overrides], check=True,
                       stdout=subprocess.DEVNULL)
    with open(report) as file:
        return json.load(file)["results"]


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    build, folder, rest = sys.argv[1], sys.argv[2], sys.argv[3:]
    config = rest.pop(0) if rest and "=" not in rest[0] else "configs/qstar.toml"
    results = run(build, folder, config, rest)
    lockstep = {**results["rl_0"], "final": results["final_0"]}
    print("algorithm          stage       wall s  ratio  learner busy  executors busy   tokens  greedy")
    for suffix in ["0", "1", "4", "16", "16_none"]:
        runs = dict(results[f"rl_{suffix}"])
        if f"final_{suffix}" in results:
            runs["final"] = results[f"final_{suffix}"]
        for name, policy in runs.items():
            ratio = policy["wall_seconds"] / lockstep[name]["wall_seconds"]
            print(f"{name:18} {'rl_' + suffix:10} {policy['wall_seconds']:7.1f} {ratio:6.2f} "
                  f"{policy['learner_busy']:13.3f} {policy['executors_busy']:15.3f} {policy['tokens']:8} "
                  f"{policy['greedy']['accuracy']:7.4f}")


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""Every search over text with every guide: accuracy against generated tokens, in one table and one figure.

Usage: text_searches.py BUILD FOLDER [--seed SEED] [--problems N]

Trains a base (configs/quickstart.toml without reinforcement learning), reward models on its own work
(benchmarks/reward_models) and a critic from the win signal alone (600 updates) into FOLDER/seedSEED unless
they are there, tries every search on N held-out problems, prints the table in Markdown, and writes
results.json and searches.svg beside them.
"""
import argparse
import json
import math
import os
import subprocess

# Of a policy alone, then of a guide.
ALONE = ["greedy", "sample --samples 4", "majority --samples 4", "majority --samples 16"]
GUIDED = ["best_of_n --samples 4", "best_of_n --samples 16", "weighted_vote --samples 16", "beam --samples 4",
          "beam --samples 4 --stop-below 0.5 --retries 3", "beam --samples 8 --beam 2",
          "astar --samples 4 --budget 400", "qstar --samples 4 --budget 400",
          "qstar --samples 4 --budget 400 --repeat-cost 0.5", "qstar --samples 4 --budget 400 --repeat-cost 1",
          "mcts --samples 4 --budget 400"]
COLOURS = {"none": "#888", "prm": "#26a", "orm": "#e9a13b", "prm_completions": "#2a9d5c", "critic": "#c44"}


def prepare(options):
    def train(name, *words):
        run = os.path.join(options.folder, name)
        if not os.path.exists(os.path.join(run, "report.json")):
            subprocess.run([os.path.join(options.build, "qstar"), "train", "configs/quickstart.toml",
                            f"seed={options.seed}", "evaluation.problems=100", *words, "--run", run], check=True)
        return run
    base = os.path.join(train("base", "stages.reinforce.skip=true"), "policy.safetensors")
    if not os.path.exists(os.path.join(options.folder, "prm_completions.safetensors")):
        subprocess.run([os.path.join(options.build, "benchmarks", "reward_models"), base, "500", options.folder],
                       check=True)
    # The policy stands still while the critic learns from its attempts.
    critic = train("critic", "stages.reinforce.rounds=1", "stages.reinforce.optimizer.muon_rate=0",
                   "stages.reinforce.optimizer.adamw_rate=0", "stages.reinforce.critic_updates=600")
    guides = {name: os.path.join(options.folder, f"{name}.safetensors") for name in ("prm", "orm", "prm_completions")}
    return base, {**guides, "critic": os.path.join(critic, "critic.safetensors")}


def measure(options, base, words, guide):
    done = subprocess.run([os.path.join(options.build, "qstar"), "eval", base, "--held-out", str(options.problems),
                           "--json", "--search", *words.split(), *(["--guide", guide] if guide else [])],
                          check=True, capture_output=True, text=True).stdout.splitlines()
    return json.loads(done[-1])["summary"]


def drawing(rows):
    width, height, left, bottom, right = 720, 420, 60, 45, 160

    def at(tokens, accuracy):
        return (left + (math.log2(tokens) - 4) / 5 * (width - left - right),
                height - bottom - (accuracy - .3) / .7 * (height - bottom - 20))
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif" '
             'font-size="12">',
             f'<rect width="{width}" height="{height}" fill="white"/>',
             f'<text x="{left + 140}" y="{height - 8}">generated tokens per problem (logarithmic)</text>',
             f'<text transform="translate(16,{height / 2 + 40}) rotate(-90)">right of all</text>']
    for accuracy in (.4, .5, .6, .7, .8, .9, 1):
        y = at(16, accuracy)[1]
        parts.append(f'<line x1="{left}" x2="{width - right}" y1="{y:.0f}" y2="{y:.0f}" stroke="#ddd"/>'
                     f'<text x="{left - 8}" y="{y + 4:.0f}" text-anchor="end">{accuracy:.1f}</text>')
    for tokens in (16, 32, 64, 128, 256):
        x = at(tokens, .3)[0]
        parts.append(f'<text x="{x:.0f}" y="{height - bottom + 16}" text-anchor="middle">{tokens}</text>')
    for row in rows:
        x, y = at(row["tokens_per_problem"], row["accuracy"])
        parts.append(f'<circle cx="{x:.0f}" cy="{y:.0f}" r="4" fill="{COLOURS[row["guide_name"]]}"><title>'
                     f'{row["words"]}, {row["guide_name"]}: {row["accuracy"]:.3f}</title></circle>')
        if row["guide_name"] in ("none", "prm"):
            parts.append(f'<text x="{x + 6:.0f}" y="{y + 4:.0f}" font-size="9" fill="#555">'
                         f'{row["words"].split()[0]}</text>')
    for place, (name, colour) in enumerate(COLOURS.items()):
        y = 30 + 18 * place
        parts.append(f'<circle cx="{width - right + 20}" cy="{y}" r="4" fill="{colour}"/>'
                     f'<text x="{width - right + 30}" y="{y + 4}">{name}</text>')
    return "\n".join(parts + ["</svg>"]) + "\n"


def main():
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("build")
    words.add_argument("folder")
    words.add_argument("--seed", type=int, default=1)
    words.add_argument("--problems", type=int, default=2000)
    options = words.parse_args()
    options.folder = os.path.join(options.folder, f"seed{options.seed}")
    os.makedirs(options.folder, exist_ok=True)
    base, guides = prepare(options)
    rows = []
    print(f"Seed {options.seed}, {options.problems} held-out problems.\n")
    print("| search | guide | right | 95 % | tokens per problem | CPU seconds |\n|---|---|---|---|---|---|")
    for name, guide in {"none": None, **guides}.items():
        for search in GUIDED if guide else ALONE:
            row = {**measure(options, base, search, guide), "words": search, "guide_name": name}
            rows.append(row)
            low, high = row["ci95"]
            print(f"| `{search}` | {name} | {row['accuracy']:.3f} | {low:.3f} to {high:.3f}"
                  f" | {row['tokens_per_problem']:.1f} | {row['cpu_seconds']:.1f} |", flush=True)
    with open(os.path.join(options.folder, "results.json"), "w") as file:
        json.dump(rows, file)
    with open(os.path.join(options.folder, "searches.svg"), "w") as file:
        file.write(drawing(rows))


if __name__ == "__main__":
    main()

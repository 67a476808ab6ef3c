"""Every kind of stage for text, small: its figures, Ctrl-C and resume, and what is refused."""
import os
import re
import signal

from support import RunTest, main, qstar, reached, report, results, stats, wait_for

CONFIG = "configs/sums_stages.toml"
STAGES = {"base": "pretrain", "sft": "finetune", "judges": "judges", "search": "search", "rlhf": "feedback", "rl": "compare",
          "rewards": "compare", "selfplay": "selfplay", "final": "reinforce", "measure": "measure"}
ONLY_BASE_AND_FINAL = [f"stages.{stage}.skip=true" for stage in STAGES if stage not in ("base", "final")]


class StagesTest(RunTest):
    def train(self, *words, timeout=280):
        return qstar("train", CONFIG, "--run", self.path("run"), *words, timeout=timeout)

    def test_every_kind_of_stage(self):
        self.assert_ok(self.train())
        whole = report(self.path("run"))
        self.assertEqual([(stage["name"], stage["kind"]) for stage in whole["stages"]], list(STAGES.items()))
        self.assertEqual(set(whole["results"]), set(STAGES))
        self.assertTrue(all(stage["cpu_seconds"] > 0 for stage in whole["stages"]), whole["stages"])
        told = whole["results"]
        accuracy = {name: told[name]["greedy"]["accuracy"] for name in ("base", "sft", "final")}
        self.assertLess(told["base"]["sampled"]["accuracy"], .7)
        self.assertGreater(accuracy["final"], .95)
        self.assertGreater(accuracy["sft"], accuracy["base"])
        searched = {(row["method"], row["guide"]): row["accuracy"] for row in told["search"]}
        self.assertGreater(searched["beam", "prm"], searched["sample", ""] + .1)
        self.assertGreater(told["judges"]["prm"]["step_auc"], .9)
        self.assertEqual(set(told["rl"]), {"expert_iteration", "grpo", "ppo", "q_advantage", "search_guided"})
        for name, run in told["rl"].items():
            self.assertGreater(run["greedy"]["accuracy"], accuracy["base"], name)
            self.assertGreaterEqual(run["tokens"], 60_000, name)
        self.assertEqual(set(told["rewards"]), {"outcome", "process", "both", "screened"})
        self.assertGreater(told["rlhf"]["reward_model"]["pair_accuracy"], .75)
        for run in told["rlhf"]["runs"]:
            self.assertGreater(run["curve"][-1]["proxy"], run["curve"][0]["proxy"])
        self.assertGreater(told["selfplay"]["selfplay"]["curve"][-1]["valid"], .5)
        calculator = told["measure"]["calculator"]
        self.assertEqual(calculator["accuracy"], 1)
        for cost in ("cpu_seconds", "policy_cpu_seconds"):
            self.assertTrue(0 < calculator[cost] < whole["cost"]["cpu_seconds"], calculator)
        self.assertEqual(calculator["policy_cpu_seconds"], told["final"]["greedy"]["cpu_seconds"])
        self.assertAlmostEqual(calculator["times_faster"] * calculator["cpu_seconds"],
                               calculator["policy_cpu_seconds"])
        missed = [figure for figure, bad in (("accuracy of the final policy:", accuracy["final"] < .995),
                                             ("relative to uniform problems:", not (told["selfplay"]["ratio"] or 1) < 1)) if bad]
        for row in told["measure"]["out_of_domain"]:
            if row["final"]["accuracy"] < .9:
                missed.append(f"on other problems ({row['name']}):")
        for reward in ("process", "both", "screened"):
            if told["rewards"][reward]["lucky"] >= .005:
                missed.append(f'under the reward "{reward}":')
        self.assertEqual(len(whole["failed"]), len(missed), whole["failed"])
        for words in missed:
            self.assertTrue(any(words in line for line in whole["failed"]), (words, whole["failed"]))
        for name in ("policy.safetensors", "critic.safetensors", "report.md", "models/prm.safetensors"):
            self.assertTrue(os.path.exists(os.path.join(self.path("run"), name)), name)
        # What it leaves is for anybody: the policy alone, guides, attempts.
        answer = qstar("eval", self.path("run"), "--held-out", "300")
        self.assert_ok(answer)
        self.assertIn(f"{accuracy['final']:.4f}", answer.stdout)
        self.assert_ok(qstar("solve", os.path.join(self.path("run"), "models/base.safetensors"), "3+4-5", "--search",
                             "beam", "--samples", "3", "--guide",
                             os.path.join(self.path("run"), "models/prm.safetensors")))
        self.assertGreater(stats(self.path("run"))["wins"], 0)

    def test_ctrl_c_keeps_everything_and_resume_goes_on(self):
        straight = self.path("straight")
        self.assert_ok(qstar("train", CONFIG, "--run", straight, "stages.final.tokens=40000", *ONLY_BASE_AND_FINAL))
        self.assertEqual(set(results(straight)), {"base", "final"})  # without those that were skipped
        process = self.start("train", CONFIG, "--run", self.path("run"), "stages.final.tokens=40000", *ONLY_BASE_AND_FINAL)
        self.assertTrue(wait_for(lambda: reached(self.path("run"), "final"), 120))
        process.send_signal(signal.SIGINT)
        output, _ = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 130, output)
        self.assert_ok(qstar(*re.search(r"resume with: qstar (train .* --resume)", output)[1].split()))
        with open(os.path.join(straight, "policy.safetensors"), "rb") as one, \
                open(os.path.join(self.path("run"), "policy.safetensors"), "rb") as other:
            self.assertEqual(one.read(), other.read())

    def test_bad_input_is_named(self):
        for words, said in ((["stages.final.tokkens=5"], "stages.final.tokens"), (["stages.rl.algorithms=gpro"], "grpo"),
                            (["stages.search.methods=[{name='bean', samples=3}]"], "did you mean beam?"),
                            (["stages.search.methods=beam samples=3"], "[[stages.methods]]"),
                            (["stages.rl.algorithms=grpo,ppo"], "algorithms=[grpo, ppo]"),
                            (["targets=[{figure='final.greedy.acuracy', at_least=1}]"], "did you mean final.greedy.accuracy?"),
                            (["stages.judges.skip=true"], "judges"), (["stages.bse.steps=5"], "did you mean base?"),
                            (["stages.rlhf.annotator.kind=recorded"], "stages.rlhf.annotator.file"),
                            (["stages.final.staleness=-1"], "stages.final.staleness"),
                            (["stages.compare.algorithms=grpo"], "stages.compare"),  # there are two of this kind
                            (["stages.sft.name=base"], "base"), (["stages=[{kind='pretran'}]"], "pretrain"),
                            (["--certs", "x"], "--certs")):
            answer = self.train(*words, timeout=30)
            self.assertEqual(answer.returncode, 2, answer.stderr)
            self.assertIn(said, answer.stderr)
        answer = self.train("stages.rlhf.annotator.kind=recorded", "stages.rlhf.annotator.file=nowhere.jsonl", timeout=30)
        self.assertEqual(answer.returncode, 3, answer.stderr)
        self.assertIn("nowhere.jsonl", answer.stderr)


if __name__ == "__main__":
    main()

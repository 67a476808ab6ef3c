"""The whole story, small: every stage of it, its figures, Ctrl-C and resume, and what it refuses."""
import os
import re
import signal

from support import RunTest, main, qstar, reached, report, stats, wait_for

STORY = "configs/sums_story.toml"
ONLY_BASE_AND_FINAL = [f"stages.{stage}=false" for stage in
                       ("sft", "verifiers", "search", "rlhf", "rl", "rewards", "selfplay", "measurements")]


class StoryTest(RunTest):
    def tell(self, *words, timeout=280):
        return qstar("train", STORY, "--run", self.path("run"), *words, timeout=timeout)

    def test_the_whole_story(self):
        self.assert_ok(self.tell())
        told = report(self.path("run"))
        accuracy = {name: told[name]["greedy"]["accuracy"] for name in ("base", "sft", "final")}
        self.assertLess(told["base"]["sampled"]["accuracy"], .7)
        self.assertGreater(accuracy["final"], .95)
        self.assertGreater(accuracy["sft"], accuracy["base"])
        searched = {(row["method"], row["guide"]): row["accuracy"] for row in told["search"]}
        self.assertGreater(searched["beam", "prm"], searched["sample", ""] + .1)
        self.assertGreater(told["verifiers"]["prm"]["step_auc"], .9)
        self.assertEqual(set(told["rl"]), {"expert_iteration", "grpo", "ppo", "q_advantage", "search_guided"})
        for name, run in told["rl"].items():
            self.assertGreater(run["greedy"]["accuracy"], accuracy["base"], name)
            self.assertGreaterEqual(run["tokens"], 60_000, name)
        self.assertGreater(told["rlhf"]["reward_model"]["pair_accuracy"], .75)
        for run in told["rlhf"]["runs"]:
            self.assertGreater(run["curve"][-1]["proxy"], run["curve"][0]["proxy"])
        self.assertGreater(told["selfplay"]["selfplay"]["curve"][-1]["valid"], .5)
        calculator = told["calculator"]
        self.assertEqual(calculator["accuracy"], 1)
        for cost in ("cpu_seconds", "policy_cpu_seconds"):
            self.assertTrue(0 < calculator[cost] < told["cpu_seconds"], calculator)
        self.assertEqual(calculator["policy_cpu_seconds"], told["final"]["greedy"]["cpu_seconds"])
        self.assertAlmostEqual(calculator["times_faster"] * calculator["cpu_seconds"],
                               calculator["policy_cpu_seconds"])
        missed = [figure for figure, bad in (("accuracy of the final policy:", accuracy["final"] < .995),
                                             ("relative to uniform problems:", not (told["selfplay"]["ratio"] or 1) < 1)) if bad]
        for row in told["out_of_domain"]:
            if row["final"]["accuracy"] < .9:
                missed.append(f"on other problems ({row['name']}):")
        for reward in ("process", "both", "screened"):
            if told["rewards"][reward]["lucky"] >= .005:
                missed.append(f'under the reward "{reward}":')
        self.assertEqual(len(told["failed"]), len(missed), told["failed"])
        for words in missed:
            self.assertTrue(any(words in line for line in told["failed"]), (words, told["failed"]))
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
        self.assert_ok(qstar("train", STORY, "--run", straight, "final.tokens=40000", *ONLY_BASE_AND_FINAL))
        process = self.start("train", STORY, "--run", self.path("run"), "final.tokens=40000", *ONLY_BASE_AND_FINAL)
        self.assertTrue(wait_for(lambda: reached(self.path("run"), "final"), 120))
        process.send_signal(signal.SIGINT)
        output, _ = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 130, output)
        self.assert_ok(qstar(*re.search(r"resume with: qstar (train .* --resume)", output)[1].split()))
        with open(os.path.join(straight, "policy.safetensors"), "rb") as one, \
                open(os.path.join(self.path("run"), "policy.safetensors"), "rb") as other:
            self.assertEqual(one.read(), other.read())

    def test_bad_input_is_named(self):
        for words, said in ((["rl.tokkens=5"], "tokens"), (["algorithms=gpro"], "grpo"),
                            (["search.methods=[{name='bean', samples=3}]"], "did you mean beam?"),
                            (["search.methods=beam samples=3"], "[[search.methods]]"), (["algorithms=grpo,ppo"], "algorithms=[grpo, ppo]"),
                            (["targets=[{figure='final.greedy.acuracy', at_least=1}]"], "did you mean final.greedy.accuracy?"), (["stages.verifiers=false"], "verifiers"),
                            (["rlhf.annotator.kind=recorded"], "rlhf.annotator.file"), (["rl.staleness=-1"], "rl.staleness"),
                            (["--certs", "x"], "--certs")):
            answer = self.tell(*words, timeout=30)
            self.assertEqual(answer.returncode, 2, answer.stderr)
            self.assertIn(said, answer.stderr)
        answer = self.tell("rlhf.annotator.kind=recorded", "rlhf.annotator.file=nowhere.jsonl", timeout=30)
        self.assertEqual(answer.returncode, 3, answer.stderr)
        self.assertIn("nowhere.jsonl", answer.stderr)


if __name__ == "__main__":
    main()

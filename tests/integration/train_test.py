"""A whole run: what it leaves behind, determinism, Ctrl-C and resume, a live look at its store."""
import json
import os
import re
import signal
import time

from support import RunTest, groups, main, qstar, report, results, stats, trained_run, training_groups, wait_for, SMOKE


class TrainTest(RunTest):
    def reached(self, phase):
        try:
            with open(os.path.join(self.path("run"), "metrics.jsonl")) as lines:
                return any(json.loads(line)["phase"] == phase for line in lines if line.endswith("\n"))
        except FileNotFoundError:
            return False

    def test_a_run_leaves_everything_that_it_promises(self):
        run = trained_run()
        for name in ("config.toml", "metrics.jsonl", "store", "checkpoints", "policy.safetensors",
                     "critic.safetensors", "report.json", "report.md", "learning_curve.svg"):
            self.assertTrue(os.path.exists(os.path.join(run, name)), name)
        self.assertEqual([(stage["name"], stage["kind"]) for stage in report(run)["stages"]],
                         [("base", "pretrain"), ("reinforce", "reinforce")])
        figures = results(run)
        self.assertEqual(figures["reinforce"]["rounds"], 4)
        self.assertEqual(figures["base"]["greedy"]["n"], 100)
        self.assertEqual(figures["reinforce"]["greedy"]["n"], 100)
        self.assertEqual(figures["reinforce"]["critic_updates"], 8)
        self.assertIn("step_auc", figures["reinforce"]["critic"])
        self.assertGreater(stats(run)["trajectories"], 0)
        with open(os.path.join(run, "metrics.jsonl")) as lines:
            phases = {json.loads(line)["phase"] for line in lines}
        self.assertLessEqual({"base", "reinforce", "stage"}, phases)
        model = os.path.join(run, "policy.safetensors")
        answer = qstar("eval", model, "--held-out", "20", "--json")
        self.assert_ok(answer)
        lines = [json.loads(line) for line in answer.stdout.splitlines()]
        self.assertEqual(len(lines), 21)
        self.assertEqual(lines[-1]["summary"]["n"], 20)
        self.assert_ok(qstar("solve", model, "3+4*2-5"))
        self.guided(run)

    def guided(self, run):
        """The run's own critic leads every search that takes a guide, from the run or its file."""
        critic = os.path.join(run, "critic.safetensors")
        for name in ("best_of_n", "weighted_vote", "beam", "astar", "qstar", "mcts"):
            for guide in (run, critic):
                answer = qstar("eval", run, "--held-out", "5", "--search", name, "--samples", "3", "--budget", "200",
                               "--guide", guide, "--json")
                self.assert_ok(answer)
                lines = [json.loads(line) for line in answer.stdout.splitlines()]
                summary = lines[-1]["summary"]
                self.assertEqual(summary["n"], 5)
                self.assertEqual((summary["search"], summary["guide"], summary["guide_role"], summary["budget"]),
                                 (name, critic, "critic", 200))
                self.assertGreater(summary["guide_queries_per_problem"], 0)
                self.assertEqual(sum(line["tokens"] for line in lines[:-1]), 5 * summary["tokens_per_problem"])
                self.assertIn("q", lines[0]["attempts"][0]["steps"][0])
        shown = qstar("solve", run, "3+4*2-5", "--search", "beam", "--samples", "3", "--guide", run)
        self.assert_ok(shown)
        self.assertIn("beam: ", shown.stdout)

    def test_a_finished_run_gives_its_report_again(self):
        self.copy_of_trained_run()
        figures = report(self.path("run"))
        for name in ("report.json", "report.md", "policy.safetensors", "critic.safetensors"):
            os.remove(os.path.join(self.path("run"), name))  # as if killed just before they were written
        self.assert_ok(self.train("run", "--resume", timeout=30))
        told = report(self.path("run"))
        self.assertEqual(told["results"], figures["results"])
        self.guided(self.path("run"))
        again = self.train("run", timeout=30)
        self.assert_ok(again)
        self.assertIn("finished", again.stdout)
        self.assertEqual(report(self.path("run")), told)  # what it cost then, not now
        self.refused(self.train("run", "stages.reinforce.rounds=2"), 2, "stages.reinforce.rounds", "as it is with")

    def test_two_runs_are_byte_identical_with_and_without_workers(self):
        models, trajectories = [], []
        for run, words in (("one", ()), ("two", ("--workers", "2"))):
            self.assert_ok(self.train(run, *words))
            with open(os.path.join(self.path(run), "policy.safetensors"), "rb") as file:
                models.append(file.read())
            store = os.path.join(self.path(run), "store")
            trajectories.append(groups(self.path(run)))
            trajectories[-1] += [qstar("replay", "show", store, str(group["group"]), "--json").stdout
                                 for group in training_groups(self.path(run))[::7]]
        self.assertEqual(models[0], models[1])
        self.assertEqual(trajectories[0], trajectories[1])
        self.assertIn('"q":', trajectories[0][-1])
        self.assert_ok(self.train("other", "seed=2"))
        with open(os.path.join(self.path("other"), "policy.safetensors"), "rb") as file:
            self.assertNotEqual(models[0], file.read())

    def test_ctrl_c_keeps_everything_and_resume_goes_on(self):
        process = self.start("train", SMOKE, "--run", self.path("run"), "stages.reinforce.rounds=60")
        self.assertTrue(wait_for(lambda: self.reached("reinforce"), 60))
        process.send_signal(signal.SIGINT)
        output, _ = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 130, output)
        # The last line says how to go on; it is taken at its word.
        self.assert_ok(qstar(*re.search(r"resume with: qstar (train .* --resume)", output)[1].split()))
        self.assertEqual(results(self.path("run"))["reinforce"]["rounds"], 60)

    def test_the_store_can_be_read_while_training_writes_it(self):
        process = self.start("train", SMOKE, "--run", self.path("run"), "stages.reinforce.rounds=12")
        counts = []
        while process.poll() is None and len(counts) < 40:
            answer = qstar("replay", "stats", os.path.join(self.path("run"), "store"), "--json")
            if answer.returncode == 0:
                counts.append(json.loads(answer.stdout)["trajectories"])
            time.sleep(0.5)
        process.communicate(timeout=300)
        self.assertEqual(process.returncode, 0)
        self.assertEqual(counts, sorted(counts))
        self.assertGreater(counts[-1], counts[0])


if __name__ == "__main__":
    main()

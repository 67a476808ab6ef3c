"""The command as a person meets it: help, versions, eval, solve, the inspector, the gateway."""
import json
import os
import subprocess
import urllib.request

from support import BUILD, QSTAR, RunTest, main, qstar, trained_run, training_groups, wait_for, SMOKE

SUBCOMMANDS = ("train", "eval", "solve", "search", "replay", "label", "report", "certs", "worker", "completion",
               "help")


class CliTest(RunTest):
    def test_help_and_version(self):
        self.assertRegex(qstar("--version").stdout, r"^qstar \d+\.\d+\.\d+\n$")
        overview = qstar("--help").stdout
        self.assertIn("Exit codes", overview)
        for name in SUBCOMMANDS:
            self.assertIn(name, overview)
            answer = qstar(name, "--help")
            self.assert_ok(answer)
            self.assertIn(f"qstar {name}", answer.stdout, "an example")
        self.assertEqual(qstar().returncode, 2)
        self.assertEqual(qstar("tain").returncode, 2)
        self.assertEqual(qstar("train").returncode, 2)

    def test_only_training_loads_torch(self):
        libraries = subprocess.run(["ldd", QSTAR], capture_output=True, text=True).stdout
        self.assertNotIn("torch", libraries)
        trainer = subprocess.run(["ldd", os.path.join(BUILD, "qstar-train")], capture_output=True, text=True).stdout
        self.assertIn("torch", trainer)

    def test_eval_solve_and_the_inspector(self):
        run = trained_run()
        store = os.path.join(run, "store")
        problems = '{"problem": "3+4*2-5"}\n\n{"problem": "1+2"}\n'
        answer = subprocess.run([QSTAR, "eval", run, "--problems", "-", "--json"], input=problems,
                                capture_output=True, text=True)
        self.assert_ok(answer)
        first, second, last = [json.loads(line) for line in answer.stdout.splitlines()]
        self.assertEqual(set(first), {"problem", "text", "answer", "correct", "steps", "tokens"})
        self.assertEqual((first["problem"], second["problem"]), ("3+4*2-5", "1+2"))
        self.assertEqual(set(first["steps"][0]), {"text", "verdict"})
        self.assertEqual(set(last["summary"]), {"n", "accuracy", "ci95", "tokens_per_problem",
                                                "guide_queries_per_problem", "cpu_seconds", "model", "environment",
                                                "search"})
        self.assertEqual(last["summary"]["n"], 2)

        sample = ["eval", run, "--held-out", "10", "--search", "sample", "--samples", "3", "--json", "--seed"]
        again, other = qstar(*sample, "1").stdout, qstar(*sample, "2").stdout
        self.assertEqual(len(again.splitlines()), 11)
        self.assertEqual(again.splitlines()[:10], qstar(*sample, "1").stdout.splitlines()[:10])
        self.assertNotEqual(again.splitlines()[:10], other.splitlines()[:10])
        several = json.loads(again.splitlines()[0])
        self.assertEqual(len(several["attempts"]), 3)
        self.assertEqual(several["tokens"], sum(a["tokens"] for a in several["attempts"]))
        self.assertAlmostEqual(several["pass_rate"], sum(a["correct"] for a in several["attempts"]) / 3)
        self.assertEqual(json.loads(again.splitlines()[-1])["summary"]["n"], 30)

        longer = qstar("eval", run, "--held-out", "5", "--environment", "family=custom", "operator_counts=5", "--json")
        self.assert_ok(longer)
        for line in longer.stdout.splitlines()[:-1]:
            self.assertEqual(sum(c in "+-*" for c in json.loads(line)["problem"]), 5)

        shown = qstar("solve", run, "3+4*2-5")
        self.assert_ok(shown)
        self.assertIn("log p", shown.stdout)

        stats = json.loads(qstar("replay", "stats", store, "--json").stdout)
        listing = [json.loads(line) for line in qstar("replay", "ls", store, "--limit", "3", "--json").stdout.splitlines()]
        self.assertEqual(len(listing), 3)
        self.assertGreater(stats["trajectories"], stats["groups"])
        text = qstar("replay", "show", store, str(listing[0]["group"]))
        self.assert_ok(text)
        self.assertIn(listing[0]["problem"], text.stdout)
        self.assertIn(str(stats["groups"]), qstar("replay", "stats", store).stdout)
        self.assertIn(listing[0]["problem"], qstar("replay", "ls", store, "--limit", "3").stdout)
        trained_on = training_groups(run)[0]
        attempts = qstar("replay", "show", store, str(trained_on["group"]), "--json").stdout.splitlines()
        self.assertEqual({json.loads(line)["problem"] for line in attempts}, {trained_on["problem"]})
        self.assertEqual(len(attempts), 4)  # stages.reinforce.samples

    def test_the_gateway_shows_a_running_experiment(self):
        process = self.start("train", SMOKE, "--run", self.path("run"), "--http", "0", "stages.reinforce.rounds=60")
        address = next(line for line in process.stdout if "gateway on" in line).split()[-1]

        def fetch(path):
            with urllib.request.urlopen(address + path, timeout=5) as answer:
                return answer.read().decode()

        self.assertTrue(wait_for(lambda: json.loads(fetch("/status")).get("phase") == "reinforce", 60))
        status = json.loads(fetch("/status"))
        self.assertLessEqual({"phase", "progress", "figures", "executors"}, set(status))
        self.assertIn("qstar_base_loss", fetch("/metrics"))
        self.finish(process)


if __name__ == "__main__":
    main()

"""Learning is tested by learning: a small run, from a fixed seed, on problems that it never trained on."""
from support import RunTest, main, qstar, results


class LearningTest(RunTest):
    def test_a_small_run_learns_from_its_own_wins(self):
        self.assert_ok(qstar("train", "configs/sums.toml", "--run", self.path("run"), timeout=240))
        figures = results(self.path("run"))
        base, final = figures["base"]["greedy"], figures["reinforce"]["greedy"]
        self.assertGreater(final["n"], 150)
        self.assertLess(base["accuracy"], 0.85)
        self.assertGreaterEqual(final["accuracy"], 0.95)
        self.assertGreater(figures["reinforce"]["sampled"]["accuracy"], figures["base"]["sampled"]["accuracy"] + 0.15)
        # What it learned is in the file, for anybody.
        answer = qstar("eval", self.path("run"), "--held-out", "300")
        self.assert_ok(answer)
        self.assertIn(f"{final['accuracy']:.4f}", answer.stdout)


if __name__ == "__main__":
    main()

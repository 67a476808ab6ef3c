#include "learning/critic_learner.hpp"

#include <catch2/catch.hpp>

namespace qstar {
namespace {

using Rows = std::vector<std::vector<float>>;

Trajectory attempt(std::vector<std::string> steps, Outcome outcome) {
  Trajectory t;
  t.problem = "p";
  t.outcome = outcome;
  for (std::string& text : steps) {
    t.steps.emplace_back();
    t.steps.back().text = std::move(text);
  }
  return t;
}

TEST_CASE("double-Q targets choose by one network and value by the other", "[q]") {
  AttemptGroup group;
  group.attempts = {attempt({"a", "b"}, Outcome::kWon), attempt({"a", "c"}, Outcome::kLost),
                    attempt({"d", "c"}, Outcome::kLucky)};
  const Rows online = {{.5F, .3F}, {.5F, .8F}, {.1F, .9F}};
  const Rows target = {{.4F, .7F}, {.4F, .2F}, {.6F, .1F}};
  // After "a" the online network prefers "c" (.8 > .3), which the target network values at .2;
  // after "d" there is only its own "c".
  const Rows expected = {{.1F, 1}, {.1F, 0}, {.05F, 1}};
  const Rows got = double_q_targets(group, online, target, 0.5);
  REQUIRE(got.size() == 3);
  for (std::size_t a = 0; a < 3; ++a)
    for (std::size_t i = 0; i < 2; ++i) REQUIRE(got[a][i] == Approx(expected[a][i]));
}

TEST_CASE("attempts without values neither get targets nor give them", "[q]") {
  AttemptGroup group;
  group.attempts = {attempt({"a", "b"}, Outcome::kWon), attempt({"a", "c"}, Outcome::kLost)};
  const Rows online = {{.5F, .3F}, {}};
  const Rows got = double_q_targets(group, online, Rows{{.5F, .25F}, {}}, 1.0);
  REQUIRE(got == Rows{{.25F, 1.0F}, {}});
}

TEST_CASE("a step that ends the problem is not the step that goes on", "[q]") {
  AttemptGroup group;
  group.attempts = {attempt({"a", "b"}, Outcome::kLost), attempt({"a"}, Outcome::kWon)};
  const Rows got = double_q_targets(group, Rows{{.5F, .5F}, {.9F}}, Rows{{.1F, .3F}, {.9F}}, 1.0);
  REQUIRE(got == Rows{{.3F, 0.0F}, {1.0F}});
}

TEST_CASE("the report ranks right above wrong and measures honesty", "[q]") {
  std::vector<Trajectory> attempts = {attempt({"a", "b"}, Outcome::kWon),
                                      attempt({"c", "d"}, Outcome::kLost)};
  attempts[0].steps[0].verdict = attempts[0].steps[1].verdict = Verdict::kRight;
  attempts[1].steps[0].verdict = Verdict::kWrongValue;
  const Rows q = {{.85F, .25F}, {.25F, 1.0F}};  // the last step is not judged
  const CriticReport r = assess(attempts, q);
  REQUIRE(r.step_auc == Approx(0.75));  // one pair won, one tied
  REQUIRE(r.steps == 4);
  REQUIRE(r.bins.size() == 10);
  REQUIRE(r.bins[2].n == 2);
  REQUIRE(r.bins[2].win_rate == Approx(0.5));
  REQUIRE(r.bins[9].mean_q == Approx(1.0));
  REQUIRE(r.calibration_error == Approx((.15 + 2 * .25 + 1.0) / 4).epsilon(1e-5));
  REQUIRE(assess({}, {}).step_auc == 0.5);
}

TEST_CASE("the schedule warms up, holds and decays", "[q]") {
  OptimizerConfig c;
  c.warmup = 10;
  c.decay_start = 0.5;
  c.decay_to = 0.1;
  REQUIRE(schedule(c, 0, 100) == Approx(0.1));
  REQUIRE(schedule(c, 9, 100) == 1.0);
  REQUIRE(schedule(c, 50, 100) == 1.0);
  REQUIRE(schedule(c, 75, 100) == Approx(0.55));
  REQUIRE(schedule(c, 100, 100) == Approx(0.1));
  REQUIRE(schedule(c, 500, 100) == Approx(0.1));
  c.warmup = 0;
  REQUIRE(schedule(c, 0, 100) == 1.0);
}

TEST_CASE("configurations survive printing", "[q]") {
  CriticConfig c;
  c.target_period = 33;
  c.optimizer.muon_rate = 0.0123;
  CriticConfig back;
  REQUIRE(parse_config(print_config(describe_of(c)), "test", {}, describe_of(back)));
  REQUIRE(back == c);
}

}  // namespace
}  // namespace qstar

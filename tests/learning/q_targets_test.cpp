#include "learning/critic/q_targets.hpp"

#include <catch2/catch.hpp>

#include <cmath>

#include "learning/critic/critic_learner.hpp"

namespace qstar {
using namespace learning;
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

// The same with the probabilities of its steps under the policy.
Trajectory sampled(std::vector<std::string> steps, const std::vector<float>& probabilities,
                   Outcome outcome) {
  Trajectory t = attempt(std::move(steps), outcome);
  for (std::size_t i = 0; i < t.steps.size(); ++i)
    t.steps[i].logprobs = {0, std::log(probabilities[i])};
  return t;
}

QRows double_q_targets(const AttemptGroup& group, const Rows& online, const Rows& target,
                       double discount) {
  return q_targets(StepTree(group), online, target, {"double_q", 7, discount});
}

void check_rows(const Rows& got, const Rows& expected) {
  REQUIRE(got.size() == expected.size());
  for (std::size_t a = 0; a < got.size(); ++a) {
    REQUIRE(got[a].size() == expected[a].size());
    for (std::size_t i = 0; i < got[a].size(); ++i) {
      CAPTURE(a, i);
      CHECK(std::isnan(got[a][i]) == std::isnan(expected[a][i]));
      if (!std::isnan(expected[a][i])) CHECK(got[a][i] == Approx(expected[a][i]));
    }
  }
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
  check_rows(double_q_targets(group, online, target, 0.5), expected);
}

TEST_CASE("n-step targets look n steps along the attempt, or to its end", "[q]") {
  AttemptGroup group;
  group.attempts = {attempt({"a", "b", "c", "d"}, Outcome::kWon),
                    attempt({"a", "b", "e"}, Outcome::kLost)};
  const Rows online = {{.5F, .5F, .3F, .6F}, {.5F, .5F, .9F}};
  const Rows target = {{.1F, .2F, .8F, .4F}, {.1F, .2F, .7F}};
  const StepTree tree(group);
  // After "a", "b" the online network prefers "e" (.9 > .3), which the target network values at .7;
  // after "a", "b", "c" there is only "d", at .4.
  check_rows(n_step_targets(tree, online, target, 2, 0.5),
             {{.25F * .7F, .25F * .4F, .5F, 1}, {.25F * .7F, 0, 0}});
  check_rows(n_step_targets(tree, online, target, 9, 0.5), {{.125F, .25F, .5F, 1}, {0, 0, 0}});
  CHECK(n_step_targets(tree, online, target, 1, 0.5) ==
        double_q_targets(group, online, target, 0.5));
  CHECK(q_targets(tree, online, target, {"n_step", 2, 0.5}) ==
        n_step_targets(tree, online, target, 2, 0.5));
}

// Two ways from the problem, a likely one that often wins and an unlikely one that seldom does.
AttemptGroup two_ways() {
  AttemptGroup group;
  group.attempts = {sampled({"a", "b"}, {.5F, .6F}, Outcome::kWon),
                    sampled({"a", "c"}, {.5F, .4F}, Outcome::kLost),
                    sampled({"d", "e"}, {.1F, .2F}, Outcome::kLucky),
                    sampled({"a", "b"}, {.5F, .6F}, Outcome::kWon),
                    sampled({"d", "f", "g"}, {.1F, .7F, 1}, Outcome::kLost)};
  return group;
}

TEST_CASE("backups give the exact values of the sampled tree", "[q]") {
  const StepTree tree(two_ways());
  check_rows(q_targets(tree, {}, {}, {"max_backup", 1, 0.9}),
             {{.9F, 1}, {.9F, 0}, {.9F, 1}, {.9F, 1}, {.9F, 0, 0}});
  check_rows(q_targets(tree, {}, {}, {"expected_backup", 1, 0.9}),
             {{.54F, 1}, {.54F, 0}, {.18F, 1}, {.54F, 1}, {.18F, 0, 0}});
  CHECK(backed_up(tree, Backup::kExpected, 1)[0] == Approx(.5 * .6 + .1 * .2));
}

TEST_CASE("steps without probabilities weigh the same", "[q]") {
  AttemptGroup group;
  group.attempts = {attempt({"a", "b"}, Outcome::kWon), attempt({"a", "c"}, Outcome::kLost),
                    attempt({"a", "c"}, Outcome::kLost)};
  check_rows(q_targets(StepTree(group), {}, {}, {"expected_backup"}),
             {{.5F, 1}, {.5F, 0}, {.5F, 0}});
}

TEST_CASE("the chance that a path has kept is its share of the best way's", "[q]") {
  const StepTree tree(two_ways());
  // After the problem the best way wins .6, after "a" and after "d" some step wins for certain.
  check_rows(
      q_targets(tree, {}, {}, {"kept_chance", 1, 1, 0.2}),
      {{.6F / .8F, .75F / 1.2F}, {.75F, 0}, {.2F / .8F, .25F / 1.2F}, {.75F, .625F}, {.25F, 0, 0}});
}

TEST_CASE("nothing is known of the steps where nobody won", "[q]") {
  const auto unknown = std::nanf("");
  AttemptGroup lost;
  lost.attempts = {attempt({"a", "b"}, Outcome::kLost), attempt({"c"}, Outcome::kLost)};
  check_rows(q_targets(StepTree(lost), {}, {}, {"kept_chance"}), {{unknown, unknown}, {unknown}});
}

TEST_CASE("half a step has no place in the tree, and no target", "[q]") {
  Trajectory cut = attempt({"a", "b"}, Outcome::kUnfinished);
  cut.steps[1].tokens = {5};  // no separator
  Trajectory out_of_tokens = attempt({"a", "c"}, Outcome::kUnfinished);
  out_of_tokens.steps[1].tokens = {6, model::Tokenizer::kStepToken};
  AttemptGroup group;
  group.attempts = {cut, out_of_tokens};
  StepTree alone(group);
  CHECK(alone.places == std::vector<std::vector<std::size_t>>{{1}, {1, 2}});
  check_rows(q_targets(alone, {}, {}, {"max_backup"}), {{0}, {0, 0}});
  const Rows online = {{.5F}, {.5F, .25F}};
  check_rows(q_targets(alone, online, online, {"double_q"}), {{.25F}, {.25F, 0}});
  group.attempts.push_back(attempt({"a", "b"}, Outcome::kWon));
  check_rows(q_targets(StepTree(group), {}, {}, {"max_backup"}), {{1}, {1, 0}, {1, 1}});
}

TEST_CASE("the index of states knows which steps were taken in one state", "[q]") {
  const StepTree tree(two_ways());
  StateIndex index;
  index.add(tree, Rows{{1, 1}, {1, 1}, {}, {1, 1}, {1, 1, 1}});
  CHECK(index.states == std::vector<std::int64_t>{0, 1, 0, 1, 0, 1, 0, 2, 3});
  CHECK(index.distinct == std::vector<std::int64_t>{0, 1, 3, 6, 7, 8});
  index.add(tree, Rows{{1, 1}, {}, {}, {}, {}});
  CHECK(index.size == 6);
  CHECK(index.states.back() == 5);
  CHECK(index.distinct.back() == 10);
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
  CHECK(assess(attempts, Rows{{.85F}, {}}).steps == 1);  // what a row lacks is left out
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
  c.target = "kept_chance";
  c.steps = 5;
  c.attempts_per_group = 3;
  c.luck = 0.125;
  c.dueling = true;
  c.centring = 0.5;
  c.conservative = 0.25;
  c.optimizer.muon_rate = 0.0123;
  CriticConfig back;
  REQUIRE(parse_config(print_config(describe_of(c)), "test", {}, describe_of(back)));
  REQUIRE(back == c);
  const auto unknown = parse_config("target = \"best\"", "test", {}, describe_of(back));
  REQUIRE(!unknown);
  CHECK(unknown.error().message.find("max_backup") != std::string::npos);
}

}  // namespace
}  // namespace qstar

#include "learning/reward/step_labels.hpp"

#include <catch2/catch.hpp>
#include <cmath>
#include <map>
#include <set>

#include "data/attempt.hpp"
#include "environment/registry.hpp"
#include "learning/reward/reward_learner.hpp"
#include "model/models.hpp"
#include "tests/support/attempts.hpp"

namespace qstar {
using namespace model;
using namespace learning;
namespace {

constexpr float kNone = -1;  // stands for no label: numbers that are none do not compare

std::vector<float> shown(std::vector<float> labels) {
  for (float& label : labels) label = std::isnan(label) ? kNone : label;
  return labels;
}

Trajectory attempt(const std::string& problem, const std::vector<std::string>& steps, bool finished,
                   std::uint32_t sample = 0) {
  Trajectory t;
  t.id = {1, sample};
  t.problem = problem;
  for (const auto& text : steps) t.steps.push_back(step_of(text));
  environment::judge(*environment::make_environment({}).value(), finished, t);
  return t;
}

TEST_CASE("exact labels are right up to the first wrong step", "[labels]") {
  // 1+2 is 4? Then 4+3 = 7 is a right rewriting of a wrong line.
  auto t = attempt("3*1+2+3", {"3+2+3", "4+3", "7"}, true);
  CHECK(shown(exact_labels(t, AfterWrong::kWrong)) == std::vector<float>{1, 0, 0});
  CHECK(shown(exact_labels(t, AfterWrong::kUnlabelled)) == std::vector<float>{1, 0, kNone});
  t.steps[0].verdict = Verdict::kUnknown;
  CHECK(shown(exact_labels(t, AfterWrong::kWrong)) == std::vector<float>{kNone, kNone, kNone});
  t = attempt("3*1+2+3", {"3+2+3", "5+3", "8"}, true);
  CHECK(exact_labels(t, AfterWrong::kWrong) == std::vector<float>{1, 1, 1});
  CHECK(exact_labels({}, AfterWrong::kWrong).empty());
}

TEST_CASE("outcome labels are the win, everywhere or at the end", "[labels]") {
  const auto lost = attempt("1+2+3", {"4+3", "7"}, true);
  const auto lucky = attempt("1+2+3", {"4+3", "6"}, true);
  const auto unfinished = attempt("1+2+3", {"3+3", "6"}, false);
  CHECK(outcome_labels(lost, OutcomeAt::kEveryStep) == std::vector<float>{0, 0});
  CHECK(outcome_labels(lucky, OutcomeAt::kEveryStep) == std::vector<float>{1, 1});
  CHECK(shown(outcome_labels(lucky, OutcomeAt::kLastStep)) == std::vector<float>{kNone, 1});
  CHECK(outcome_labels(unfinished, OutcomeAt::kEveryStep) == std::vector<float>{0, 0});
  CHECK(outcome_labels({}, OutcomeAt::kLastStep).empty());
}

// Completes known prompts as scripted, in turn; anything else not at all.
class ScriptedPolicy final : public Policy {
 public:
  std::map<std::string, std::vector<std::string>> script{};
  std::vector<GenerateRequest> seen{};

  std::vector<Generation> generate(std::span<const GenerateRequest> requests) override {
    std::map<std::string, std::size_t> turn;
    std::vector<Generation> out;
    for (const auto& request : requests) {
      seen.push_back(request);
      Generation generation;
      if (const auto found = script.find(request.prompt); found != script.end()) {
        generation.text = found->second[turn[request.prompt]++ % found->second.size()];
        generation.tokens.assign(generation.text.size(), 0);
        generation.logprobs.assign(generation.text.size(), 0);
        generation.finished = generation.text.back() == ';';
      }
      out.push_back(std::move(generation));
    }
    return out;
  }
  std::uint64_t version() const override { return 1; }
};

TEST_CASE("rollouts count the completions of every prefix that win", "[labels]") {
  const auto environment = environment::make_environment({}).value();
  ScriptedPolicy policy;
  policy.script = {{";1+2+3=3+3=", {"6;", "7;", "6", "9=6;"}},  // won, lost, cut off, lucky
                   {";1+2+3=4+3=", {"7;", "8;"}}};
  const std::vector<Trajectory> attempts = {attempt("1+2+3", {"3+3", "6"}, true, 0),
                                            attempt("1+2+3", {"4+3", "7"}, true, 1)};
  const auto got = rollout_estimates(*environment, policy, attempts, {.samples = 4, .seed = 5});
  REQUIRE(got.size() == 2);
  CHECK(got[0] == std::vector<RolloutEstimate>{{4, 2}, {1, 1}});
  CHECK(got[1] == std::vector<RolloutEstimate>{{4, 0}, {1, 0}});
  CHECK(rollout_labels(got[0], RolloutLabel::kSoft) == std::vector<float>{0.5, 1});
  CHECK(rollout_labels(got[0], RolloutLabel::kHard) == std::vector<float>{1, 1});
  CHECK(rollout_labels(got[1], RolloutLabel::kHard) == std::vector<float>{0, 0});

  // Every completion has a seed of its own, which its neighbours do not change.
  std::set<std::uint64_t> seeds;
  for (const auto& request : policy.seen) seeds.insert(request.seed);
  CHECK(seeds.size() == 8);
  ScriptedPolicy alone;
  rollout_estimates(*environment, alone, std::span(attempts).subspan(1), {.samples = 4, .seed = 5});
  REQUIRE(alone.seen.size() == 4);
  CHECK(alone.seen[2] == policy.seen[6]);
}

TEST_CASE("prefixes that cannot be continued have no samples", "[labels]") {
  const auto environment = environment::make_environment({}).value();
  ScriptedPolicy policy;  // takes nothing
  auto cut = attempt("1+2+3", {"3+3", "6"}, false);
  auto got = rollout_estimates(*environment, policy, std::span(&cut, 1), {.samples = 2});
  CHECK(got[0] == std::vector<RolloutEstimate>{{0, 0}, {0, 0}});
  CHECK(policy.seen.size() == 2);  // the second step has no separator: it may not be all of it
  CHECK(shown(rollout_labels(got[0], RolloutLabel::kSoft)) == std::vector<float>{kNone, kNone});
  cut.steps[1].tokens = {0, 1};  // now it has
  rollout_estimates(*environment, policy, std::span(&cut, 1), {.samples = 2});
  CHECK(policy.seen.back().prompt == ";1+2+3=3+3=6=");
}

TEST_CASE("continuations are whole attempts, judged as such", "[labels]") {
  const auto environment = environment::make_environment({}).value();
  ScriptedPolicy policy;
  policy.script = {{";1+2+3=3+3=", {"6;", "7;", "6", "9=6;"}}};  // won, lost, cut off, lucky
  const std::vector<Trajectory> attempts = {attempt("1+2+3", {"3+3", "6"}, true, 7),
                                            attempt("1+2+3", {"5+3", "8"}, true, 8)};
  const auto made = continuations(*environment, policy, attempts, {.samples = 4, .seed = 5});
  REQUIRE(made.size() == 4);  // nothing goes on from ";1+2+3=5+3="
  const std::vector<std::string> texts = {";1+2+3=3+3=6;", ";1+2+3=3+3=7;", ";1+2+3=3+3=6",
                                          ";1+2+3=3+3=9=6;"};
  const std::vector<Outcome> outcomes = {Outcome::kWon, Outcome::kLost, Outcome::kUnfinished,
                                         Outcome::kLucky};
  for (std::size_t i = 0; i < 4; ++i) {
    CHECK(text_of(made[i].whole) == texts[i]);
    CHECK(made[i].whole.outcome == outcomes[i]);
    CHECK(made[i].own_steps == (i == 3 ? 2 : 1));
    CHECK(made[i].whole.id == attempts[0].id);
    CHECK(made[i].whole.seed == policy.seen[i].seed);
    CHECK(made[i].whole.steps.back().policy_version == 1);
  }
  // The same requests as for their estimates: half of them won.
  ScriptedPolicy again;
  again.script = policy.script;
  const auto estimates =
      rollout_estimates(*environment, again, attempts, {.samples = 4, .seed = 5});
  CHECK(again.seen == policy.seen);
  CHECK(estimates[0][0] == RolloutEstimate{4, 2});
}

TEST_CASE("a ranking orders every pair of different ranks", "[labels]") {
  const std::vector<Trajectory> attempts(4);
  const auto at = [&](const Trajectory* t) { return t - attempts.data(); };
  const auto pairs = pairs_of(attempts, std::vector<std::int64_t>{2, 1, 2, 3});
  std::set<std::pair<std::ptrdiff_t, std::ptrdiff_t>> got;
  for (const auto& pair : pairs) got.emplace(at(pair.better), at(pair.worse));
  CHECK(got == decltype(got){{1, 0}, {1, 2}, {1, 3}, {0, 3}, {2, 3}});
  CHECK(pairs.size() == 5);
}

TEST_CASE("a reward configuration survives printing, and roles their names", "[labels]") {
  RewardConfig config, back;
  config.attempts_per_update = 7;
  config.optimizer.adamw_rate = 0.0123;
  REQUIRE(parse_config(print_config(describe_of(config)), "test", {}, describe_of(back)));
  CHECK(back == config);
  for (const auto role : {ScorerRole::kProcess, ScorerRole::kOutcome, ScorerRole::kPreference})
    CHECK(reward_role(to_string(role)) == role);
  CHECK_FALSE(reward_role("critic"));
}

}  // namespace
}  // namespace qstar

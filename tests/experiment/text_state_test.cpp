#include "experiment/text/text_state.hpp"

#include <tuple>

#include "tests/support/attempts.hpp"
#include "tests/support/fields.hpp"

#include <catch2/catch.hpp>

using namespace qstar;
using namespace qstar::experiment;

namespace {

// A field more does not compile: then it belongs into both lists.
auto fields_of(OrderedVersion& ordered) {
  auto& [version, policy, critic, critic_updates, first] = ordered;
  return std::tie(version, policy.hash, policy.version, critic, critic_updates, first);
}
auto fields_of(OrderedEvaluation& evaluation) {
  auto& [what, sampled, problems, point, policy] = evaluation;
  return std::tie(what, sampled, problems, point, policy);
}
auto fields_of(TextState& state) {
  auto& [finished, pretrain_steps, policy_updates, critic_updates, version, policy, critic, ordered,
         evaluations, leases, assessment_due, pretrain_tokens, trained_tokens, generated_tokens,
         attempts, wins, lucky, cpu_seconds, times, base, curve, critic_figures, final] = state;
  return std::tuple_cat(
      std::tie(finished, pretrain_steps, policy_updates, critic_updates, version, policy, critic,
               leases, assessment_due, pretrain_tokens, trained_tokens, generated_tokens, attempts,
               wins, lucky, cpu_seconds, times.now, times.stage_waited, times.executors_busy,
               times.executors_idle, base, curve, critic_figures, final),
      fields_of(ordered.at(0)), fields_of(evaluations.at(0)));
}

TextState with_work() {
  TextState state;
  state.ordered.resize(1);
  state.evaluations.resize(1);
  state.evaluations[0].point = nlohmann::json::object();
  return state;
}

}  // namespace

TEST_CASE("every field of a text experiment's state survives its save", "[text_state]") {
  auto state = with_work(), untouched = with_work();
  testing::Distinct distinct;
  const auto set = [&](auto& field) {
    if constexpr (std::is_same_v<std::decay_t<decltype(field)>, nlohmann::json>) {
      double number = 0;
      distinct.set(number);
      if (field.is_array()) field.push_back({{"greedy", number}});
      if (field.is_object()) field["greedy"] = number;
    } else {
      distinct.set(field);
    }
  };
  std::apply([&](auto&... field) { (set(field), ...); }, fields_of(state));
  REQUIRE(testing::all_differ(fields_of(state), fields_of(untouched)));
  auto back = load_text_state(save(state));
  REQUIRE(back.has_value());
  CHECK((fields_of(*back) == fields_of(state)));
}

TEST_CASE("a finished run continues when it gets more versions", "[text_state]") {
  ExperimentConfig config;
  config.rl.versions = 4;
  TextState state;
  REQUIRE(extend(state, config));  // nothing is made yet
  state.finished = true;
  state.version = 5;
  state.final_ = {{"greedy", 1}};
  REQUIRE(extend(state, config));
  REQUIRE(state.finished);
  REQUIRE(state.final_.contains("greedy"));
  config.rl.versions = 6;
  REQUIRE(extend(state, config));
  REQUIRE_FALSE(state.finished);
  REQUIRE(state.final_.empty());
  // Also when it was stopped while its last policy was measured.
  state.final_ = {{"greedy", 1}};
  state.evaluations = {{"final", true, 9, {}, "abc"}, {"curve", false, 9, {}, "abc"}};
  REQUIRE(extend(state, config));
  REQUIRE(state.final_.empty());
  REQUIRE(state.evaluations.size() == 1);
  config.rl.versions = 3;
  const auto fewer = extend(state, config);
  REQUIRE(fewer.error().code == Errc::kConfig);
  REQUIRE(fewer.error().message.find("rl.versions = 3") != std::string::npos);
  REQUIRE(fewer.error().message.find("trained 4") != std::string::npos);
}

TEST_CASE("a damaged state is an error, never a crash", "[text_state]") {
  for (const char* text : {"", "{", "[]", "{\"finished\":3}", "null"})
    REQUIRE(load_text_state(text).error().code == Errc::kCorrupt);
}

TEST_CASE("attempts are counted by their outcome", "[text_state]") {
  TextState state;
  auto group = sample_group(1);
  group.attempts.resize(1);
  auto& attempt = group.attempts[0];
  attempt.steps = {{"3", {5, 0}, {-1, -1}, 1, Verdict::kRight, {}, {}, 0}};
  attempt.outcome = Outcome::kLucky;
  count(group, state);
  attempt.outcome = Outcome::kLost;
  count(group, state);
  attempt.outcome = Outcome::kWon;
  count(group, state);
  CHECK(state.attempts == 3);
  CHECK(state.wins == 2);
  CHECK(state.lucky == 1);
  CHECK(state.generated_tokens == 6);
}

TEST_CASE("an evaluation goes where the report looks for it", "[text_state]") {
  TextState state;
  const Evaluated figures{.accuracy = 0.75, .n = 4};
  record(state, {"base", false, 4, {{"policy_version", 1}}, ""}, figures);
  record(state, {"base", true, 4, {{"policy_version", 1}}, ""}, figures);
  record(state, {"curve", false, 4, {{"policy_version", 3}}, ""}, figures);
  record(state, {"final", false, 4, {{"policy_version", 5}}, ""}, figures);
  CHECK(state.base["greedy"]["accuracy"] == 0.75);
  CHECK(state.base["sampled"]["n"] == 4);
  CHECK(state.final_["greedy"]["accuracy"] == 0.75);
  REQUIRE(state.curve.size() == 2);  // the base and the curve's own point, greedy
  CHECK(state.curve[1]["policy_version"] == 3);
  CHECK(state.curve[1]["greedy"] == 0.75);
}

TEST_CASE("attempts are trained on up to their staleness", "[text_state]") {
  ExperimentConfig config;
  config.rl.staleness = 2;
  config.rl.updates_per_version = 10;
  TextState state;
  state.version = 2;
  CHECK(oldest_allowed(state, config) == 0);
  state.version = 5;
  CHECK(oldest_allowed(state, config) == 3);
  CHECK(version_end(state, config) == 50);
}

// Tasks and their results as bytes: everything comes back, and damage is refused.
#include "experiment/task.hpp"

#include <cmath>
#include <limits>

#include <catch2/catch.hpp>

#include "core/rng.hpp"
#include "persistence/store.hpp"

using namespace qstar;
using namespace qstar::experiment;

namespace {

AttemptGroup group_of(std::uint64_t id) {
  Trajectory attempt;
  attempt.id = {id, 0};
  attempt.problem = "1+2";
  attempt.steps.push_back({"3", {5, 0}, {-1, -0.5F}, 7, Verdict::kRight, 0.25F, 0.75F, 0});
  attempt.outcome = Outcome::kWon;
  attempt.answer = "3";
  return {id, {attempt}};
}

AttemptTask attempt_task() {
  AttemptTask task{.policy = {"abc", 7}, .guide = "def", .scorer = "ghi"};
  task.environment = "name = \"arithmetic\"\n";
  task.search = "beam";
  task.how = {.samples = 3,
              .temperature = 0.5,
              .max_tokens = 48,
              .seed = 0xffff'ffff'ffff'ffff,
              .first_group = 1ULL << 62U,
              .budget = 400,
              .aggregation = search::Aggregation::kProduct,
              .beam = 2,
              .stop_below = 0.25,
              .retries = 5,
              .weight = 0.125,
              .step_cost = 0.0625,
              .repeat_cost = 1.5,
              .priority = search::EdgePriority::kUtility,
              .exploration = 2.5,
              .simulations = 99};
  task.problems = {"1+2", "", std::string("\0x", 2)};
  task.origin = {"night", 3'000'000'009, 4, 5, 6, 0};
  return task;
}

std::vector<Task> tasks() {
  CompleteTask completions;
  completions.policy = {"abc", 1};
  completions.requests = {{";1+2=", 5, 0.25F, 9, true}, {}};
  const ScoreTask scores{"def", {group_of(1), group_of(2)}};
  const ScrambleTask scramble{"name = \"cube3\"\n", "rate = 1\n", 9, 1ULL << 40U, 8, true, "jkl"};
  LogprobTask likelihoods;
  likelihoods.policy = {"abc", 2};
  likelihoods.requests = {{{0, 5, 7}, 2, 0.5F}, {}};
  return {attempt_task(), completions, scores, VerifyTask{{group_of(3)}}, scramble, likelihoods};
}

TaskResult result() {
  TaskResult made;
  made.found.push_back({group_of(9), {0}, 12, 3, true});
  made.records = persistence::pack(std::vector{group_of(9)});
  made.generations.push_back({"3;", {5, 0}, {-1, -2}, true});
  made.groups = {group_of(4)};
  constexpr float kUnknown = std::numeric_limits<float>::infinity();
  made.batches = {{7, {{1, 2}, {0, 1}, {}, {}}, {1, 3.5F}},
                  {8, {{1, 2}, {0, 1}, {1, kUnknown}, {1, -0.0F}}, {}}};
  made.logprobs = {{-1, -0.25F}, {}};
  made.cpu_seconds = 1.25;
  return made;
}

}  // namespace

TEST_CASE("a task comes back from its bytes as it was", "[task]") {
  for (const auto& task : tasks()) {
    INFO(kind_of(task));
    const auto bytes = encode(task);
    const auto again = decode_task(bytes).value();
    CHECK(again.index() == task.index());
    CHECK(encode(again) == bytes);
    CHECK(is_urgent(again) == (kind_of(again) == "logprob"));
  }
  const auto again = std::get<AttemptTask>(decode_task(encode(Task(attempt_task()))).value());
  CHECK(again.policy == PolicyRef{"abc", 7});
  CHECK(again.how.first_group == 1ULL << 62U);
  CHECK(again.how.aggregation == search::Aggregation::kProduct);
  CHECK(again.how.priority == search::EdgePriority::kUtility);
  CHECK(again.how.repeat_cost == 1.5);
  CHECK(again.how.simulations == 99);
  CHECK(again.problems == attempt_task().problems);
  CHECK(again.origin == Origin{"night", 3'000'000'009, 4, 5, 6, 0});
  AttemptTask plain;
  const auto without = std::get<AttemptTask>(decode_task(encode(Task(plain))).value());
  CHECK_FALSE(without.how.aggregation);
  CHECK_FALSE(without.origin);
}

TEST_CASE("a result comes back from its bytes as it was", "[task]") {
  CHECK(decode_result(encode(result())).value() == result());
  CHECK(decode_result(encode(TaskResult{})).value() == TaskResult{});
  const auto scramble = std::get<ScrambleTask>(decode_task(encode(tasks()[4])).value());
  CHECK(scramble.first_batch == 1ULL << 40U);
  CHECK(scramble.network == "jkl");
  CHECK(std::signbit(decode_result(encode(result())).value().batches[1].examples.move_bounds[1]));
}

TEST_CASE("shortened, lengthened and damaged bytes are refused, never read beyond", "[task]") {
  for (const auto& task : tasks()) {
    const auto bytes = encode(task);
    for (std::size_t n = 0; n < bytes.size(); ++n)
      CHECK_FALSE(decode_task(std::string_view(bytes).substr(0, n)).has_value());
    CHECK_FALSE(decode_task(bytes + "x").has_value());
  }
  CHECK_FALSE(decode_task(std::string(1, '\x06')).has_value());
  const auto bytes = encode(result());
  for (std::size_t n = 0; n < bytes.size(); ++n)
    CHECK_FALSE(decode_result(std::string_view(bytes).substr(0, n)).has_value());
  Rng rng(1);
  for (int i = 0; i < 3000; ++i) {  // whatever arrives, the answer is a value or an error
    auto damaged = i % 2 == 0 ? bytes : encode(tasks()[static_cast<std::size_t>(i / 2 % 6)]);
    damaged[rng.below(damaged.size())] = static_cast<char>(rng.below(256));
    (void)decode_task(damaged);
    (void)decode_result(damaged);
  }
}

TEST_CASE("a result whose answers name attempts that it lacks is refused", "[task]") {
  auto made = result();
  made.found.front().answers = {1};
  CHECK(decode_result(encode(made)).error().code == Errc::kCorrupt);
  made = result();
  made.records.clear();
  CHECK(decode_result(encode(made)).error().code == Errc::kCorrupt);
}

TEST_CASE("a record says which run and models it comes from", "[task]") {
  std::vector<AttemptGroup> groups = {group_of(0), group_of(1)};
  const auto before = groups;
  write_origin({"night", 3'000'000'009, 4, 5, 6, 7}, groups);
  for (std::size_t g = 0; g < groups.size(); ++g) {
    auto& attempt = groups[g].attempts.front();
    CHECK(groups[g].group == 3'000'000'009 + g);
    CHECK(attempt.id == TrajectoryId{groups[g].group, 0});
    CHECK(attempt.provenance.run == "night");
    CHECK_FALSE(attempt.provenance.code_version.empty());
    CHECK(attempt.steps.front().model == 4);
    CHECK(attempt.critic_model == 5);
    CHECK(attempt.reward_model == 6);
    CHECK(attempt.critic_version == 7);
    attempt.id.group = g;
    attempt.provenance = {};
    attempt.steps.front().model = attempt.critic_model = attempt.reward_model = 0;
    attempt.critic_version = std::nullopt;
    CHECK(attempt == before[g].attempts.front());  // and nothing else has changed
  }
}

// Exploration by a critic: one guided attempt per problem, and continuations by the base model from
// every state of it.
#include "experiment/text/exploration.hpp"

#include <catch2/catch.hpp>
#include <tuple>

#include "data/attempt.hpp"
#include "experiment/text/stages.hpp"
#include "learning/critic/critic_learner.hpp"
#include "persistence/store.hpp"
#include "tests/support/small_run.hpp"

namespace qstar {
using namespace experiment;
namespace {

Exploration explored(const Run& run, std::span<const std::string> problems) {
  const auto policy = run.publish(run.model("base"), 1, "base").value();
  const auto critic = run.engine()
                          .publish(serialize(learning::CriticLearner(run.model("base"), 1).model()))
                          .value();
  return explore(run, policy, critic, problems, {.samples = 3, .stream = "test", .stage = "test"})
      .value();
}

void pretrain(Run& run) {
  auto done = pretrain_stage(run, run.config().stages.front());
  REQUIRE(done);
  run.add_model("base", std::move(done->models.at("base")));
}

std::string texts_of(const AttemptGroup& group) {
  std::string texts;
  for (const auto& attempt : group.attempts) texts += text_of(attempt) + "\n";
  return texts;
}

TEST_CASE("the policy continues several times from every state of a guided attempt") {
  auto experiment = testing::small_base();
  testing::add_pretraining(experiment);
  std::vector<AttemptGroup> kept;
  auto host = local_host(experiment);
  host.keep = [&](const std::string& packed) {
    const auto groups = persistence::unpack(packed).value();
    kept.assign(groups.begin(), groups.end());
    return Status{};
  };
  auto run = testing::small_run(experiment, std::move(host));
  pretrain(run);  // a little of the corpus, so that work ends
  const auto problems = run.training_problems("test", 20);
  const auto made = explored(run, problems);
  REQUIRE(made.groups.size() == problems.size());
  CHECK(kept == made.groups);
  std::size_t continued = 0, tokens = 0;
  for (std::size_t g = 0; g < problems.size(); ++g) {
    const auto& group = made.groups[g];
    CHECK(group.group == run.group_id("test", g));
    const auto led = text_of(group.attempts.front());
    for (std::size_t s = 0; s < group.attempts.size(); ++s) {
      CHECK(group.attempts[s].id == TrajectoryId{group.group, static_cast<std::uint32_t>(s)});
      CHECK(group.attempts[s].problem == problems[g]);
      // At least the first step is the critic's.
      tokens +=
          s == 0 ? tokens_of(group.attempts[0]) : group.attempts[s].steps.back().tokens.size();
      if (s == 0) continue;
      const auto& first = group.attempts[s].steps.front().text;
      CHECK(led.starts_with(prompt_of(problems[g], std::span(&first, 1))));
    }
    CHECK((group.attempts.size() - 1) % 3 == 0);
    continued += group.attempts.size() - 1;
  }
  CHECK(continued > 0);
  CHECK(made.tokens > static_cast<std::int64_t>(tokens));  // and the steps that were not chosen
  // The same again for the same seed, and each problem for itself.
  const auto again = explored(run, std::span(problems).first(3));
  for (std::size_t g = 0; g < 3; ++g) CHECK(texts_of(again.groups[g]) == texts_of(made.groups[g]));
}

TEST_CASE("further critic training rounds add attempts that the critic guides") {
  auto experiment = testing::small_experiment();
  auto& config = testing::settings<JudgesConfig>(experiment, "judges");
  std::vector<std::string> shown;
  const auto trained = [&](std::int64_t rounds) {
    config.critic_rounds = rounds;
    config.critic_continuations = 2;
    auto host = local_host(experiment);
    host.show = [&shown](const StageProgress& progress) {
      if (shown.empty() || shown.back() != progress.stage) shown.push_back(progress.stage);
      return Status{};
    };
    auto run = testing::small_run(experiment, std::move(host));
    pretrain(run);
    auto judged = judges_stage(run, run.config().stages[2]).value();
    const auto& figures = judged.figures["critic"];
    return std::tuple{figures["tokens"].get<std::int64_t>(),
                      figures["examples"].get<std::int64_t>(),
                      judged.models.at("critic").file.tensors};
  };
  const auto [tokens, examples, once] = trained(0);
  shown.clear();
  const auto [more_tokens, more_examples, thrice] = trained(2);
  CHECK(std::vector(shown.end() - 5, shown.end()) ==
        std::vector<std::string>{"judges.critic", "judges.critic.1.exploration", "judges.critic.1",
                                 "judges.critic.2.exploration", "judges.critic.2"});
  CHECK(examples == config.problems * config.samples);
  CHECK(more_examples >= examples + 2 * config.problems);  // the guided attempts
  CHECK(more_tokens > tokens);
  CHECK(thrice != once);
}

}  // namespace
}  // namespace qstar

// Exploration by a critic: one guided attempt per problem, and continuations by the base model from
// every state of it.
#include "experiment/story/exploration.hpp"

#include <catch2/catch.hpp>
#include <tuple>

#include "data/attempt.hpp"
#include "experiment/story/stages.hpp"
#include "learning/critic/critic_learner.hpp"
#include "tests/support/small_story.hpp"

namespace qstar {
using namespace experiment;
namespace {

Exploration explored(const Story& story, std::span<const std::string> problems) {
  const auto policy = story.publish(story.models.at("base"), 1, "base").value();
  const auto critic =
      story.engine()
          .publish(serialize(learning::CriticLearner(story.models.at("base"), 1).model()))
          .value();
  return explore(story, policy, critic, problems, {.samples = 3, .stream = "test", .stage = "test"})
      .value();
}

std::string texts_of(const AttemptGroup& group) {
  std::string texts;
  for (const auto& attempt : group.attempts) texts += text_of(attempt) + "\n";
  return texts;
}

TEST_CASE("the policy continues several times from every state of a guided attempt") {
  auto config = testing::small_story_config();
  std::vector<AttemptGroup> kept;
  auto host = local_host(config);
  host.keep = [&](std::span<const AttemptGroup> groups) {
    kept.assign(groups.begin(), groups.end());
    return Status{};
  };
  auto story = testing::small_story(config, std::move(host));
  REQUIRE(base_stage(story));  // a little of the corpus, so that work ends
  const auto problems = story.training_problems("test", 20);
  const auto made = explored(story, problems);
  REQUIRE(made.groups.size() == problems.size());
  CHECK(kept == made.groups);
  std::size_t continued = 0, tokens = 0;
  for (std::size_t g = 0; g < problems.size(); ++g) {
    const auto& group = made.groups[g];
    CHECK(group.group == group_id("test", g));
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
  const auto again = explored(story, std::span(problems).first(3));
  for (std::size_t g = 0; g < 3; ++g) CHECK(texts_of(again.groups[g]) == texts_of(made.groups[g]));
}

TEST_CASE("further critic training rounds add attempts that the critic guides") {
  auto config = testing::small_story_config();
  std::vector<std::string> shown;
  const auto trained = [&](std::int64_t rounds) {
    config.verifiers.critic_rounds = rounds;
    config.verifiers.critic_continuations = 2;
    auto host = local_host(config);
    host.show = [&shown](const StageProgress& progress) {
      if (shown.empty() || shown.back() != progress.stage) shown.push_back(progress.stage);
      return Status{};
    };
    auto story = testing::small_story(config, std::move(host));
    REQUIRE(base_stage(story));
    REQUIRE(verifier_stage(story));
    const auto& figures = story.report["verifiers"]["critic"];
    return std::tuple{figures["tokens"].get<std::int64_t>(),
                      figures["examples"].get<std::int64_t>(), story.models["critic"].tensors};
  };
  const auto [tokens, examples, once] = trained(0);
  shown.clear();
  const auto [more_tokens, more_examples, thrice] = trained(2);
  CHECK(std::vector(shown.end() - 5, shown.end()) ==
        std::vector<std::string>{"critic", "critic.1.exploration", "critic.1",
                                 "critic.2.exploration", "critic.2"});
  CHECK(examples == config.verifiers.problems * config.verifiers.samples);
  CHECK(more_examples >= examples + 2 * config.verifiers.problems);  // the guided attempts
  CHECK(more_tokens > tokens);
  CHECK(thrice != once);
}

}  // namespace
}  // namespace qstar

// The checks of a story's configuration, and the parsing of its lists.
#include <catch2/catch.hpp>

#include "story/story_config.hpp"
#include "tests/support/described.hpp"

namespace qstar {
namespace {

TEST_CASE("lists are split at their separator, without blanks and empty parts") {
  CHECK(split(" a, b ,,c ", ',') == std::vector<std::string>{"a", "b", "c"});
  CHECK(split("", ',').empty());
  CHECK(split("beam samples=4 ; greedy", ';') ==
        std::vector<std::string>{"beam samples=4", "greedy"});
}

TEST_CASE("numbers are at least 0 and nothing else") {
  CHECK(numbers_of("key", "0, 0.05,2").value() == std::vector<double>{0, 0.05, 2});
  for (const auto* bad : {"1,x", "-1", "0.1.2", "nan"}) {
    const auto refused = numbers_of("rlhf.kl_weights", bad);
    REQUIRE_FALSE(refused.has_value());
    CHECK(refused.error().message.find("rlhf.kl_weights") == 0);
  }
}

TEST_CASE("a search is its name and its options") {
  const auto row = parse_search_row("beam samples=4 stop_below=0.5 retries=3").value();
  CHECK(row.method == "beam");
  CHECK(row.options == "samples=4 stop_below=0.5 retries=3");
  CHECK(row.how.samples == 4);
  CHECK(row.how.stop_below == 0.5);
  CHECK(row.how.retries == 3);
  const auto unknown = parse_search_row("beam sample=4");
  REQUIRE_FALSE(unknown.has_value());
  CHECK(unknown.error().message.find("samples") != std::string::npos);  // the nearest known one
  CHECK_FALSE(parse_search_row("bean samples=4").has_value());
  // Out of range, not read by it, not enough, endless: said before anything is trained.
  for (const auto* bad : {"beam samples=0", "greedy samples=4", "best_of_n", "qstar samples=4"})
    CHECK(parse_search_row(bad).error().code == Errc::kConfig);
}

TEST_CASE("the default story passes, and contradicting settings are refused") {
  CHECK(check(StoryConfig{}).has_value());
  const auto refused = [](const char* key, const std::function<void(StoryConfig&)>& change) {
    StoryConfig config;
    change(config);
    const auto status = check(config);
    REQUIRE_FALSE(status.has_value());
    CHECK(status.error().code == Errc::kConfig);
    INFO(status.error().message);
    CHECK(status.error().message.find(key) != std::string::npos);
  };
  refused("algorithms", [](auto& c) { c.algorithms = "grpo,gpro"; });
  refused("algorithms", [](auto& c) { c.algorithms = "ppo,ppo"; });
  refused("search.guides", [](auto& c) { c.search.guides = "prm,omr"; });
  refused("search.guides", [](auto& c) { c.search.guides = ""; });
  refused("search.guides", [](auto& c) { c.search.guides = "prm_labels"; });
  refused("rlhf.kl_weights", [](auto& c) { c.rlhf.kl_weights = "0,inf"; });
  refused("rlhf.kl_weights", [](auto& c) { c.rlhf.kl_weights = "0.1,0.1"; });
  refused("warmup", [](auto& c) { c.rl.optimizer.warmup = 8; });
  refused("final.reward", [](auto& c) {
    c.final_.algorithm = "q_advantage";
    c.final_.reward = "both";
  });
  refused("stages.verifiers", [](auto& c) { c.stages.verifiers = false; });
  refused("rlhf.annotator.file", [](auto& c) { c.rlhf.annotator.kind = "recorded"; });
  refused("final.start", [](auto& c) {
    c.stages.sft = false;
    c.final_.start = "sft";
  });
  refused("final.reward", [](auto& c) {
    c.stages.verifiers = c.stages.search = c.stages.rl = c.stages.rewards = false;
    c.final_.reward = "both";
  });
  refused("algorithms", [](auto& c) { c.final_.algorithm = "none"; });
  refused("verifiers.models", [](auto& c) { c.verifiers.models = "prm,rpm"; });
  refused("verifiers.models", [](auto& c) { c.verifiers.models = "prm"; });  // search.guides
  const auto only_final = [](auto& c) { c.stages.search = c.stages.rl = c.stages.rewards = false; };
  refused("verifiers.models", [&](auto& c) {
    only_final(c);
    c.verifiers.models = "orm";
    c.final_.reward = "both";
  });
  refused("verifiers.models", [&](auto& c) {
    only_final(c);
    c.verifiers.models = "prm";
    c.final_.algorithm = "search_guided";
  });
  refused("final.proposer_share",
          [](auto& c) { c.final_.proposer_share = c.final_.revisit_share = 0.5; });
  refused("pretrain.length", [](auto& c) { c.pretrain.length = 97; });
  refused("environment.name", [](auto& c) { c.environment.name = "cube3"; });
}

TEST_CASE("keys of earlier versions are refused, and similar new ones are suggested") {
  const auto refusal = [](const std::string& key) {
    StoryConfig config;
    const std::vector<std::string> overrides = {key + "=1"};
    const auto parsed = parse_config("", "story.toml", overrides, describe_of(config));
    REQUIRE_FALSE(parsed.has_value());
    CHECK(parsed.error().code == Errc::kConfig);
    return parsed.error().message;
  };
  for (const std::string key :
       {"verifiers.critic_lessons", "final.setter_share", "selfplay.setter_share"})
    CHECK(refusal(key).find(key + " is not a known key; did you mean ") != std::string::npos);
  CHECK(refusal("selfplay.setter_steps")
            .find("is not a known key; did you mean selfplay.proposer_steps?") !=
        std::string::npos);
}

TEMPLATE_TEST_CASE("a story's configuration describes every field", "", AttemptConfig,
                   FineTuneConfig, VerifierConfig, SearchTableConfig, AnnotatorConfig,
                   FeedbackConfig, FinalConfig, SelfPlayConfig, StagesConfig, MeasureConfig,
                   StoryConfig, RewardConfig, PolicyGradientConfig) {
  CHECK(testing::describes_all<TestType>());
}

TEST_CASE("reinforcement describes every field that it reads, its selection's one by one") {
  // Not allow_lucky: rewards decide which attempts count as right.
  CHECK(testing::describes_all<ReinforceConfig>(testing::field_count<SelectionOptions>() - 1));
}

TEST_CASE("a story's configuration survives printing") {
  StoryConfig config, again;
  config.rlhf.kl_weights = "0.5";
  config.stages.selfplay = false;
  const auto printed = print_config(describe_of(config));
  REQUIRE(parse_config(printed, "printed", {}, describe_of(again)).has_value());
  CHECK(again == config);
}

}  // namespace
}  // namespace qstar

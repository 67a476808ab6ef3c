// The checks of a story's configuration, and its lists.
#include <catch2/catch.hpp>

#include "experiment/story/story_config.hpp"
#include "tests/support/described.hpp"

namespace qstar {
using namespace experiment;
namespace {

// What reading this text says, or what is wrong with what was read; empty: nothing.
std::string verdict(std::string_view toml, std::vector<std::string> overrides = {}) {
  StoryConfig config;
  const auto read = parse_config(toml, "story.toml", overrides, describe_of(config));
  const auto status = read ? check(config) : read;
  if (!status) CHECK(status.error().code == Errc::kConfig);
  return status ? "" : status.error().message;
}

TEST_CASE("a search is a section with its name and its options") {
  StoryConfig config;
  const auto read = parse_config(
      "[[search.methods]]\nname = 'greedy'\n"
      "[[search.methods]]\nname = 'beam'\nsamples = 4\nstop_below = 0.5\nretries = 3\n",
      "story.toml", {}, describe_of(config));
  REQUIRE(read.has_value());
  REQUIRE(config.search.methods.size() == 2);
  CHECK(config.search.methods[0] == SearchRow{"greedy", {}});
  const auto& beam = config.search.methods[1];
  CHECK(beam.name == "beam");
  CHECK(beam.how.samples == 4);
  CHECK(beam.how.stop_below == 0.5);
  CHECK(beam.how.retries == 3);
  CHECK(beam.how.beam == 1);
}

TEST_CASE("the options of a search are named where they differ from the usual ones") {
  const auto named = [](const char* name, search::SearchOptions how) {
    return options_of({name, how});
  };
  CHECK(named("greedy", {}).empty());
  CHECK(named("beam", {.samples = 4, .stop_below = 0.5, .retries = 3}) ==
        "samples=4 stop_below=0.5 retries=3");
  CHECK(named("beam", {.samples = 8, .beam = 2}) == "samples=8 beam=2");
  CHECK(named("astar", {.samples = 4, .budget = 400, .repeat_cost = 1}) ==
        "samples=4 budget=400 repeat_cost=1");
  CHECK(named("sample", {.samples = 4, .temperature = 0.5}) == "samples=4 temperature=0.5");
}

TEST_CASE("a bad search is refused with its number and its line") {
  const std::string first = "[[search.methods]]\nname = 'greedy'\n";
  const auto second = [&](const std::string& keys) {
    return verdict(first + "[[search.methods]]\n" + keys);
  };
  CHECK(second("name = 'beam'\nsample = 4\n") ==
        "story.toml:5: search.methods[2].sample is not a known key; did you mean "
        "search.methods[2].samples?");
  CHECK(second("name = 'bean'\nsamples = 4\n") ==
        "story.toml:4: search.methods[2].name must be one of greedy, sample, majority, best_of_n, "
        "weighted_vote, beam, astar, qstar, mcts, not \"bean\"; did you mean beam?");
  CHECK(second("samples = 4\n").starts_with("story.toml:3: search.methods[2].name is missing"));
  CHECK(second("name = 'beam'\nsamples = 0\n")
            .starts_with("story.toml:5: search.methods[2].samples must be from 1 to 65536, not 0"));
  CHECK(second("name = 'sample'\nsamples = 4\nbeam = 2\n") ==
        "story.toml:6: search.methods[2].beam has no effect on the search sample; remove it");
  CHECK(second("name = 'greedy'\nsamples = 1\n") ==
        "story.toml:5: search.methods[2].samples has no effect on the search greedy; remove it");
  CHECK(second("name = 'beam'\nsamples = 4\nretries = 3\n") ==
        "story.toml:6: search.methods[2].retries has no effect without stop_below; remove it");
  CHECK(second("name = 'best_of_n'\n").starts_with("search.methods[2]: search 'best_of_n' needs"));
  CHECK(second("name = 'qstar'\nsamples = 4\n")
            .starts_with("search.methods[2]: search 'qstar' may never end"));
  CHECK(second("name = 'greedy'\n") ==
        "search.methods[2] is the same as search.methods[1]; remove one of them");
  CHECK(second("name = 'beam'\nsamples = 4\n").empty());
  CHECK(verdict("[search]\nmethods = 'greedy; beam samples=4'\n")
            .starts_with("story.toml:2: search.methods must be a list of sections, each below "
                         "[[search.methods]], not text"));
}

TEST_CASE("unknown names are refused, and the nearest known one is suggested") {
  for (const auto& [given, said] : std::vector<std::pair<std::string, std::string>>{
           {"algorithms=[grpo,gpro]", "algorithms[2] must be one of expert_iteration, "},
           {"algorithms=[grpo,gpro]", "not \"gpro\"; did you mean grpo?"},
           {"final.algorithm=dpao", "not \"dpao\"; did you mean dapo?"},
           {"final.reward=proces", "not \"proces\"; did you mean process?"},
           {"verifiers.models=[prm,ormm]", "verifiers.models[2] must be one of prm, orm, "},
           {"verifiers.models=[prm,ormm]", "not \"ormm\"; did you mean orm?"},
           {"search.guides=critc", "not \"critc\"; did you mean critic?"},
           {"search.methods=[{name='best_of'}]", "did you mean best_of_n?"},
           {"algorithms=[ppo,ppo]", "algorithms[2] repeats \"ppo\""},
           {"rlhf.kl_weights=[0,0.1,0]", "rlhf.kl_weights[3] repeats 0"},
           {"rlhf.kl_weights=[0,inf]", "rlhf.kl_weights[2] must be a finite number"},
           {"rlhf.kl_weights=[0,101]", "rlhf.kl_weights[2] must be from 0 to 100, not 101"},
           {"rlhf.kl_weights=[0,-1]", "rlhf.kl_weights[2] must be from 0 to 100, not -1"},
           {"algorithms=grpo,ppo",
            "algorithms must be a list, not text: write "
            "algorithms=[grpo, ppo]"}}) {
    INFO(given);
    const auto refusal = verdict("", {given});
    CHECK(refusal.find(said) != std::string::npos);
    INFO(refusal);
    CHECK(refusal.find('\n') == std::string::npos);
  }
  CHECK(verdict("algorithms = 'grpo,ppo'")
            .starts_with("story.toml:1: algorithms must be a list, not text: write algorithms = "
                         "[\"grpo\", \"ppo\"]"));
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
  refused("algorithms is empty, so stages.rl has", [](auto& c) { c.algorithms.clear(); });
  refused("search.methods is empty, so stages.search has",
          [](auto& c) { c.search.methods.clear(); });
  refused("verifiers.models is empty, so stages.verifiers has",
          [](auto& c) { c.verifiers.models.clear(); });
  refused("search.guides is empty, but search.methods[5] (best_of_n)",
          [](auto& c) { c.search.guides.clear(); });
  refused("search.guides", [](auto& c) { c.search.guides = {"prm_labels"}; });
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
  refused("verifiers.models: search.guides needs \"orm\"",
          [](auto& c) { c.verifiers.models = {"prm"}; });
  const auto only_final = [](auto& c) { c.stages.search = c.stages.rl = c.stages.rewards = false; };
  refused("verifiers.models", [&](auto& c) {
    only_final(c);
    c.verifiers.models = {"orm"};
    c.final_.reward = "both";
  });
  refused("verifiers.models", [&](auto& c) {
    only_final(c);
    c.verifiers.models = {"prm"};
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
                   StoryConfig, learning::RewardConfig, learning::PolicyGradientConfig) {
  CHECK(testing::describes_all<TestType>());
}

TEST_CASE("reinforcement describes every field that it reads, its selection's one by one") {
  // Not allow_lucky: rewards decide which attempts count as right.
  CHECK(testing::describes_all<ReinforceConfig>(testing::field_count<learning::SelectionOptions>() -
                                                1));
}

TEST_CASE("a story's configuration survives printing") {
  StoryConfig config, again;
  config.rlhf.kl_weights = {0.5};
  config.algorithms.clear();
  config.search.methods = {{"beam", {.samples = 4, .stop_below = 0.25, .retries = 2}}};
  config.targets = {{"final.greedy.accuracy", "accuracy", 0.5, std::nullopt},
                    {"selfplay.ratio", "", std::nullopt, 1},
                    {"final.lucky", "", 0.1, 0.2}};
  config.stages.selfplay = false;
  const auto printed = print_config(describe_of(config));
  REQUIRE(parse_config(printed, "printed", {}, describe_of(again)).has_value());
  CHECK(again == config);
  again = StoryConfig();
  const StoryConfig usual;
  const auto whole = print_config(describe_of(again));
  REQUIRE(parse_config(whole, "printed", {}, describe_of(again)).has_value());
  CHECK(again == usual);
}

}  // namespace
}  // namespace qstar

// The checks of an experiment's configuration, and its lists. What a stage of the list is by itself
// is in stage_entry_test.cpp.
#include <catch2/catch.hpp>
#include <functional>

#include "experiment/experiment.hpp"
#include "experiment/puzzle/cost_to_go_config.hpp"
#include "experiment/run.hpp"
#include "experiment/text/stage_configs.hpp"
#include "tests/support/described.hpp"
#include "tests/support/experiment_toml.hpp"

namespace qstar {
using namespace experiment;
namespace {

// Every kind of stage of text, with its defaults.
const std::string kAll =
    "[[stages]]\nkind = 'pretrain'\n"
    "[[stages]]\nkind = 'finetune'\n"
    "[[stages]]\nkind = 'judges'\n"
    "[[stages]]\nkind = 'search'\n"
    "[[stages]]\nkind = 'feedback'\n"
    "[[stages]]\nkind = 'compare'\nname = 'rl'\n"
    "[[stages]]\nkind = 'compare'\nname = 'rewards'\n"
    "rewards = ['outcome', 'process', 'both', 'screened']\n"
    "[[stages]]\nkind = 'selfplay'\n"
    "[[stages]]\nkind = 'reinforce'\nname = 'final'\n"
    "[[stages]]\nkind = 'measure'\n";

// What reading this text says, or what is wrong with what was read; empty: nothing.
std::string verdict(std::string_view toml, std::vector<std::string> overrides = {}) {
  Experiment config;
  const auto read = parse_config(toml, "run.toml", overrides, describe_of(config));
  const auto status = read ? check(config) : read;
  if (!status) CHECK(status.error().code == Errc::kConfig);
  return status ? "" : status.error().message;
}

using testing::read;
using testing::stage;
Experiment all_stages() { return read(kAll); }

template <class Config>
Config& of(Experiment& config, std::string_view name) {
  for (auto& stage : config.stages)
    if (auto* settings = stage.name == name ? stage.as<Config>() : nullptr) return *settings;
  throw std::runtime_error("no such stage");
}

void skip(Experiment& config, const std::vector<std::string_view>& names) {
  for (auto& stage : config.stages)
    for (const auto name : names) stage.skip = stage.skip || stage.name == name;
}

TEST_CASE("a search is a section with its name and its options") {
  Experiment config;
  const auto read = parse_config(
      "[[stages]]\nkind = 'search'\n"
      "[[stages.methods]]\nname = 'greedy'\n"
      "[[stages.methods]]\nname = 'beam'\nsamples = 4\nstop_below = 0.5\nretries = 3\n",
      "run.toml", {}, describe_of(config));
  REQUIRE(read.has_value());
  const auto& methods = of<SearchTableConfig>(config, "search").methods;
  REQUIRE(methods.size() == 2);
  CHECK(methods[0] == SearchRow{"greedy", {}});
  const auto& beam = methods[1];
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
  const std::string first =
      "[[stages]]\nkind = 'pretrain'\n[[stages]]\nkind = 'judges'\n[[stages]]\nkind = 'search'\n"
      "[[stages.methods]]\nname = 'greedy'\n";
  const auto second = [&](const std::string& keys) {
    return verdict(first + "[[stages.methods]]\n" + keys);
  };
  CHECK(second("name = 'beam'\nsample = 4\n") ==
        "run.toml:11: stages[3].methods[2].sample is not a known key; did you mean "
        "stages[3].methods[2].samples?");
  CHECK(second("name = 'bean'\nsamples = 4\n") ==
        "run.toml:10: stages[3].methods[2].name must be one of greedy, sample, majority, "
        "best_of_n, weighted_vote, beam, astar, qstar, mcts, not \"bean\"; did you mean beam?");
  CHECK(second("samples = 4\n").starts_with("run.toml:9: stages[3].methods[2].name is missing"));
  CHECK(second("name = 'beam'\nsamples = 0\n")
            .starts_with("run.toml:11: stages[3].methods[2].samples must be from 1 to 65536, not "
                         "0"));
  CHECK(second("name = 'sample'\nsamples = 4\nbeam = 2\n") ==
        "run.toml:12: stages[3].methods[2].beam has no effect on the search sample; remove it");
  CHECK(second("name = 'greedy'\nsamples = 1\n") ==
        "run.toml:11: stages[3].methods[2].samples has no effect on the search greedy; remove it");
  CHECK(second("name = 'beam'\nsamples = 4\nretries = 3\n") ==
        "run.toml:12: stages[3].methods[2].retries has no effect without stop_below; remove it");
  CHECK(second("name = 'best_of_n'\n")
            .starts_with("stages.search.methods[2]: search 'best_of_n' needs"));
  CHECK(second("name = 'qstar'\nsamples = 4\n")
            .starts_with("stages.search.methods[2]: search 'qstar' may never end"));
  CHECK(second("name = 'greedy'\n") ==
        "stages.search.methods[2] is the same as stages.search.methods[1]; remove one of them");
  CHECK(second("name = 'beam'\nsamples = 4\n").empty());
  CHECK(verdict("[[stages]]\nkind = 'search'\nmethods = 'greedy; beam samples=4'\n")
            .starts_with("run.toml:3: stages[1].methods must be a list of sections, each below "
                         "[[stages.methods]], not text"));
}

TEST_CASE("unknown names are refused, and the nearest known one is suggested") {
  for (const auto& [given, said] : std::vector<std::pair<std::string, std::string>>{
           {"stages.rl.algorithms=[grpo,gpro]",
            "stages.rl.algorithms[2] must be one of expert_iteration, "},
           {"stages.rl.algorithms=[grpo,gpro]", "not \"gpro\"; did you mean grpo?"},
           {"stages.final.algorithm=dpao", "not \"dpao\"; did you mean dapo?"},
           {"stages.final.algorithm=none", "stages.final.algorithm must be one of "},
           {"stages.final.reward=proces", "not \"proces\"; did you mean process?"},
           {"stages.rewards.rewards=[outcome,bot]", "not \"bot\"; did you mean both?"},
           {"stages.judges.models=[prm,ormm]", "stages.judges.models[2] must be one of prm, orm, "},
           {"stages.judges.models=[prm,ormm]", "not \"ormm\"; did you mean orm?"},
           {"stages.search.guides=critc", "not \"critc\"; did you mean critic?"},
           {"stages.search.methods=[{name='best_of'}]", "did you mean best_of_n?"},
           {"stages.rl.algorithms=[ppo,ppo]", "stages.rl.algorithms[2] repeats \"ppo\""},
           {"stages.rewards.rewards=[both,both]", "stages.rewards.rewards[2] repeats \"both\""},
           {"stages.rlhf.kl_weights=[0,0.1,0]", "stages.rlhf.kl_weights[3] repeats 0"},
           {"stages.rlhf.kl_weights=[0,inf]", "stages.rlhf.kl_weights[2] must be a finite number"},
           {"stages.rlhf.kl_weights=[0,101]",
            "stages.rlhf.kl_weights[2] must be from 0 to 100, not 101"},
           {"stages.rlhf.kl_weights=[0,-1]",
            "stages.rlhf.kl_weights[2] must be from 0 to 100, not -1"},
           {"stages.rl.algorithms=grpo,ppo",
            "stages.rl.algorithms must be a list, not text: write "
            "stages.rl.algorithms=[grpo, ppo]"}}) {
    INFO(given);
    const auto refusal = verdict(kAll, {given});
    INFO(refusal);
    CHECK(refusal.find(said) != std::string::npos);
    CHECK(refusal.find('\n') == std::string::npos);
  }
  CHECK(verdict("[[stages]]\nkind = 'compare'\nalgorithms = 'grpo,ppo'")
            .starts_with("run.toml:3: stages[1].algorithms must be a list, not text: write "
                         "algorithms = [\"grpo\", \"ppo\"]"));
}

TEST_CASE("a stage has no name that means something else in a run") {
  for (const std::string name : {"prm", "critic", "proposer", "checkpoint", "resume"})
    CHECK(verdict("[[stages]]\nkind = 'pretrain'\nname = '" + name + "'\n") ==
          "stages[1].name = \"" + name + "\" has a meaning of its own in a run; choose another");
}

TEST_CASE("lists without which a stage has nothing to do must have an element") {
  for (const std::string list : {"stages.rl.algorithms", "stages.rl.rewards",
                                 "stages.search.methods", "stages.rlhf.kl_weights"}) {
    const auto refusal = verdict(kAll, {list + "=[]"});
    INFO(refusal);
    CHECK(refusal.find(list + " must have at least one element") != std::string::npos);
  }
  CHECK(verdict("stages = []").starts_with("stages: the experiment has no stage"));
}

TEST_CASE("the default stages pass") { CHECK(verdict(kAll).empty()); }

TEST_CASE("contradicting settings are refused") {
  const auto refused = [](const char* said, const std::function<void(Experiment&)>& change) {
    auto config = all_stages();
    change(config);
    const auto status = check(config);
    INFO(said);
    REQUIRE_FALSE(status.has_value());
    CHECK(status.error().code == Errc::kConfig);
    INFO(status.error().message);
    CHECK(status.error().message.find(said) != std::string::npos);
  };
  refused("stages.judges.models is empty, so the stage has nothing to do", [](auto& c) {
    skip(c, {"search", "rl", "rewards"});
    of<JudgesConfig>(c, "judges").models.clear();
  });
  refused("stages.search.methods[5]: guides is empty, but best_of_n needs a guide",
          [](auto& c) { of<SearchTableConfig>(c, "search").guides.clear(); });
  refused("stages.rl.reinforce.optimizer.warmup and stages.rl.reinforce.gradient.optimizer.warmup",
          [](auto& c) { of<CompareConfig>(c, "rl").reinforce.optimizer.warmup = 8; });
  refused("stages.final.optimizer.warmup and", [](auto& c) {
    of<ReinforceStageConfig>(c, "final").reinforce.gradient.optimizer.warmup = 8;
  });
  refused("stages.final: the algorithm q_advantage learns from wins only; choose the reward",
          [](auto& c) {
            auto& last = of<ReinforceStageConfig>(c, "final");
            last.algorithm = "q_advantage";
            last.reward = "both";
          });
  refused("stages.rewards.reinforce: the algorithm q_advantage learns from wins only", [](auto& c) {
    of<CompareConfig>(c, "rewards").algorithms = {"grpo", "q_advantage"};
  });
  refused("stages.rlhf.annotator.file: kind = \"recorded\" needs a file",
          [](auto& c) { of<FeedbackConfig>(c, "rlhf").annotator.kind = "recorded"; });
  refused("stages.final.revisit_share and stages.final.proposer.share", [](auto& c) {
    auto& last = of<ReinforceStageConfig>(c, "final");
    last.proposer.share = last.revisit_share = 0.5;
  });
  refused("stages.selfplay.proposer.share = 0 leaves nothing to compare",
          [](auto& c) { of<SelfPlayConfig>(c, "selfplay").proposer.share = 0; });
  refused("stages.base.length = 97 is more than model.context = 96",
          [](auto& c) { of<PretrainStageConfig>(c, "base").length = 97; });
  refused("environment.name", [](auto& c) { c.environment.name = "cube3"; });
  refused("environment.name: \"sums\" is unknown", [](auto& c) { c.environment.name = "sums"; });
  refused("scopes", [](auto& c) { c.model.scopes = "?"; });
}

TEST_CASE("a run of reinforcement learning needs a limit") {
  const std::string toml = "[[stages]]\nkind = 'pretrain'\n[[stages]]\nkind = 'reinforce'\n";
  CHECK(verdict(toml, {"stages.reinforce.tokens=0"}) ==
        "stages.reinforce.tokens and stages.reinforce.rounds are both 0, so the run would never "
        "end; set one of them");
  CHECK(verdict(toml, {"stages.reinforce.tokens=0", "stages.reinforce.rounds=1"}).empty());
  CHECK(verdict(toml, {"stages.reinforce.rounds=1"}).empty());
  CHECK(verdict(kAll, {"stages.rl.reinforce.tokens=0"})
            .starts_with("stages.rl.reinforce.tokens and stages.rl.reinforce.rounds are both 0"));
}

TEST_CASE("a critic beside the policy reads what the store keeps, and scores alone") {
  const std::string toml =
      "[[stages]]\nkind = 'pretrain'\n[[stages]]\nkind = 'judges'\n[[stages]]\nkind = 'reinforce'\n"
      "critic_updates = 2\n";
  CHECK(verdict(toml).empty());
  CHECK(verdict(toml, {"stages.reinforce.reward=process"})
            .starts_with("stages.reinforce.critic_updates = 2: attempts are scored by one model"));
  CHECK(verdict(toml, {"attempts.keep_groups=8"})
            .starts_with("stages.reinforce.critic_updates = 2: the critic's replay table reads "
                         "the store"));
  CHECK(verdict(toml, {"store.capacity=8191"})
            .starts_with("store.capacity = 8191 is less than what stages.reinforce.critic_table "
                         "may hold: raise it to at least 8192"));
  CHECK(verdict(toml, {"store.capacity=8191", "stages.reinforce.critic_table.capacity=8191"})
            .empty());
}

TEST_CASE("a puzzle's stage says what does not fit the puzzle") {
  const std::string toml = "[environment]\nname = 'countdown'\n[[stages]]\nkind = 'cost_to_go'\n";
  CHECK(verdict(toml).empty());
  CHECK(verdict(toml, {"stages.cost_to_go.warm_up=5"})
            .starts_with("stages.cost_to_go.warm_up: moves of countdown cannot be undone"));
  CHECK(verdict(toml, {"stages.cost_to_go.batches_ahead=7"}) ==
        "stages.cost_to_go.batches_ahead = 7 has no room for one lease: raise it to at least "
        "stages.cost_to_go.batches_per_lease = 8");
  CHECK(verdict(toml, {"stages.cost_to_go.batches_ahead=8"}).empty());
  CHECK(verdict(toml, {"environment.size=60"}).find("environment.size") != std::string::npos);
}

TEST_CASE("stages of text and of puzzles do not mix") {
  const auto both = stage("pretrain") + stage("cost_to_go");
  CHECK(verdict(both) ==
        "stages.cost_to_go: a stage of kind cost_to_go trains on a puzzle, but environment.name = "
        "\"arithmetic\" is none; choose another environment or another kind");
  CHECK(verdict("[environment]\nname = 'cube3'\n" + both) ==
        "stages.base: a stage of kind pretrain trains on text, but environment.name = \"cube3\" is "
        "a puzzle whose steps are moves; choose another environment or another kind");
  // Countdown is both.
  CHECK(verdict("[environment]\nname = 'countdown'\n" + both) ==
        "stages.base and stages.cost_to_go: one of these stages trains on a puzzle, the other on "
        "text; an experiment has one or the other");
  CHECK(verdict("[environment]\nname = 'countdown'\n" + stage("pretrain")).empty());
  CHECK(verdict("[environment]\nname = 'countdown'\n" + stage("cost_to_go")).empty());
  CHECK(read("[environment]\nname = 'countdown'\n" + stage("cost_to_go")).of_puzzle());
  CHECK_FALSE(read(stage("pretrain")).of_puzzle());
}

TEST_CASE("a skipped stage does not decide what the others train on") {
  const auto config = read("[environment]\nname = 'countdown'\n" + stage("pretrain") +
                           stage("cost_to_go", "skip = true"));
  if (!check(config)) return;  // refused, which is as good
  const auto problems = problems_of(config);
  REQUIRE(problems);
  CHECK(problems->environment != nullptr);
}

TEST_CASE("a puzzle's stage has its learner's settings beside its own") {
  auto config = read("[environment]\nname = 'cube3'\n" +
                     stage("cost_to_go",
                           "updates = 90000\nrate_decay = 0.99998\ncheck_moves = 40\n"
                           "target_loss = 0.1\npatience = 5\nwarm_up = 60000\n"
                           "[stages.network]\nvalues = 'v'\n[stages.scrambles]\ndepth = 28\n"
                           "[stages.record]\npositions = 4"));
  REQUIRE(check(config));
  const auto& stage = of<CostToGoConfig>(config, "cost_to_go");
  CHECK(stage.updates == 90000);
  CHECK(stage.cpu_seconds == 0);
  CHECK(stage.learner.rate_decay == 0.99998);
  CHECK(stage.learner.check_moves == 40);
  CHECK(stage.learner.target_loss == 0.1);
  CHECK(stage.learner.patience == 5);
  CHECK(stage.learner.warm_up == 60000);
  CHECK(stage.learner.network.values == "v");
  CHECK(stage.learner.scrambles.depth == 28);
  CHECK(stage.record.positions == 4);
  CHECK(stage.batches_per_lease == 8);
  CHECK(stage.batches_ahead == 32);
  CHECK(stage.checks_ahead == 1);
  CHECK(cost_to_go_of(config) == &stage);
  CHECK(cost_to_go_of(all_stages()) == nullptr);
}

TEST_CASE("keys of earlier versions are refused") {
  for (const std::string key : {"experiment", "algorithms", "pretrain", "rl", "rollout", "replay",
                                "critic", "measure", "verifiers", "sft", "search", "rlhf",
                                "selfplay", "final", "learner", "training", "record"}) {
    const auto top = verdict(kAll, {key + (key == "experiment" ? "=story" : ".steps=1")});
    INFO(top);
    CHECK(top.find(key + " is not a known key") != std::string::npos);
  }
  for (const std::string key :
       {"stages.judges.critic_lessons", "stages.final.setter_share", "stages.selfplay.setter_share",
        "stages.selfplay.proposer_steps", "stages.rl.tokens", "stages.final.versions",
        "stages.final.updates_per_version", "engine.actors", "attempts.processors",
        "evaluation.curve_every", "checkpoint.updates"}) {
    const auto refusal = verdict(kAll, {key + "=1"});
    INFO(refusal);
    CHECK(refusal.find(key + " is not a known key") != std::string::npos);
  }
  // The switches of stages are settings of these stages now.
  CHECK(verdict(kAll, {"stages.rl=false"})
            .find("stages.rl is a section with keys of its own, not true or false") !=
        std::string::npos);
  CHECK(verdict("[stages]\nrl = false\n").starts_with("run.toml:1: stages must be a list of "));
}

TEST_CASE("a key that is near to a known one is suggested") {
  CHECK(verdict(kAll, {"stages.judges.critic_update=1"})
            .ends_with("stages.judges.critic_update is not a known key; did you mean "
                       "stages.judges.critic_updates?"));
  CHECK(verdict(kAll, {"stages.final.revisits_share=1"})
            .ends_with("did you mean stages.final.revisit_share?"));
  CHECK(verdict(kAll, {"evaluation.problem=1"}).ends_with("did you mean evaluation.problems?"));
}

TEMPLATE_TEST_CASE("what the stages share describes every field", "", AttemptConfig,
                   EvaluationConfig, StoreConfig, CheckpointConfig, RestartConfig, Experiment) {
  CHECK(testing::describes_all<TestType>());
}

TEST_CASE("the slots of decoders are described for text only") {
  CHECK(testing::describes_all<EngineConfig>(0, 1));
  EngineConfig config;
  testing::Counter text;
  config.describe_text(text);
  CHECK(text.count == 1);
}

TEST_CASE("a puzzle has no corpus, model, attempts or evaluation") {
  Experiment config;
  config.environment.name = "cube3";
  testing::Counter counter;
  config.describe(counter);
  CHECK(counter.count == testing::field_count<Experiment>() - 4);
}

TEST_CASE("an experiment survives printing") {
  auto config = all_stages();
  of<FeedbackConfig>(config, "rlhf").kl_weights = {0.5};
  of<CompareConfig>(config, "rl").algorithms = {"grpo", "ppo"};
  of<SearchTableConfig>(config, "search").methods = {
      {"beam", {.samples = 4, .stop_below = 0.25, .retries = 2}}};
  config.targets = {{"final.greedy.accuracy", "accuracy", 0.5, std::nullopt},
                    {"selfplay.ratio", "", std::nullopt, 1},
                    {"final.lucky", "", 0.1, 0.2}};
  skip(config, {"selfplay"});
  Experiment again;
  const auto printed = print_config(describe_of(config));
  REQUIRE(parse_config(printed, "printed", {}, describe_of(again)).has_value());
  CHECK(again == config);
  CHECK_FALSE(again == all_stages());
  auto usual = all_stages();
  again = Experiment();
  const auto whole = print_config(describe_of(usual));
  REQUIRE(parse_config(whole, "printed", {}, describe_of(again)).has_value());
  CHECK(again == usual);
}

}  // namespace
}  // namespace qstar

// A setting has an effect or is refused: what config.toml records is what was used.
#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>

#include "experiment/experiment.hpp"
#include "tests/support/experiment_toml.hpp"

using namespace qstar;
using namespace qstar::experiment;

namespace {

using Words = std::vector<std::string>;

const std::string kText =
    "[[stages]]\nkind = 'pretrain'\n"
    "[[stages]]\nkind = 'judges'\n"
    "[[stages]]\nkind = 'feedback'\n"
    "[[stages]]\nkind = 'compare'\nname = 'rl'\nalgorithms = ['expert_iteration', 'grpo', 'ppo']\n"
    "[[stages]]\nkind = 'selfplay'\n"
    "[[stages]]\nkind = 'reinforce'\nname = 'final'\n";
const std::string kPuzzle = "[environment]\nname = 'lights_out'\n[[stages]]\nkind = 'cost_to_go'\n";

// The experiment with these overrides, checked.
Status checked(const std::vector<std::string>& overrides, const std::string& toml = kText) {
  Experiment config;
  const auto read = parse_config(toml, "test", overrides, describe_of(config));
  INFO((read ? "" : read.error().message));
  REQUIRE(read);
  return check(config);
}

void refuses(const std::vector<std::string>& overrides, const std::string& key,
             const std::string& toml = kText) {
  const auto status = checked(overrides, toml);
  INFO(key);
  REQUIRE_FALSE(status);
  INFO(status.error().message);
  CHECK(status.error().code == Errc::kConfig);
  CHECK(status.error().message.find(key + " = ") == 0);
  CHECK(status.error().message.find("has no effect") != std::string::npos);
}

// Settings of the stage "rl", which runs this algorithm alone.
std::vector<std::string> alone(const std::string& setting, const std::string& algorithm) {
  return {"stages.rl.reinforce." + setting, "stages.rl.algorithms=" + algorithm};
}
void refuses_alone(const std::string& setting, const std::string& algorithm) {
  refuses(alone(setting, algorithm), "stages.rl.reinforce." + setting.substr(0, setting.find('=')));
}

using testing::read;
using testing::stage;
using testing::unread;

// Every kind of stage of text, with other settings than the usual ones.
Experiment changed_text() {
  return read(
      "name = 'all'\nseed = 3\n" + stage("pretrain", "name = 'first'\nsteps = 3") +
      stage("finetune", "start = 'first'\n[stages.optimizer]\nmuon_rate = 0.5") +
      stage("judges",
            "policy = 'sft'\nmodels = ['prm', 'critic']\nlabel_file = 'a \"b\".jsonl'\n"
            "[stages.critic]\ntarget = 'n_step'\nsteps = 5") +
      stage("search",
            "policy = 'sft'\nguides = ['critic']\n[[stages.methods]]\nname = 'beam'\n"
            "samples = 4\nstop_below = 0.25\nretries = 2") +
      stage("feedback", "start = 'sft'\nkl_weights = [0.5, 1]\n[stages.reinforce]\nrounds = 2") +
      stage("compare", "start = 'sft'\nalgorithms = ['ppo', 'grpo']\nrewards = ['process']") +
      stage("compare", "name = 'again'\nskip = true") +
      stage("selfplay", "start = 'sft'\ntarget = 0.5\n[stages.proposer]\nshare = 0.5") +
      stage("reinforce",
            "start = 'sft'\nrevisit_share = 0.5\nallow_lucky = false\n"
            "critic_updates = 2\n[stages.critic_table]\nalpha = 0.5") +
      stage("measure", "base = 'first'\npolicy = 'reinforce'\nproblems = 9"));
}

Experiment changed_puzzle() {
  return read("[environment]\nname = 'cube3'\n[store]\ncapacity = 5\n" +
              stage("cost_to_go",
                    "name = 'cube'\ncpu_seconds = 9\ndouble_q = true\n"
                    "[stages.network]\nblocks = 1") +
              stage("cost_to_go", "skip = true"));
}

}  // namespace

TEST_CASE("settings that no stage reads are refused", "[unused_settings]") {
  CHECK(checked({}));
  refuses({"stages.judges.critic.steps=5"}, "stages.judges.critic.steps");
  CHECK(checked({"stages.judges.critic.steps=5", "stages.judges.critic.target=n_step"}));
  CHECK(checked({"stages.rl.reinforce.gae_lambda=0.5"}));
  refuses_alone("gae_lambda=0.5", "grpo");
  // Another stage that runs PPO has settings of its own.
  refuses({"stages.rl.reinforce.gae_lambda=0.5", "stages.rl.algorithms=grpo",
           "stages.final.algorithm=ppo"},
          "stages.rl.reinforce.gae_lambda");
  CHECK(checked({"stages.final.gae_lambda=0.5", "stages.final.algorithm=ppo"}));
  refuses({"stages.final.gae_lambda=0.5"}, "stages.final.gae_lambda");
  refuses_alone("value_updates=2", "grpo");
  CHECK(checked(alone("value_updates=2", "q_advantage")));
  CHECK(checked(alone("value_updates=2", "ppo")));
  refuses({"stages.rl.reinforce.value.updates=2"}, "stages.rl.reinforce.value.updates");
  refuses({"stages.rlhf.annotator.file=rankings.jsonl"}, "stages.rlhf.annotator.file");
  refuses({"stages.rlhf.annotator.kind=recorded", "stages.rlhf.annotator.file=rankings.jsonl",
           "stages.rlhf.annotator.error_rate=0.5"},
          "stages.rlhf.annotator.error_rate");
  CHECK(checked(
      {"stages.rlhf.annotator.kind=recorded", "stages.rlhf.annotator.file=rankings.jsonl"}));
}

TEST_CASE("a skipped stage has no effect as a whole, and its settings wait for it",
          "[unused_settings]") {
  const auto unused = alone("value_updates=2", "grpo");
  auto skipped = unused;
  skipped.emplace_back("stages.rl.skip=true");
  CHECK(checked(skipped));
  refuses(unused, "stages.rl.reinforce.value_updates");
}

TEST_CASE("whether a win may have a wrong step is refused where wins are not what counts",
          "[unused_settings]") {
  for (const std::string algorithm : {"expert_iteration", "grpo", "ppo", "search_guided"})
    CHECK(checked(alone("allow_lucky=false", algorithm)));
  refuses_alone("allow_lucky=false", "q_advantage");
  refuses({"stages.rlhf.reinforce.allow_lucky=false"}, "stages.rlhf.reinforce.allow_lucky");
  refuses({"stages.final.allow_lucky=false", "stages.final.reward=process"},
          "stages.final.allow_lucky");
  // Budgets of other algorithms stay, so that a sweep over algorithms can use one file.
  for (const std::string setting : {"updates=2", "groups_per_update=2", "window=2"})
    CHECK(checked(alone(setting, "grpo")));
}

TEST_CASE("settings of policy gradients that no algorithm of a stage reads are refused",
          "[unused_settings]") {
  CHECK(checked({"stages.rl.reinforce.gradient.baseline=centred"}));
  // Learning from rankings runs grpo.
  CHECK(checked({"stages.rlhf.reinforce.gradient.baseline=centred"}));
  CHECK(checked(alone("gradient.baseline=centred", "grpo")));
  refuses_alone("gradient.baseline=leave_one_out", "dr_grpo");
  refuses_alone("gradient.token_mean=attempt", "dapo");
  CHECK(checked(alone("gradient.token_mean=attempt", "ppo")));
  refuses_alone("gradient.clip_high=0.5", "dapo");
  CHECK(checked(alone("gradient.clip_low=0.1", "dr_grpo")));
  refuses_alone("gradient.overlong_ramp=8", "ppo");
  refuses_alone("gradient.drop_equal=false", "dapo");
  refuses_alone("gradient.entropy_weight=0.1", "expert_iteration");
  refuses_alone("gradient.kl_weight=0.1", "expert_iteration");
  CHECK(checked(alone("gradient.kl_weight=0.1", "dapo")));
  // Its runs have the weights that the stage lists.
  refuses({"stages.rlhf.reinforce.gradient.kl_weight=0.1"},
          "stages.rlhf.reinforce.gradient.kl_weight");
  refuses({"stages.selfplay.reinforce.gradient.clip_low=0.1"},
          "stages.selfplay.reinforce.gradient.clip_low");
}

TEST_CASE("settings of the correction for older attempts that nothing reads are refused",
          "[unused_settings]") {
  for (const std::string name : {"grpo", "dr_grpo", "dapo", "ppo", "q_advantage"})
    CHECK(checked(alone("gradient.importance_cap=5", name)));
  CHECK(checked({"stages.rl.reinforce.gradient.correction=clipped"}));
  refuses_alone("gradient.correction=none", "expert_iteration");
  refuses_alone("gradient.importance_cap=5", "expert_iteration");
  for (const std::string correction : {"clipped", "none"})
    refuses({"stages.rl.reinforce.gradient.importance_cap=5",
             "stages.rl.reinforce.gradient.correction=" + correction},
            "stages.rl.reinforce.gradient.importance_cap");
  // In lock-step no attempt is by older weights.
  for (const std::string setting : {"correction=none", "importance_cap=5"})
    refuses({"stages.rl.reinforce.gradient." + setting, "stages.rl.reinforce.staleness=0"},
            "stages.rl.reinforce.gradient." + setting.substr(0, setting.find('=')));
}

TEST_CASE("settings of a critic that its target does not read are refused", "[unused_settings]") {
  const auto with = [](std::vector<std::string> settings) {
    for (auto& setting : settings) setting = "stages.final." + setting;
    settings.emplace_back("stages.final.critic_updates=2");
    return settings;
  };
  const auto refuses_with = [&](const std::vector<std::string>& settings, const std::string& key) {
    refuses(with(settings), "stages.final." + key);
  };
  CHECK(checked(with({})));
  refuses_with({"critic.steps=5"}, "critic.steps");
  CHECK(checked(with({"critic.steps=5", "critic.target=n_step"})));
  refuses_with({"critic.luck=0.1"}, "critic.luck");
  CHECK(checked(with({"critic.luck=0.1", "critic.target=kept_chance"})));
  refuses_with({"critic.target_period=5", "critic.target=max_backup"}, "critic.target_period");
  CHECK(checked(with({"critic.target_period=5"})));
  refuses_with({"critic.centring=0.5"}, "critic.centring");
  CHECK(checked(with({"critic.centring=0.5", "critic.dueling=true"})));
  CHECK(checked(with({"critic_table.alpha=0.5"})));
  refuses_with({"critic_table.alpha=0.5", "critic_table.selector=uniform"}, "critic_table.alpha");
  refuses_with({"critic_table.beta=0.5", "critic_table.selector=fifo"}, "critic_table.beta");
}

TEST_CASE("settings of a critic's table are refused where no critic learns beside the policy",
          "[unused_settings]") {
  for (const std::string setting :
       {"selector=uniform", "capacity=9", "max_reuse=9", "alpha=0.5", "beta=0.5"}) {
    INFO(setting);
    const auto key = "stages.final.critic_table." + setting.substr(0, setting.find('='));
    refuses({"stages.final.critic_table." + setting}, key);
    refuses({"stages.final.critic_table." + setting, "stages.final.algorithm=q_advantage"}, key);
    CHECK(checked({"stages.final.critic_table." + setting, "stages.final.critic_updates=2"}));
  }
}

TEST_CASE("settings of a proposer that writes no problems are refused", "[unused_settings]") {
  for (const std::string setting : {"steps", "updates"}) {
    const auto key = "stages.final.proposer." + setting;
    refuses({key + "=5"}, key);
    CHECK(checked({key + "=5", "stages.final.proposer.share=0.5"}));
    CHECK(checked({"stages.selfplay.proposer." + setting + "=5"}));
  }
}

TEST_CASE("settings of a puzzle that nothing reads are refused", "[unused_settings]") {
  CHECK(checked({}, kPuzzle));
  for (const std::string name : {"taught_moves", "value_weight"}) {
    const auto key = "stages.cost_to_go." + name;
    refuses({key + "=2"}, key, kPuzzle);
    CHECK(checked({key + "=2", "stages.cost_to_go.network.values=qv"}, kPuzzle));
  }
}

TEST_CASE("settings of text are refused of a puzzle", "[unused_settings]") {
  const std::string puzzle = "[environment]\nname = 'cube3'\n" + stage("cost_to_go");
  CHECK(unread(puzzle).empty());
  CHECK(checked({}, puzzle));
  for (const std::string section : {"corpus", "model", "attempts", "evaluation"}) {
    CHECK(unread(puzzle, {section + ".any=1"}).find(section + " is not a known key") !=
          std::string::npos);
    CHECK(unread("[environment]\nname = 'cube3'\n[" + section + "]\n" + stage("cost_to_go"))
              .starts_with("run.toml:3: " + section + " is not a known key"));
  }
  CHECK(unread(puzzle, {"engine.slots=8"}).find("engine.slots is not a known key") !=
        std::string::npos);
  CHECK(read(stage("pretrain"), {"engine.slots=8"}).engine.slots == 8);
  CHECK(unread(puzzle, {"engine.executors=8"}).empty());
}

TEST_CASE("settings of text are refused of a puzzle that is also text", "[unused_settings]") {
  const std::string puzzle = "[environment]\nname = 'countdown'\n" + stage("cost_to_go");
  CHECK(checked({}, puzzle));
  Experiment config;
  const auto toml =
      "[environment]\nname = 'countdown'\n[model]\nwidth = 128\n" + stage("cost_to_go");
  auto status = parse_config(toml, "run.toml", {}, describe_of(config));
  if (status) status = check(config);
  REQUIRE_FALSE(status);
  CHECK(status.error().message.find("model") != std::string::npos);
}

// ---- what is recorded

TEST_CASE("an experiment with every kind of stage survives printing", "[unused_settings]") {
  for (auto config : {changed_text(), changed_puzzle()}) {
    REQUIRE(check(config));
    const auto printed = print_config(describe_of(config));
    INFO(printed);
    auto again = read(printed);
    CHECK(again == config);
    CHECK(print_config(describe_of(again)) == printed);
    CHECK(config_hash(describe_of(again)) == config_hash(describe_of(config)));
  }
  Words kinds;
  for (const auto& config : {changed_text(), changed_puzzle()})
    for (const auto& one : config.stages) kinds.push_back(one.kind);
  for (const auto& kind : stage_kinds())
    CHECK(std::find(kinds.begin(), kinds.end(), kind.kind) != kinds.end());
}

TEST_CASE("what a resumed run may change are shared resources and the limits of its stages",
          "[unused_settings]") {
  const Words shared = {"engine.executors", "engine.lease_seconds", "engine.keep_weights_mb",
                        "store.capacity",   "store.sync",           "checkpoint.",
                        "restart."};
  const auto adjustable = [&](const Experiment& config) {
    const auto keys = adjustable_settings(config);
    CHECK(Words(keys.begin(), keys.begin() + static_cast<std::ptrdiff_t>(shared.size())) == shared);
    return Words(keys.begin() + static_cast<std::ptrdiff_t>(shared.size()), keys.end());
  };
  CHECK(adjustable(changed_text()) ==
        Words{"stages.rlhf.reinforce.tokens", "stages.rlhf.reinforce.rounds",
              "stages.compare.reinforce.tokens", "stages.compare.reinforce.rounds",
              "stages.again.reinforce.tokens", "stages.again.reinforce.rounds",
              "stages.selfplay.reinforce.tokens", "stages.selfplay.reinforce.rounds",
              "stages.reinforce.tokens", "stages.reinforce.rounds"});
  CHECK(adjustable(changed_puzzle()) == Words{"stages.cube.updates", "stages.cube.cpu_seconds",
                                              "stages.cost_to_go.updates",
                                              "stages.cost_to_go.cpu_seconds"});
  // Each is a setting, or a section.
  for (auto config : {changed_text(), changed_puzzle()}) {
    Words known;
    for (const auto& section : list_elements(describe_of(config))) {
      known.push_back(section.key + ".");
      for (const auto& field : section.fields) known.push_back(section.key + "." + field.name);
    }
    for (const auto& key : adjustable_settings(config)) {
      INFO(key);
      CHECK(std::find(known.begin(), known.end(), key) != known.end());
    }
  }
}

TEST_CASE("every shipped configuration is read and passes its checks", "[unused_settings]") {
  std::size_t files = 0;
  for (const auto& file : std::filesystem::directory_iterator(QSTAR_SOURCE_DIR "/configs")) {
    if (file.path().extension() != ".toml") continue;
    INFO(file.path().string());
    ++files;
    Experiment config;
    const auto loaded = load_config(file.path().string(), {}, describe_of(config));
    INFO((loaded ? "" : loaded.error().message));
    REQUIRE(loaded);
    const auto sound = check(config);
    INFO((sound ? "" : sound.error().message));
    CHECK(sound);
    CHECK_FALSE(config.name == Experiment().name);  // each has a name of its own
  }
  CHECK(files > 0);
}

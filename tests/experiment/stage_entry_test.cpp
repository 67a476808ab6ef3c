// An experiment's list of stages: kinds, names and settings, what stages need of earlier ones, and
// how overrides address them.
#include "experiment/stage_entry.hpp"

#include <catch2/catch.hpp>

#include "experiment/experiment.hpp"
#include "experiment/puzzle/cost_to_go_config.hpp"
#include "experiment/text/stage_configs.hpp"
#include "tests/support/described.hpp"
#include "tests/support/experiment_toml.hpp"

namespace qstar {
using namespace experiment;
namespace {

using Words = std::vector<std::string>;

using testing::read;
using testing::stage;
using testing::unread;

// What check() says against what was read; empty: nothing.
std::string refusal(std::string_view toml, const Words& overrides = {}) {
  const auto status = check(read(toml, overrides));
  if (!status) CHECK(status.error().code == Errc::kConfig);
  return status ? "" : status.error().message;
}

// The settings of the n-th stage, which must be of that kind.
template <class Config>
const Config& settings(const Experiment& config, std::size_t n) {
  REQUIRE(config.stages.size() > n);
  const auto* found = config.stages[n].as<Config>();
  REQUIRE(found != nullptr);
  return *found;
}

Words names_of(const Experiment& config) {
  Words names;
  for (const auto& one : config.stages) names.push_back(one.name);
  return names;
}

std::size_t described_fields(StageEntry entry) {
  testing::Counter counter;
  entry.describe(counter);
  return counter.count;
}

// ---- kinds, names, skip ------------------------------------------------------------------------

TEST_CASE("a stage has the name of its kind unless it is given one, and runs", "[stages]") {
  const std::vector<std::pair<std::string, std::string>> names = {
      {"pretrain", "base"},        {"finetune", "sft"},        {"judges", "judges"},
      {"search", "search"},        {"feedback", "rlhf"},       {"compare", "compare"},
      {"selfplay", "selfplay"},    {"reinforce", "reinforce"}, {"measure", "measure"},
      {"cost_to_go", "cost_to_go"}};
  CHECK(stage_kinds().size() == names.size());
  for (const auto& [kind, name] : names) {
    INFO(kind);
    REQUIRE(find_stage_kind(kind) != nullptr);
    CHECK(find_stage_kind(kind)->name == name);
    CHECK_FALSE(find_stage_kind(kind)->summary.empty());
    CHECK(find_stage_kind(kind)->of_puzzles == (kind == "cost_to_go"));
    for (const auto& entry : {read(stage(kind)).stages.at(0), StageEntry(kind)}) {
      CHECK(entry.kind == kind);
      CHECK(entry.name == name);
      CHECK_FALSE(entry.skip);
      CHECK(entry.settings() != nullptr);
    }
    CHECK(read(stage(kind, "name = 'mine'")).stages.at(0).name == "mine");
    CHECK(read(stage(kind, "skip = true")).stages.at(0).skip);
  }
  CHECK(find_stage_kind("story") == nullptr);
  CHECK(StageEntry().settings() == nullptr);
}

TEST_CASE("a stage's settings are those of its kind", "[stages]") {
  StageEntry entry("finetune");
  REQUIRE(entry.as<FineTuneConfig>() != nullptr);
  CHECK(entry.as<PretrainStageConfig>() == nullptr);
  entry.as<FineTuneConfig>()->steps = 7;
  const StageEntry copy = entry;
  entry.as<FineTuneConfig>()->steps = 8;
  CHECK(copy.as<FineTuneConfig>()->steps == 7);  // a copy has settings of its own
  CHECK_FALSE(copy == entry);
  entry = copy;
  CHECK(copy == entry);
  entry.skip = true;
  CHECK_FALSE(copy == entry);
  CHECK_FALSE(StageEntry("compare") == StageEntry("selfplay"));
  CHECK(unread(stage("finetune", "length = 96"))
            .starts_with("run.toml:3: stages[1].length is not a known key"));
}

TEST_CASE("an unknown kind is refused, and the nearest known one is suggested", "[stages]") {
  const std::string known =
      "run.toml:2: stages[1].kind must be one of pretrain, finetune, judges, search, feedback, "
      "compare, selfplay, reinforce, measure, cost_to_go, not ";
  CHECK(unread(stage("pretrian", "steps = 9")) == known + "\"pretrian\"; did you mean pretrain?");
  CHECK(unread(stage("self_play")) == known + "\"self_play\"; did you mean selfplay?");
  CHECK(unread(stage("something_else")) == known + "\"something_else\"");
  CHECK(unread(stage("")) == known + "\"\"");
  CHECK(unread("[[stages]]\nname = 'base'\n") ==
        "run.toml:1: stages[1].kind is missing (What the stage does)");
  CHECK(unread(stage("pretrain", "skip = 1"))
            .starts_with("run.toml:3: stages[1].skip must be true or false, not an integer"));
}

TEST_CASE("names of stages differ, and are plain words", "[stages]") {
  CHECK(refusal(stage("pretrain") + stage("pretrain")) ==
        "stages[2].name = \"base\" is the name of an earlier stage, too; give this one another "
        "name");
  CHECK(refusal(stage("pretrain") + stage("finetune", "name = 'base'"))
            .starts_with("stages[2].name = \"base\" is the name of an earlier stage"));
  // Of skipped stages, too: overrides address them.
  CHECK(refusal(stage("pretrain") + stage("pretrain", "skip = true"))
            .starts_with("stages[2].name = \"base\" is the name of an earlier stage"));
  CHECK(refusal(stage("pretrain") + stage("pretrain", "name = 'base2'")).empty());
  for (const std::string bad : {"", "a.b", "a b", "..", "a/b", "*", "[1]", "gr\u00fcn"})
    CHECK(refusal(stage("pretrain", "name = '" + bad + "'")) ==
          "stages[1].name = \"" + bad + "\" must be 1 to 64 letters, digits, '_' or '-'");
  CHECK(refusal(stage("pretrain", "name = '" + std::string(65, 'a') + "'"))
            .starts_with("stages[1].name = \"aaa"));
  for (const auto& good : Words{"a", "7", "Base-2_x", std::string(64, 'a')})
    CHECK(refusal(stage("pretrain", "name = '" + good + "'")).empty());
}

TEST_CASE("an experiment has a stage that runs", "[stages]") {
  const std::string kinds =
      "add [[stages]] with a kind (pretrain, finetune, judges, search, feedback, compare, "
      "selfplay, reinforce, measure, cost_to_go)";
  CHECK(refusal("") == "stages: the experiment has no stage, so there is nothing to do; " + kinds);
  CHECK(refusal(stage("pretrain", "skip = true")) ==
        "stages: the experiment has only stages with skip = true, so there is nothing to do; " +
            kinds);
  CHECK(check(Experiment()).error().code == Errc::kConfig);
  const auto config = read(stage("pretrain") + stage("finetune", "skip = true") + stage("measure"));
  Words active;
  for (const auto* one : config.active()) active.push_back(one->name);
  CHECK(active == Words{"base", "measure"});
}

// ---- needs -------------------------------------------------------------------------------------

TEST_CASE("a stage that needs what no earlier one makes is refused with the remedy", "[stages]") {
  // A skipped stage would make it.
  CHECK(refusal(stage("pretrain") + stage("finetune", "skip = true") +
                stage("reinforce", "start = 'sft'")) ==
        "stages.reinforce.start needs the model \"sft\", which no stage before it makes; set "
        "stages.sft.skip = false");
  // A later one makes it.
  CHECK(refusal(stage("finetune") + stage("pretrain")) ==
        "stages.sft.start needs the model \"base\", which no stage before it makes; move stage "
        "base before it");
  // None makes it, but one of that kind would.
  CHECK(refusal(stage("finetune")) ==
        "stages.sft.start needs the model \"base\", which no stage before it makes; add a stage "
        "of kind \"pretrain\" before it");
  CHECK(refusal(stage("pretrain") + stage("compare", "rewards = ['both']")) ==
        "stages.compare.rewards needs the model \"prm\", which no stage before it makes; add a "
        "stage of kind \"judges\" before it");
  // No kind makes it by itself.
  CHECK(refusal(stage("pretrain") + stage("finetune", "start = 'nothing'")) ==
        "stages.sft.start needs the model \"nothing\", which no stage before it makes; add a stage "
        "that makes it, or name another model");
  CHECK(refusal(stage("pretrain", "name = 'first'") + stage("finetune")).find("\"base\"") !=
        std::string::npos);
  CHECK(
      refusal(stage("pretrain", "name = 'first'") + stage("finetune", "start = 'first'")).empty());
}

TEST_CASE("what each kind of stage needs, by the setting that asks for it", "[stages]") {
  const auto needs = [](const std::string& kind, const std::string& keys = "") {
    Words all;
    const auto config = read(stage(kind, keys));
    for (const auto& [model, setting] : config.stages.at(0).settings()->needs())
      all.push_back(setting + ":" + model);
    return all;
  };
  CHECK(needs("pretrain").empty());
  CHECK(needs("finetune") == Words{"start:base"});
  CHECK(needs("judges", "policy = 'sft'") == Words{"policy:sft"});
  CHECK(needs("search", "guides = ['orm', 'critic']") ==
        Words{"policy:base", "guides:orm", "guides:critic"});
  CHECK(needs("feedback") == Words{"start:base"});
  CHECK(needs("compare") == Words{"start:base"});
  CHECK(needs("compare", "algorithms = ['grpo', 'search_guided']\nrewards = ['process']") ==
        Words{"start:base", "rewards:prm", "algorithms:critic"});
  CHECK(needs("selfplay") == Words{"start:base"});
  CHECK(needs("reinforce", "start = 'sft'\nreward = 'screened'") ==
        Words{"start:sft", "reward:prm"});
  CHECK(needs("reinforce", "algorithm = 'search_guided'") ==
        Words{"start:base", "algorithm:critic"});
  // A critic that learns beside the policy guides its searches.
  CHECK(needs("reinforce", "algorithm = 'search_guided'\ncritic_updates = 2") ==
        Words{"start:base"});
  CHECK(needs("measure") == Words{"base:base"});
  CHECK(needs("measure", "policy = 'sft'") == Words{"base:base", "policy:sft"});
  CHECK(needs("cost_to_go").empty());
}

TEST_CASE("what each kind of stage makes", "[stages]") {
  const auto makes = [](const std::string& kind, const std::string& keys = "") {
    const auto config = read(stage(kind, "name = 'mine'\n" + keys));
    return config.stages.at(0).settings()->makes("mine");
  };
  CHECK(makes("pretrain") == Words{"mine"});
  CHECK(makes("finetune") == Words{"mine"});
  CHECK(makes("judges") == Words{"prm", "orm", "prm_completions", "critic"});
  CHECK(makes("judges", "models = ['orm']\nlabel_file = 'rated.jsonl'") ==
        Words{"orm", "prm_labels"});
  CHECK(makes("search").empty());
  CHECK(makes("feedback") == Words{"preference"});
  CHECK(makes("compare").empty());
  CHECK(makes("selfplay") == Words{"proposer"});
  CHECK(makes("reinforce") == Words{"mine"});
  CHECK(makes("reinforce", "critic_updates = 1") == Words{"mine", "mine.critic"});
  CHECK(makes("measure").empty());
  CHECK(makes("cost_to_go") == Words{"mine"});
}

TEST_CASE("judges that are not trained are missed where they are needed", "[stages]") {
  const auto with = [](const std::string& models, const std::string& rest) {
    return refusal(stage("pretrain") + stage("judges", "models = " + models) + rest);
  };
  CHECK(with("['prm']", stage("search"))
            .starts_with("stages.search.guides needs the model "
                         "\"orm\", which no stage before it makes"));
  CHECK(with("['orm']", stage("reinforce", "reward = 'both'"))
            .starts_with("stages.reinforce.reward needs the model \"prm\""));
  CHECK(with("['prm']", stage("reinforce", "algorithm = 'search_guided'"))
            .starts_with("stages.reinforce.algorithm needs the model \"critic\""));
  CHECK(with("['prm']", stage("search", "guides = ['prm_labels']"))
            .starts_with("stages.search.guides needs the model \"prm_labels\""));
  CHECK(with("['prm']\nlabel_file = 'rated.jsonl'", stage("search", "guides = ['prm_labels']"))
            .empty());
  CHECK(refusal(stage("pretrain") + stage("judges", "skip = true") + stage("search"))
            .ends_with("; set stages.judges.skip = false"));
}

TEST_CASE(
    "where judges are trained, but not the one that is needed, the list to add it to is named",
    "[stages]") {
  const auto models =
      refusal(stage("pretrain") + stage("judges", "models = ['prm']") + stage("search"));
  INFO(models);
  CHECK(models.find("stages.judges.models") != std::string::npos);
  const auto labels =
      refusal(stage("pretrain") + stage("judges") + stage("search", "guides = ['prm_labels']"));
  INFO(labels);
  CHECK(labels.find("stages.judges.label_file") != std::string::npos);
}

TEST_CASE("a stage that starts from its own model is not told to move before itself", "[stages]") {
  const auto said = refusal(stage("pretrain") + stage("finetune", "start = 'sft'"));
  INFO(said);
  CHECK(said.starts_with("stages.sft.start needs the model \"sft\""));
  CHECK(said.find("move stage sft before it") == std::string::npos);
}

TEST_CASE("a model that is no policy is refused where a policy is needed", "[stages]") {
  CHECK_FALSE(
      refusal(stage("pretrain") + stage("judges") + stage("reinforce", "start = 'prm'")).empty());
}

// ---- overrides ---------------------------------------------------------------------------------

const std::string kStages = stage("pretrain") + stage("finetune") +
                            stage("compare", "name = 'rl'") + stage("compare", "name = 'rewards'") +
                            stage("reinforce", "name = 'final'");

TEST_CASE("an override addresses a stage by its name, or by its kind", "[stages]") {
  CHECK(settings<PretrainStageConfig>(read(kStages, {"stages.base.steps=7"}), 0).steps == 7);
  CHECK(settings<PretrainStageConfig>(read(kStages, {"stages.pretrain.steps=8"}), 0).steps == 8);
  CHECK(settings<FineTuneConfig>(read(kStages, {"stages.pretrain.steps=8"}), 1).steps ==
        FineTuneConfig().steps);
  const auto config =
      read(kStages, {"stages.rl.reinforce.tokens=5", "stages.final.rounds=3",
                     "stages.reinforce.optimizer.muon_rate=0.5", "stages.sft.skip=true"});
  CHECK(settings<CompareConfig>(config, 2).reinforce.tokens == 5);
  CHECK(settings<CompareConfig>(config, 3).reinforce.tokens == ReinforceConfig().tokens);
  CHECK(settings<ReinforceStageConfig>(config, 4).reinforce.rounds == 3);
  CHECK(settings<ReinforceStageConfig>(config, 4).reinforce.optimizer.muon_rate == 0.5);
  CHECK(config.stages[1].skip);
  // The name counts before the kind.
  const auto named =
      read(stage("pretrain") + stage("finetune", "name = 'pretrain'"), {"stages.pretrain.steps=3"});
  CHECK(settings<PretrainStageConfig>(named, 0).steps == PretrainStageConfig().steps);
  CHECK(settings<FineTuneConfig>(named, 1).steps == 3);
}

TEST_CASE("an override with a star sets a key in every stage that has it", "[stages]") {
  const auto config = read(kStages, {"stages.*.start=other", "stages.*.reinforce.rounds=9",
                                     "stages.*.skip=true", "stages.*.steps=2"});
  CHECK(settings<PretrainStageConfig>(config, 0).steps == 2);
  CHECK(settings<FineTuneConfig>(config, 1).steps == 2);
  CHECK(settings<FineTuneConfig>(config, 1).start == "other");
  CHECK(settings<CompareConfig>(config, 2).start == "other");
  CHECK(settings<CompareConfig>(config, 2).reinforce.rounds == 9);
  CHECK(settings<CompareConfig>(config, 3).reinforce.rounds == 9);
  CHECK(settings<ReinforceStageConfig>(config, 4).start == "other");
  CHECK(settings<ReinforceStageConfig>(config, 4).reinforce.rounds == 0);
  for (const auto& one : config.stages) CHECK(one.skip);
  CHECK(unread(kStages, {"stages.*.stepps=2"}) ==
        "override \"stages.*.stepps=2\": stages.*.stepps is a key of no element of the list");
}

TEST_CASE("an override of a stage that is not there is refused with those that are", "[stages]") {
  const std::string listed = " is not in the list, which has base, sft, rl, rewards, final";
  CHECK(unread(kStages, {"stages.bse.steps=1"})
            .ends_with("stages.bse" + listed + "; did you mean base?"));
  CHECK(unread(kStages, {"stages.finetun.steps=1"})
            .ends_with("stages.finetun" + listed + "; did you mean finetune?"));
  CHECK(unread(kStages, {"stages.base.step=1"})
            .ends_with("stages.base.step is not a known key; did you mean stages.base.steps?"));
  CHECK(unread(kStages, {"stages.base.steps=-1"}).find("stages.base.steps must be from 0 to ") !=
        std::string::npos);
}

TEST_CASE("a kind of several stages means none of them", "[stages]") {
  const auto said = unread(kStages, {"stages.compare.start=sft"});
  INFO(said);
  CHECK(said.find("stages.compare is not in the list, which has base, sft, rl, rewards, final") !=
        std::string::npos);
  CHECK(said.find("did you mean compare?") == std::string::npos);
}

TEST_CASE("an override of the kind gives a stage the settings of that kind", "[stages]") {
  const auto config = read(kStages, {"stages.sft.kind=judges", "stages.sft.samples=3"});
  CHECK(names_of(config) == Words{"base", "sft", "rl", "rewards", "final"});
  CHECK(settings<JudgesConfig>(config, 1).samples == 3);
}

TEST_CASE("an override may give the whole list", "[stages]") {
  const auto config = read(kStages, {"stages=[{kind='pretrain', steps=4}]"});
  CHECK(names_of(config) == Words{"base"});
  CHECK(settings<PretrainStageConfig>(config, 0).steps == 4);
}

// ---- descriptions ------------------------------------------------------------------------------

TEMPLATE_TEST_CASE("a stage's settings describe every field", "[stages]", learning::PretrainConfig,
                   FineTuneConfig, JudgesConfig, SearchTableConfig, AnnotatorConfig, FeedbackConfig,
                   CompareConfig, ProposerConfig, SelfPlayConfig, MeasureConfig, PuzzleRecordConfig,
                   learning::PuzzleLearnerConfig, learning::RewardConfig,
                   learning::PolicyGradientConfig, learning::CriticConfig,
                   persistence::TableConfig) {
  CHECK(testing::describes_all<TestType>());
}

TEST_CASE("settings that are described inline are described one by one", "[stages]") {
  using testing::describes_all, testing::field_count;
  constexpr auto kSelection = field_count<learning::SelectionOptions>();
  constexpr auto kReinforce = field_count<ReinforceConfig>() - 1 + kSelection;
  CHECK(describes_all<ReinforceConfig>(kSelection));
  CHECK(describes_all<ReinforceStageConfig>(kReinforce));
  CHECK(describes_all<CostToGoConfig>(field_count<learning::PuzzleLearnerConfig>()));
  // The kind, the name and whether it is skipped come before.
  CHECK(described_fields(StageEntry()) == 3);
  CHECK(described_fields(StageEntry("measure")) == 3 + field_count<MeasureConfig>());
  CHECK(described_fields(StageEntry("pretrain")) == 3 + field_count<learning::PretrainConfig>());
  CHECK(described_fields(StageEntry("reinforce")) ==
        3 + field_count<ReinforceStageConfig>() - 1 + kReinforce);
}

}  // namespace
}  // namespace qstar

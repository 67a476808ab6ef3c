#include "experiment/experiment.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <set>

#include "experiment/targets.hpp"

namespace qstar::experiment {
namespace {

// Names are parts of paths and of dotted keys.
bool is_plain(std::string_view name) {
  return !name.empty() && name.size() <= 64 && std::all_of(name.begin(), name.end(), [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '-';
  });
}

std::string key_of(const StageEntry& stage) { return "stages." + stage.name; }

// Models that stages make under names of their own.
constexpr std::array<std::string_view, 7> kOwnNames = {
    "prm", "orm", "prm_completions", "prm_labels", "critic", "preference", "proposer"};
// Phases of metrics.jsonl that no stage has.
constexpr std::array<std::string_view, 6> kPhases = {"checkpoint", "stage",   "stop",
                                                     "resume",     "workers", "labels"};
bool is_taken(std::string_view name) {
  return std::find(kOwnNames.begin(), kOwnNames.end(), name) != kOwnNames.end() ||
         std::find(kPhases.begin(), kPhases.end(), name) != kPhases.end();
}
bool is_scorer(std::string_view model) {
  return model != "proposer" &&
         std::find(kOwnNames.begin(), kOwnNames.end(), model) != kOwnNames.end();
}

Status check_names(const Experiment& experiment) {
  std::set<std::string> names;
  for (std::size_t i = 0; i < experiment.stages.size(); ++i) {
    const auto& stage = experiment.stages[i];
    if (!is_plain(stage.name))
      return fail(Errc::kConfig, fmt::format("stages[{}].name = \"{}\" must be 1 to 64 letters, "
                                             "digits, '_' or '-'",
                                             i + 1, stage.name));
    if (is_taken(stage.name))
      return fail(Errc::kConfig,
                  fmt::format("stages[{}].name = \"{}\" has a meaning of its own in a run; "
                              "choose another",
                              i + 1, stage.name));
    if (!names.insert(stage.name).second)
      return fail(Errc::kConfig, fmt::format("stages[{}].name = \"{}\" is the name of an earlier "
                                             "stage, too; give this one another name",
                                             i + 1, stage.name));
  }
  if (!experiment.active().empty()) return {};
  std::vector<std::string_view> kinds;
  for (const auto& kind : stage_kinds()) kinds.push_back(kind.kind);
  return fail(Errc::kConfig,
              fmt::format("stages: the experiment has {}, so there is nothing to do; add "
                          "[[stages]] with a kind ({})",
                          experiment.stages.empty() ? "no stage" : "only stages with skip = true",
                          fmt::join(kinds, ", ")));
}

bool is_puzzle(std::string_view environment) {
  const auto puzzles = environment::puzzle_names();
  return std::find(puzzles.begin(), puzzles.end(), environment) != puzzles.end();
}

// Every stage works on the same environment: text or a puzzle.
Status check_environment(const Experiment& experiment) {
  const auto& name = experiment.environment.name;
  const StageEntry* first = nullptr;
  for (const auto* stage : experiment.active()) {
    const bool of_puzzles = find_stage_kind(stage->kind)->of_puzzles;
    if (of_puzzles ? !is_puzzle(name) : !environment::is_text(name))
      return fail(Errc::kConfig,
                  fmt::format("{}: a stage of kind {} trains on {}, but environment.name = \"{}\" "
                              "is {}; choose another environment or another kind",
                              key_of(*stage), stage->kind, of_puzzles ? "a puzzle" : "text", name,
                              of_puzzles ? "none" : "a puzzle whose steps are moves"));
    if (first != nullptr && find_stage_kind(first->kind)->of_puzzles != of_puzzles)
      return fail(Errc::kConfig,
                  fmt::format("{} and {}: one of these stages trains on a puzzle, the other on "
                              "text; an experiment has one or the other",
                              key_of(*first), key_of(*stage)));
    if (first == nullptr) first = stage;
  }
  if (!experiment.of_puzzle())
    return environment::make_environment(experiment.environment).map([](const auto&) {});
  return environment::make_puzzle(experiment.environment).map([](const auto&) {});
}

bool makes(const StageEntry& stage, const std::string& model) {
  const auto made = stage.settings()->makes(stage.name);
  return std::find(made.begin(), made.end(), model) != made.end();
}

// Which stage would make the model that this one needs.
std::string remedy_for(const Experiment& experiment, const StageEntry& needs,
                       const std::string& model) {
  bool before = true;
  for (const auto& stage : experiment.stages) {
    if (&stage == &needs) {
      before = false;
      continue;
    }
    if (before && !stage.skip && stage.kind == "judges" && is_scorer(model))
      return model == "prm_labels"
                 ? fmt::format("set {}.label_file to a file of rated steps", key_of(stage))
                 : fmt::format("add it to {}.models", key_of(stage));
    if (!makes(stage, model)) continue;
    return stage.skip ? fmt::format("set {}.skip = false", key_of(stage))
                      : fmt::format("move stage {} before it", stage.name);
  }
  for (const auto& kind : stage_kinds()) {
    const auto made = kind.make()->makes(std::string(kind.name));
    if (std::find(made.begin(), made.end(), model) != made.end() && kind.kind != needs.kind)
      return fmt::format("add a stage of kind \"{}\" before it", kind.kind);
  }
  return "add a stage that makes it, or name another model";
}

// Stages learn from, or measure, policies; a scorer is none.
Status check_policy(const StageEntry& stage, const Need& need) {
  const bool wanted = need.setting == "start" || need.setting == "policy" || need.setting == "base";
  if (!wanted || !is_scorer(need.model)) return {};
  return fail(Errc::kConfig,
              fmt::format("{}.{} = \"{}\" is no policy: name a stage that trains one",
                          key_of(stage), need.setting, need.model));
}

Status check_needs(const Experiment& experiment) {
  std::set<std::string> made;
  for (const auto* stage : experiment.active()) {
    for (const auto& need : stage->settings()->needs()) {
      if (auto policy = check_policy(*stage, need); !policy) return policy;
      if (made.contains(need.model)) continue;
      return fail(Errc::kConfig,
                  fmt::format("{}.{} needs the model \"{}\", which no stage before it makes; {}",
                              key_of(*stage), need.setting, need.model,
                              remedy_for(experiment, *stage, need.model)));
    }
    for (auto& model : stage->settings()->makes(stage->name)) {
      if (!made.insert(model).second)
        return fail(Errc::kConfig,
                    fmt::format("{} makes the model \"{}\", as a stage before it does; let one of "
                                "them make it",
                                key_of(*stage), model));
    }
  }
  return {};
}

// Settings of text that were given for a puzzle: of an environment that is both.
Status check_no_text(const Experiment& experiment) {
  const Experiment standard;
  std::string_view section;
  if (!(experiment.corpus == standard.corpus)) section = "corpus";
  if (!(experiment.model == standard.model)) section = "model";
  if (!(experiment.attempts == standard.attempts)) section = "attempts";
  if (!(experiment.evaluation == standard.evaluation)) section = "evaluation";
  if (experiment.engine.slots != standard.engine.slots) section = "engine.slots";
  if (section.empty()) return {};
  return fail(Errc::kConfig,
              fmt::format("{} has no effect: the experiment trains on a puzzle, not on text; "
                          "remove it",
                          section));
}

Status check_text(const Experiment& experiment) {
  const auto environment = environment::make_environment(experiment.environment);
  if (!environment) return tl::unexpected(environment.error());
  return model::check(experiment.model, ";=" + std::string((*environment)->alphabet()));
}

}  // namespace

void TargetConfig::describe(FieldVisitor& v) {
  const bool fresh = figure.empty();
  v.value({.name = "figure",
           .doc = "Figure of the report, beginning with a stage's name: final.greedy.accuracy; "
                  "measure.out_of_domain[*].final.accuracy for every row of a list",
           .required = true},
          figure);
  v.value({"meaning", "What the figure means, for the report (empty: the figure's name)"}, meaning);
  const auto limit = [&](const FieldInfo& info, std::optional<double>& number) {
    if (!number && !fresh) return;  // a limit that is not set has no value to print
    double value = number.value_or(0);
    v.value(info, value);
    if (number || v.gives(info.name)) number = value;
  };
  limit({"at_least", "Smallest figure that reaches the target"}, at_least);
  limit({"below", "The figure must be smaller than this"}, below);
}

bool Experiment::of_puzzle() const {
  return std::any_of(stages.begin(), stages.end(), [](const StageEntry& stage) {
    const auto* kind = find_stage_kind(stage.kind);
    return kind != nullptr && kind->of_puzzles && !stage.skip;
  });
}

std::vector<const StageEntry*> Experiment::active() const {
  std::vector<const StageEntry*> all;
  for (const auto& stage : stages)
    if (!stage.skip) all.push_back(&stage);
  return all;
}

void Experiment::describe(FieldVisitor& v) {
  v.value({"name", "Name of the run"}, name);
  v.value({"seed", "Random seed for the whole run", 0, 9e15}, seed);
  section(v, "environment", "Problems to solve", environment);
  // The environment is known now; the stages may not have been read yet.
  const bool text = environment::is_text(environment.name) && !of_puzzle();
  if (text) {
    section(v, "corpus", "Simulated students whose solutions are the pre-training corpus", corpus);
    section(v, "model", "Transformer of the policy", model);
    section(v, "attempts", "Attempts at problems, in every stage", attempts);
    section(v, "evaluation", "Evaluations on held-out problems, in every stage", evaluation);
  }
  v.section("engine", "Execution of tasks", [&](FieldVisitor& inner) {
    engine.describe(inner);
    if (text) engine.describe_text(inner);
  });
  section(v, "store", "The replay store", store);
  section(v, "checkpoint", "Checkpoints, from which a run is resumed", checkpoint);
  section(v, "restart", "Restarts of failed actors", restart);
  sections(v, {"stages", "Stages of the run, in their order"}, stages);
  sections(v, {"targets", "Figures that the report must reach; it lists those that it misses"},
           targets);
}

Status check(const Experiment& experiment) {
  if (auto named = check_names(experiment); !named) return named;
  if (auto fits = check_environment(experiment); !fits) return fits;
  const bool puzzle = experiment.of_puzzle();
  if (auto text = puzzle ? check_no_text(experiment) : check_text(experiment); !text) return text;
  if (auto made = check_needs(experiment); !made) return made;
  for (const auto* stage : experiment.active())
    if (auto sound = stage->settings()->check(experiment, key_of(*stage)); !sound) return sound;
  return check_targets(experiment);
}

std::vector<std::string> adjustable_settings(const Experiment& experiment) {
  std::vector<std::string> keys = {
      "engine.executors", "engine.lease_seconds", "engine.keep_weights_mb",
      "store.capacity",   "store.sync",           "checkpoint.",
      "restart."};
  for (const auto& stage : experiment.stages)
    for (const auto& limit : stage.settings()->limits())
      keys.push_back(fmt::format("{}.{}", key_of(stage), limit));
  return keys;
}

std::map<std::string, std::string> metadata_of(const Experiment& experiment,
                                               std::string_view role) {
  Experiment copy = experiment;
  return {{"role", std::string(role)},
          {"family", experiment.environment.family},
          {"environment", print_config(describe_of(copy.environment))},
          {"config_hash", config_hash(describe_of(copy))},
          {"seed", std::to_string(experiment.seed)},
          {"code_version", QSTAR_VERSION}};
}

}  // namespace qstar::experiment

#include "experiment/story/story_config.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "experiment/story/improvers.hpp"
#include "experiment/story/targets.hpp"

namespace qstar::experiment {

std::string options_of(const SearchRow& row) {
  const auto fields_of = [](SearchRow of) { return list_config(describe_of(of)).front().fields; };
  const auto usual = fields_of({row.name, {}});
  std::string text;
  for (auto& [name, value, doc] : fields_of(row)) {
    const bool is_usual = std::any_of(usual.begin(), usual.end(), [&](const auto& field) {
      return field.name == name && field.value == value;
    });
    if (is_usual) continue;
    if (value.ends_with(".0")) value.resize(value.size() - 2);
    text += fmt::format("{}{}={}", text.empty() ? "" : " ", name, value);
  }
  return text;
}

std::vector<SearchRow> default_searches() {
  return {{"greedy", {}},
          {"sample", {.samples = 4}},
          {"majority", {.samples = 4}},
          {"majority", {.samples = 16}},
          {"best_of_n", {.samples = 4}},
          {"best_of_n", {.samples = 16}},
          {"weighted_vote", {.samples = 16}},
          {"beam", {.samples = 4}},
          {"beam", {.samples = 4, .stop_below = 0.5, .retries = 3}},
          {"beam", {.samples = 8, .beam = 2}},
          {"astar", {.samples = 4, .budget = 400, .repeat_cost = 1}},
          {"qstar", {.samples = 4, .budget = 400, .repeat_cost = 1}},
          {"mcts", {.samples = 4, .budget = 400}}};
}

std::map<std::string, std::string> metadata_of(const StoryConfig& config, std::string_view role) {
  StoryConfig copy = config;
  return {{"role", std::string(role)},
          {"family", config.environment.family},
          {"environment", print_config(describe_of(copy.environment))},
          {"config_hash", config_hash(describe_of(copy))},
          {"seed", std::to_string(config.seed)},
          {"code_version", QSTAR_VERSION}};
}

namespace {

bool names(const std::vector<std::string>& list, std::string_view word) {
  return std::find(list.begin(), list.end(), word) != list.end();
}

Status check_row(const SearchTableConfig& config, std::size_t index) {
  const auto& row = config.methods[index];
  const auto key = fmt::format("search.methods[{}]", index + 1);
  const auto search = search::make_search(row.name);
  if (!search) return fail(Errc::kConfig, fmt::format("{}: {}", key, search.error().message));
  if (auto ok = search->check(row.how); !ok)
    return fail(Errc::kConfig, fmt::format("{}: {}", key, ok.error().message));
  const auto first = std::find(config.methods.begin(), config.methods.end(), row);
  const auto earlier = static_cast<std::size_t>(first - config.methods.begin());
  if (earlier < index)
    return fail(Errc::kConfig, fmt::format("{} is the same as search.methods[{}]; remove one of "
                                           "them",
                                           key, earlier + 1));
  if (search->needs_guide() && config.guides.empty())
    return fail(
        Errc::kConfig,
        fmt::format("search.guides is empty, but {} ({}) needs a guide; name one", key, row.name));
  return {};
}

Status check_search(const SearchTableConfig& config, bool has_labels) {
  for (std::size_t i = 0; i < config.methods.size(); ++i)
    if (auto row = check_row(config, i); !row) return row;
  if (names(config.guides, "prm_labels") && !has_labels)
    return fail(
        Errc::kConfig,
        "search.guides: \"prm_labels\" is trained on rated steps; set verifiers.label_file to a "
        "file of them");
  return {};
}

// Whether every stage has something to do.
Status check_filled(const StoryConfig& config) {
  const auto nothing = [](std::string_view key, std::string_view stage) {
    return fail(Errc::kConfig, fmt::format("{} is empty, so stages.{} has nothing to do; name one, "
                                           "or switch the stage off",
                                           key, stage));
  };
  if (config.stages.verifiers && config.verifiers.models.empty() &&
      config.verifiers.label_file.empty())
    return nothing("verifiers.models", "verifiers");
  if (config.stages.search && config.search.methods.empty())
    return nothing("search.methods", "search");
  if (config.stages.rl && config.algorithms.empty()) return nothing("algorithms", "rl");
  return {};
}

// Rates fall with the generated tokens, so a warm-up in steps has no meaning.
Status check_rates(const StoryConfig& config) {
  const auto& rl = config.rl;
  if (rl.optimizer.warmup == 0 && rl.gradient.optimizer.warmup == 0) return {};
  return fail(Errc::kConfig,
              "rl.optimizer.warmup and rl.gradient.optimizer.warmup must be 0: the learning rates "
              "of these runs depend on the generated tokens, not on steps");
}

// Whether every model that other stages use is trained at all.
Status check_verifiers(const StoryConfig& config) {
  const auto needs = [&](std::string_view model, std::string_view key) -> Status {
    if (!config.stages.verifiers || names(config.verifiers.models, model)) return {};
    return fail(Errc::kConfig,
                fmt::format("verifiers.models: {} needs \"{}\"; add it", key, model));
  };
  if (config.stages.search) {
    for (const auto& guide : config.search.guides) {
      if (guide == "prm_labels") continue;
      if (auto there = needs(guide, "search.guides"); !there) return there;
    }
  }
  const auto searches = [](const std::string& algorithm) {
    const auto known = find_algorithm(algorithm);
    return known && known->searches;
  };
  const auto& algorithms = config.algorithms;
  if (config.stages.rl && std::any_of(algorithms.begin(), algorithms.end(), searches))
    if (auto there = needs("critic", "algorithms"); !there) return there;
  if (searches(config.final_.algorithm))
    if (auto there = needs("critic", "final.algorithm"); !there) return there;
  if (config.stages.rewards)
    if (auto there = needs("prm", "stages.rewards"); !there) return there;
  if (config.final_.reward != "outcome")
    if (auto there = needs("prm", "final.reward"); !there) return there;
  return {};
}

Status check_stages(const StoryConfig& config) {
  const auto& s = config.stages;
  if (!s.verifiers && (s.search || s.rl || s.rewards))
    return fail(Errc::kConfig,
                "stages.verifiers = false: stages.search, stages.rl and stages.rewards need the "
                "models of that stage; switch these stages off, too");
  if (auto taught = check_verifiers(config); !taught) return taught;
  const auto algorithm = find_algorithm(config.final_.algorithm);
  if (!algorithm) return fail(Errc::kConfig, "final." + algorithm.error().message);
  if (algorithm->name == "q_advantage" && config.final_.reward != "outcome")
    return fail(
        Errc::kConfig,
        "final.reward: the algorithm q_advantage learns from wins only; choose \"outcome\"");
  if (!s.verifiers && (algorithm->searches || config.final_.reward != "outcome"))
    return fail(Errc::kConfig,
                "stages.verifiers = false: final.algorithm or final.reward needs a model of that "
                "stage; switch the stage on, or choose others");
  if (!s.sft && config.final_.start == "sft")
    return fail(Errc::kConfig,
                "stages.sft = false: final.start = \"sft\" needs the model of that stage; switch "
                "the stage on, or set final.start = \"base\"");
  if (config.final_.revisit_share > 0 && config.final_.proposer_share > 0)
    return fail(
        Errc::kConfig,
        "final.revisit_share and final.proposer_share: set one of them to 0; they cannot be "
        "combined");
  if (s.rlhf && config.rlhf.annotator.kind == "recorded" && config.rlhf.annotator.file.empty())
    return fail(
        Errc::kConfig,
        "rlhf.annotator.file: kind = \"recorded\" needs a file of rankings; 'qstar label RUN "
        "--rankings' writes one");
  return {};
}

}  // namespace

Status check(const StoryConfig& config) {
  if (auto text = learning::check_text(config.environment, config.model, config.pretrain); !text)
    return text;
  if (auto rates = check_rates(config); !rates) return rates;
  if (auto rows = check_search(config.search, !config.verifiers.label_file.empty()); !rows)
    return rows;
  if (auto filled = check_filled(config); !filled) return filled;
  if (auto stages = check_stages(config); !stages) return stages;
  return check_targets(config);
}

}  // namespace qstar::experiment

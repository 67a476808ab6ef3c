#include "story/story_config.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "story/improvers.hpp"

namespace qstar {

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    const auto end = std::min(text.find(separator), text.size());
    auto part = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    const auto first = part.find_first_not_of(" \t\n");
    if (first == std::string_view::npos) continue;
    part = part.substr(first, part.find_last_not_of(" \t\n") + 1 - first);
    parts.emplace_back(part);
  }
  return parts;
}

Result<std::vector<double>> numbers_of(std::string_view key, std::string_view text) {
  std::vector<double> numbers;
  for (const auto& part : split(text, ',')) {
    double number = 0;
    const auto read = std::from_chars(part.data(), part.data() + part.size(), number);
    if (read.ec != std::errc{} || read.ptr != part.data() + part.size() || !(number >= 0))
      return fail(
          Errc::kConfig,
          fmt::format("{}: \"{}\" is not a number of at least 0; write numbers separated by ','",
                      key, part));
    numbers.push_back(number);
  }
  return numbers;
}

namespace {

// The option of a search by its name in describe(SearchOptions).
SearchField field_of(std::string_view name) {
  if (name == "samples") return SearchField::kSamples;
  if (name == "temperature") return SearchField::kTemperature;
  if (name == "budget") return SearchField::kBudget;
  if (name == "weight") return SearchField::kWeight;
  if (name == "step_cost") return SearchField::kStepCost;
  if (name == "repeat_cost") return SearchField::kRepeatCost;
  if (name == "exploration" || name == "simulations") return SearchField::kMcts;
  return SearchField::kBeam;
}

}  // namespace

Result<SearchRow> parse_search_row(std::string_view text) {
  auto words = split(text, ' ');
  if (words.empty())
    return fail(Errc::kConfig,
                "search.methods: a search has no name; write its name and its options, "
                "separated by spaces");
  SearchRow row;
  row.method = words.front();
  words.erase(words.begin());
  row.options = fmt::format("{}", fmt::join(words, " "));
  if (auto known = make_search(row.method); !known)
    return fail(Errc::kConfig, "search.methods: " + known.error().message);
  const auto source = fmt::format("search.methods: {}", row.method);
  const auto parsed =
      parse_config("", source, words, [&row](FieldVisitor& v) { describe(v, row.how); });
  if (!parsed) return tl::unexpected(parsed.error());
  const auto search = make_search(row.method).value();
  for (const auto& word : words) {
    const auto name = word.substr(0, word.find('='));
    if (!search.reads(field_of(name)))
      return fail(Errc::kConfig,
                  fmt::format("{}: this search has no option \"{}\"; remove it", source, name));
  }
  if (auto ok = search.check(row.how); !ok)
    return fail(Errc::kConfig, fmt::format("search.methods: {}", ok.error().message));
  return row;
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

constexpr std::array kVerifiers = {"prm", "orm", "prm_completions", "critic"};
constexpr std::array kGuides = {"prm", "orm", "prm_completions", "prm_labels", "critic"};

Status check_search(const SearchTableConfig& config, bool has_labels) {
  for (const auto& text : split(config.methods, ';')) {
    const auto row = parse_search_row(text);
    if (!row) return tl::unexpected(row.error());
    if (split(config.guides, ',').empty() && make_search(row->method)->needs_guide())
      return fail(
          Errc::kConfig,
          fmt::format("search.guides is empty, but {} in search.methods needs a guide; name one",
                      row->method));
  }
  for (const auto& guide : split(config.guides, ',')) {
    if (std::find(kGuides.begin(), kGuides.end(), guide) == kGuides.end())
      return fail(Errc::kConfig, fmt::format("search.guides: \"{}\" is unknown; choose from {}",
                                             guide, fmt::join(kGuides, ", ")));
    if (guide == "prm_labels" && !has_labels)
      return fail(
          Errc::kConfig,
          "search.guides: \"prm_labels\" is trained on rated steps; set verifiers.label_file to a "
          "file of them");
  }
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

Status check_kl_weights(const FeedbackConfig& config) {
  const auto weights = numbers_of("rlhf.kl_weights", config.kl_weights);
  if (!weights) return tl::unexpected(weights.error());
  for (const double weight : *weights) {
    if (!(weight <= 100) || std::count(weights->begin(), weights->end(), weight) > 1)
      return fail(
          Errc::kConfig,
          fmt::format("rlhf.kl_weights: {} must be at most 100 and appear only once", weight));
  }
  return {};
}

// Whether every model that other stages use is trained at all.
Status check_verifiers(const StoryConfig& config) {
  const auto models = split(config.verifiers.models, ',');
  const auto taught = [&](std::string_view name) {
    return std::find(models.begin(), models.end(), name) != models.end();
  };
  for (const auto& model : models) {
    if (std::find(kVerifiers.begin(), kVerifiers.end(), model) == kVerifiers.end())
      return fail(Errc::kConfig, fmt::format("verifiers.models: \"{}\" is unknown; choose from {}",
                                             model, fmt::join(kVerifiers, ", ")));
  }
  const auto needs = [&](std::string_view model, std::string_view key) -> Status {
    if (!config.stages.verifiers || taught(model)) return {};
    return fail(Errc::kConfig,
                fmt::format("verifiers.models: {} needs \"{}\"; add it", key, model));
  };
  if (config.stages.search) {
    for (const auto& guide : split(config.search.guides, ',')) {
      if (guide == "prm_labels") continue;
      if (auto there = needs(guide, "search.guides"); !there) return there;
    }
  }
  const auto searches = [](const std::string& algorithm) {
    const auto known = find_algorithm(algorithm);
    return known && known->searches;
  };
  const auto algorithms = split(config.algorithms, ',');
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
  if (auto text = check_text(config.environment, config.model, config.pretrain); !text) return text;
  const auto names = split(config.algorithms, ',');
  for (const auto& name : names) {
    if (auto known = find_algorithm(name); !known) return tl::unexpected(known.error());
    if (std::count(names.begin(), names.end(), name) > 1)
      return fail(Errc::kConfig,
                  fmt::format("algorithms: \"{}\" appears twice; name it once", name));
  }
  if (auto weights = check_kl_weights(config.rlhf); !weights) return weights;
  if (auto rates = check_rates(config); !rates) return rates;
  if (auto rows = check_search(config.search, !config.verifiers.label_file.empty()); !rows)
    return rows;
  return check_stages(config);
}

}  // namespace qstar

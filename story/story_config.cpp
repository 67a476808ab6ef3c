#include "story/story_config.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "story/improvers.hpp"

namespace qstar {

void AttemptConfig::describe(FieldVisitor& v) {
  v.value({"max_tokens", "generated tokens an attempt at most", 1, 65536}, max_tokens);
  v.value({"slots", "sequences decoded at once", 1, 65536}, slots);
  v.value({"processors", "decoder actors; results do not depend on it", 1, 256}, processors);
  v.value({"keep_groups", "groups a round that the store keeps; 0: all", 0, 1e9}, keep_groups);
}

void FineTuneConfig::describe(FieldVisitor& v) {
  v.value({"solutions", "distinct right solutions", 1, 1e7}, solutions);
  v.value({"steps", "optimiser steps", 0, 1e7}, steps);
  v.value({"rows", "solutions a step", 1, 65536}, rows);
  section(v, "optimizer", "Muon and AdamW", optimizer);
}

void VerifierConfig::describe(FieldVisitor& v) {
  v.value({"models", "that are taught, of prm, orm, prm_completions and critic"}, models);
  v.value({"problems", "attempted for teaching", 1, 1e7}, problems);
  v.value({"samples", "attempts a problem", 1, 4096}, samples);
  v.value({"completions", "of every step, for Monte-Carlo labels", 1, 4096}, completions);
  v.value({"held_out", "problems for step AUC and best of n", 1, 1e6}, held_out);
  v.value({"label_file", "steps that people rated (PRM800K's format), for a PRM of its own"},
          label_file);
  section(v, "reward", "process, outcome and preference models", reward);
  v.value({"critic_updates", "optimiser steps of the critic", 0, 1e7}, critic_updates);
  v.value({"critic_lessons", "more, each on where the critic so far leads", 0, 100},
          critic_lessons);
  v.value({"critic_continuations", "of every state that a lesson leads to", 1, 4096},
          critic_continuations);
  section(v, "critic", "Q-learning from the win signal", critic);
}

void SearchTableConfig::describe(FieldVisitor& v) {
  v.value({"methods", "searches and their options, separated by ';'"}, methods);
  v.value({"guides", "verifiers that guide them, separated by ','"}, guides);
}

void AnnotatorConfig::describe(FieldVisitor& v) {
  v.value({.name = "kind", .doc = "who ranks", .choices = "simulated|recorded"}, kind);
  v.value({"error_rate", "of a simulated comparison", 0, 1}, error_rate);
  v.value({"file", "recorded rankings (JSON lines)"}, file);
}

void FeedbackConfig::describe(FieldVisitor& v) {
  v.value({"problems", "whose answers are ranked", 1, 1e7}, problems);
  v.value({"samples", "answers to each", 2, 4096}, samples);
  section(v, "annotator", "who ranks", annotator);
  section(v, "reward", "the preference model", reward);
  v.value({"kl_weights", "weights of the leash to the reference, a run each"}, kl_weights);
  v.value({"tokens", "generated, a run", 1, 1e12}, tokens);
}

void ReinforceConfig::describe(FieldVisitor& v) {
  v.value({"tokens", "generated until the run ends, all of them", 1, 1e12}, tokens);
  v.value({"problems", "a round", 1, 1e6}, problems);
  v.value({"samples", "attempts a problem", 1, 4096}, samples);
  v.value({"temperature", "of sampling", 0.01, 10}, temperature);
  v.value({"updates", "a round, of expert iteration", 1, 1e6}, updates);
  v.value({"groups_per_update", "that an update draws, of expert iteration", 1, 65536},
          groups_per_update);
  v.value({"window", "rounds that expert iteration still learns from", 1, 1e6}, window);
  v.value({"per_problem", "distinct right solutions kept a group", 1, 4096}, selection.per_problem);
  v.value({"weight_floor", "least weight of a solution; else 1 - pass rate", 0, 1},
          selection.weight_floor);
  section(v, "optimizer", "of expert iteration", optimizer);
  v.value({"attempts_per_update", "of policy gradients", 1, 1e6}, attempts_per_update);
  section(v, "gradient", "policy gradients", gradient);
  v.value({"value_updates", "a round, of PPO's value model and Q-advantage's critic", 0, 1e6},
          value_updates);
  v.value({"gae_lambda", "of PPO's advantages", 0, 1}, gae_lambda);
}

void FinalConfig::describe(FieldVisitor& v) {
  v.value({.name = "start", .doc = "the model it begins from", .choices = "base|sft"}, start);
  v.value({"algorithm", "of reinforcement learning"}, algorithm);
  v.value({.name = "reward",
           .doc = "what an attempt is paid for",
           .choices = "outcome|process|both|screened"},
          reward);
  v.value({"tokens", "generated until the run ends, all of them", 1, 1e12}, tokens);
  v.value({"revisit_share", "of a round's problems, that were lost before", 0, 1}, revisit_share);
  v.value({"setter_share", "of a round's problems, that a setter proposes", 0, 1}, setter_share);
}

void SelfPlayConfig::describe(FieldVisitor& v) {
  v.value({"target", "greedy accuracy at which tokens are compared", 0, 1}, target);
  v.value({"tokens", "generated, at most", 1, 1e12}, tokens);
  v.value({"setter_steps", "of teaching the setter what problems look like", 0, 1e6}, setter_steps);
  v.value({"setter_share", "of a round's problems that the setter proposes", 0, 1}, setter_share);
  v.value({"updates", "of the setter a round", 0, 1e6}, updates);
  section(v, "optimizer", "of the setter's updates", optimizer);
}

void StagesConfig::describe(FieldVisitor& v) {
  v.value({"sft", "supervised fine-tuning"}, sft);
  v.value({"verifiers", "reward models and the critic"}, verifiers);
  v.value({"search", "searches that they guide; needs verifiers"}, search);
  v.value({"rlhf", "learning from rankings"}, rlhf);
  v.value({"rl", "algorithms at equal tokens; needs verifiers"}, rl);
  v.value({"rewards", "outcome, process, both and screened as the reward; needs verifiers"},
          rewards);
  v.value({"selfplay", "a setter that proposes problems"}, selfplay);
  v.value({"measurements", "other domains, polluted context, the calculator"}, measurements);
}

void MeasureConfig::describe(FieldVisitor& v) {
  v.value({"problems", "held out, for every figure", 1, 1e6}, problems);
  v.value({"curve_problems", "held out, for points of curves", 1, 1e6}, curve_problems);
  v.value({"domain_problems", "of each other domain", 1, 1e6}, domain_problems);
}

void StoryConfig::describe(FieldVisitor& v) {
  v.value({.name = "experiment", .doc = "what this file describes", .choices = "story"},
          experiment);
  v.value({"name", "of the run"}, name);
  v.value({"seed", "of everything random", 0, 9e15}, seed);
  v.value({"algorithms", "of reinforcement learning, compared at equal tokens"}, algorithms);
  section(v, "environment", "the problems", environment);
  section(v, "corpus", "the students whose work is the pre-training corpus", corpus);
  section(v, "model", "the policy's transformer", model);
  section(v, "pretrain", "next-token prediction on the corpus", pretrain);
  section(v, "stages", "what is run", stages);
  section(v, "attempts", "how problems are attempted", attempts);
  section(v, "measure", "on held-out problems", measure);
  section(v, "sft", "supervised fine-tuning", sft);
  section(v, "verifiers", "reward models and the critic", verifiers);
  section(v, "search", "searches that they guide", search);
  section(v, "rlhf", "learning from rankings", rlhf);
  section(v, "rl", "reinforcement learning", rl);
  section(v, "selfplay", "a setter and a solver", selfplay);
  section(v, "final", "the deployed policy's run", final_);
}

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
      return fail(Errc::kConfig,
                  fmt::format("{}: \"{}\" is not a number of at least 0", key, part));
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
  if (words.empty()) return fail(Errc::kConfig, "search.methods: a search without a name");
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
      return fail(Errc::kConfig, fmt::format("{}: it does not read {}", source, name));
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
          fmt::format("search.guides is empty: {} of search.methods needs a guide", row->method));
  }
  for (const auto& guide : split(config.guides, ',')) {
    if (std::find(kGuides.begin(), kGuides.end(), guide) == kGuides.end())
      return fail(Errc::kConfig, fmt::format("search.guides: \"{}\" is none of {}", guide,
                                             fmt::join(kGuides, ", ")));
    if (guide == "prm_labels" && !has_labels)
      return fail(
          Errc::kConfig,
          "search.guides: \"prm_labels\" needs verifiers.label_file, a file of rated steps");
  }
  return {};
}

// Rates fall with the generated tokens, so a warm-up in steps has no meaning.
Status check_rates(const StoryConfig& config) {
  const auto& rl = config.rl;
  if (rl.optimizer.warmup == 0 && rl.gradient.optimizer.warmup == 0) return {};
  return fail(Errc::kConfig,
              "rl.optimizer.warmup and rl.gradient.optimizer.warmup have to be 0: the rates of "
              "these runs fall with the tokens that were generated");
}

Status check_leashes(const FeedbackConfig& config) {
  const auto weights = numbers_of("rlhf.kl_weights", config.kl_weights);
  if (!weights) return tl::unexpected(weights.error());
  for (const double weight : *weights) {
    if (!(weight <= 100) || std::count(weights->begin(), weights->end(), weight) > 1)
      return fail(Errc::kConfig,
                  fmt::format("rlhf.kl_weights: {} has to be at most 100, and there once", weight));
  }
  return {};
}

// Whether what other stages ask for is taught at all.
Status check_verifiers(const StoryConfig& config) {
  const auto models = split(config.verifiers.models, ',');
  const auto taught = [&](std::string_view name) {
    return std::find(models.begin(), models.end(), name) != models.end();
  };
  for (const auto& model : models) {
    if (std::find(kVerifiers.begin(), kVerifiers.end(), model) == kVerifiers.end())
      return fail(Errc::kConfig, fmt::format("verifiers.models: \"{}\" is none of {}", model,
                                             fmt::join(kVerifiers, ", ")));
  }
  const auto needs = [&](std::string_view model, std::string_view key) -> Status {
    if (!config.stages.verifiers || taught(model)) return {};
    return fail(Errc::kConfig, fmt::format("verifiers.models: {} needs \"{}\"", key, model));
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
                "stages.verifiers = false: stages.search, rl and rewards need what it learns; "
                "switch them off, too");
  if (auto taught = check_verifiers(config); !taught) return taught;
  const auto algorithm = find_algorithm(config.final_.algorithm);
  if (!algorithm) return fail(Errc::kConfig, "final." + algorithm.error().message);
  if (algorithm->name == "q_advantage" && config.final_.reward != "outcome")
    return fail(Errc::kConfig,
                "final.reward: q_advantage learns its critic from wins; choose \"outcome\"");
  if (!s.verifiers && (algorithm->searches || config.final_.reward != "outcome"))
    return fail(Errc::kConfig,
                "stages.verifiers = false: final.algorithm and final.reward need what it learns");
  if (!s.sft && config.final_.start == "sft")
    return fail(Errc::kConfig, "stages.sft = false: final.start = \"sft\" needs its model");
  if (config.final_.revisit_share > 0 && config.final_.setter_share > 0)
    return fail(Errc::kConfig,
                "final.revisit_share, final.setter_share: only one of them can be above 0");
  if (s.rlhf && config.rlhf.annotator.kind == "recorded" && config.rlhf.annotator.file.empty())
    return fail(Errc::kConfig,
                "rlhf.annotator.file: kind = \"recorded\" needs a file of rankings, as 'qstar "
                "label RUN --rankings' writes it");
  return {};
}

}  // namespace

Status check(const StoryConfig& config) {
  if (auto text = check_text(config.environment, config.model, config.pretrain); !text) return text;
  const auto names = split(config.algorithms, ',');
  for (const auto& name : names) {
    if (auto known = find_algorithm(name); !known) return tl::unexpected(known.error());
    if (std::count(names.begin(), names.end(), name) > 1)
      return fail(Errc::kConfig, fmt::format("algorithms: \"{}\" is there twice", name));
  }
  if (auto weights = check_leashes(config.rlhf); !weights) return weights;
  if (auto rates = check_rates(config); !rates) return rates;
  if (auto rows = check_search(config.search, !config.verifiers.label_file.empty()); !rows)
    return rows;
  return check_stages(config);
}

}  // namespace qstar

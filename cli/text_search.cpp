#include "cli/text_search.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <filesystem>

#include "learning/decoder_scorer.hpp"

namespace qstar {
namespace {

constexpr std::array kAggregations = {"minimum", "product", "last"};
constexpr std::array kPriorities = {"cost", "utility"};

template <class Enum, class Names>
Enum parsed(const Names& names, const std::string& name) {
  return static_cast<Enum>(std::find(names.begin(), names.end(), name) - names.begin());
}

std::string searches_that_read(SearchField field) {
  std::vector<std::string> names;
  for (const auto& name : search_names())
    if (make_search(name)->reads(field)) names.push_back(name);
  return fmt::format("{}", fmt::join(names, ", "));
}

Status check_flags(const TextSearchOptions& options, const Search& search) {
  const auto given = [&](const std::string& name) {
    return std::any_of(options.flags.begin(), options.flags.end(), [&](const auto& flag) {
      return flag.option->get_name() == name && flag.option->count() > 0;
    });
  };
  for (const auto& [option, field] : options.flags) {
    if (option->count() == 0 || search.reads(field)) continue;
    return fail(Errc::kUsage, fmt::format("{} is for --search {}; not for {}", option->get_name(),
                                          searches_that_read(field), search.name()));
  }
  if (given("--retries") && options.how.stop_below == 0)
    return fail(Errc::kUsage, "--retries needs --stop-below: without it nothing is tried again");
  if (given("--step-cost") && options.priority == "utility")
    return fail(Errc::kUsage,
                "--step-cost is not for --priority utility: steps cost nothing there");
  if (options.guide.empty() == search.needs_guide())
    return fail(
        Errc::kUsage,
        search.needs_guide()
            ? fmt::format("--search {} needs --guide: a run with a critic, or the file of "
                          "a critic or reward model",
                          search.name())
            : fmt::format("--guide is not for --search {}: it looks at no scores", search.name()));
  return {};
}

Result<std::unique_ptr<StepScorer>> load_guide(const std::string& path, const LoadedModel& policy) {
  auto model = read_model(path);
  if (!model) return tl::unexpected(model.error());
  auto scorer = DecoderScorer::make(*model);
  if (!scorer) return fail(scorer.error().code, path + ": " + scorer.error().message);
  if (model->characters != policy.weights->tokenizer().characters() ||
      model->spec != policy.weights->spec())
    return fail(Errc::kConfig,
                fmt::format("{} does not fit {}: alphabet, [model] or context differ; give a guide "
                            "that was learned with this policy",
                            path, policy.path));
  return std::unique_ptr<StepScorer>(std::move(*scorer));
}

}  // namespace

void add_search_options(CLI::App& command, TextSearchOptions& o) {
  const auto& names = search_names();
  command.add_option("--search", o.search, fmt::format("{}", fmt::join(names, ", ")))
      ->check(CLI::IsMember(names));
  command.add_option("--guide", o.guide,
                     "what scores steps: a run (its critic.safetensors), or the file of a critic "
                     "or reward model");
  const auto add = [&](const char* name, auto& value, SearchField field, const char* text) {
    auto* option = command.add_option(name, value, text);
    o.flags.push_back({option, field});
    return option;
  };
  using enum SearchField;
  auto& how = o.how;
  add("--samples", how.samples, kSamples, "whole attempts, or steps proposed in a state")
      ->check(CLI::Range(1, 65536));
  add("--temperature", how.temperature, kTemperature, "of sampling")
      ->check(CLI::Range(0.001, 10.0));
  add("--seed", how.seed, kTemperature, "of sampling");
  add("--budget", how.budget, kBudget, "generated tokens of a problem; default: no limit")
      ->check(CLI::Range(std::int64_t{1}, std::int64_t{1} << 40));
  add("--aggregation", o.aggregation, kAggregation,
      "of steps' scores: minimum, product or last; default: minimum of a prm, last of the others")
      ->check(CLI::IsMember(std::vector<std::string>(kAggregations.begin(), kAggregations.end())));
  add("--beam", how.beam, kBeam, "states that go on together")->check(CLI::Range(1, 65536));
  add("--stop-below", how.stop_below, kBeam, "beam: try again where no step scores so much")
      ->check(CLI::Range(0.0, 1.0));
  add("--retries", how.retries, kBeam, "beam: how often a problem may do so")
      ->check(CLI::Range(0, 1'000'000));
  add("--weight", how.weight, kWeight, "of the cost so far; with utility: of Q")
      ->check(CLI::Range(0.0, 1e6));
  add("--step-cost", how.step_cost, kStepCost, "in nats, as -log of a score")
      ->check(CLI::Range(0.0, 1e6));
  add("--repeat-cost", how.repeat_cost, kRepeatCost,
      "of having other steps proposed in a state, each time; 0: never")
      ->check(CLI::Range(0.0, 1e6));
  add("--priority", o.priority, kPriority,
      "qstar: cost (-log Q to go, the default) or utility (value so far + weight x Q)")
      ->check(CLI::IsMember(std::vector<std::string>(kPriorities.begin(), kPriorities.end())));
  add("--exploration", how.exploration, kMcts, "mcts: c of PUCT")->check(CLI::Range(0.0, 1e6));
  add("--simulations", how.simulations, kMcts, "mcts: of a problem")
      ->check(CLI::Range(1, 100'000'000));
}

Result<TextSearch> prepare_search(const TextSearchOptions& options, const LoadedModel& policy) {
  const auto search = make_search(options.search);
  if (!search) return tl::unexpected(search.error());
  if (auto ok = check_flags(options, *search); !ok) return tl::unexpected(ok.error());
  TextSearch ready{*search, options.how, {}, nullptr};
  if (!options.aggregation.empty())
    ready.how.aggregation = parsed<Aggregation>(kAggregations, options.aggregation);
  if (!options.priority.empty())
    ready.how.priority = parsed<EdgePriority>(kPriorities, options.priority);
  ready.how.max_tokens = static_cast<std::int32_t>(policy.weights->spec().context);
  if (!options.guide.empty()) {
    std::error_code unreadable;  // then reading it says so
    ready.guide_path = std::filesystem::is_directory(options.guide, unreadable)
                           ? options.guide + "/critic.safetensors"
                           : options.guide;
    auto guide = load_guide(ready.guide_path, policy);
    if (!guide) return tl::unexpected(guide.error());
    ready.guide = std::move(*guide);
  }
  if (auto ok = search->check(ready.how, ready.guide.get()); !ok) return tl::unexpected(ok.error());
  return ready;
}

nlohmann::ordered_json to_json(const TextSearch& s) {
  using enum SearchField;
  nlohmann::ordered_json out = {{"search", s.search.name()}};
  const auto add = [&](SearchField field, const char* name, const auto& value) {
    if (s.search.reads(field)) out[name] = value;
  };
  if (s.guide) {
    out["guide"] = s.guide_path;
    out["guide_role"] = to_string(s.guide->role());
    const auto aggregation = s.how.aggregation.value_or(aggregation_of(s.guide->role()));
    add(kAggregation, "aggregation", kAggregations[static_cast<std::size_t>(aggregation)]);
  }
  add(kSamples, "samples", s.how.samples);
  add(kTemperature, "temperature", s.how.temperature);
  add(kTemperature, "seed", s.how.seed);
  add(kBudget, "budget", s.how.budget);
  add(kBeam, "beam", s.how.beam);
  add(kBeam, "stop_below", s.how.stop_below);
  add(kBeam, "retries", s.how.retries);
  add(kWeight, "weight", s.how.weight);
  add(kStepCost, "step_cost", s.how.step_cost);
  add(kRepeatCost, "repeat_cost", s.how.repeat_cost);
  add(kPriority, "priority", kPriorities[static_cast<std::size_t>(s.how.priority)]);
  add(kMcts, "exploration", s.how.exploration);
  add(kMcts, "simulations", s.how.simulations);
  return out;
}

}  // namespace qstar

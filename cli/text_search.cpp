#include "cli/text_search.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <filesystem>

#include "cli/model_kind.hpp"
#include "cli/number_options.hpp"
#include "cli/option_values.hpp"
#include "core/printable.hpp"
#include "inference/decoder_scorer.hpp"

namespace qstar::cli {
namespace {

constexpr std::array kAggregations = {"minimum", "product", "last"};
constexpr std::array kPriorities = {"cost", "utility"};

template <class Enum, class Names>
Enum parsed(const Names& names, const std::string& name) {
  return static_cast<Enum>(std::find(names.begin(), names.end(), name) - names.begin());
}

std::string searches_that_read(search::SearchField field) {
  std::vector<std::string> names;
  for (const auto& name : search::search_names())
    if (search::make_search(name)->reads(field)) names.push_back(name);
  return fmt::format("{}", fmt::join(names, ", "));
}

Status check_flags(const TextSearchOptions& options, const search::Search& search) {
  const auto given = [&](const std::string& name) {
    return std::any_of(options.flags.begin(), options.flags.end(), [&](const auto& flag) {
      return flag.option->get_name() == name && flag.option->count() > 0;
    });
  };
  for (const auto& [option, field] : options.flags) {
    if (option->count() == 0 || search.reads(field)) continue;
    return fail(Errc::kUsage,
                fmt::format("{} is for --search {} and has no effect on {}", option->get_name(),
                            searches_that_read(field), search.name()));
  }
  if (given("--retries") && options.how.stop_below == 0)
    return fail(Errc::kUsage, "--retries has no effect without --stop-below: nothing is resampled");
  if (given("--step-cost") && options.priority == "utility")
    return fail(Errc::kUsage,
                "--step-cost has no effect with --priority utility: steps have no cost there");
  if (options.guide.empty() == search.needs_guide())
    return fail(
        Errc::kUsage,
        search.needs_guide()
            ? fmt::format("--search {} needs --guide: a run with a critic, or the file of a "
                          "critic or reward model",
                          search.name())
            : fmt::format("--guide is not for --search {}, which reads no scores", search.name()));
  return {};
}

Result<std::unique_ptr<model::StepScorer>> load_guide(const std::string& path,
                                                      const LoadedModel& policy) {
  auto model = model::read_model(path);
  if (!model) return tl::unexpected(model.error());
  auto scorer = inference::DecoderScorer::make(*model);
  if (!scorer) return fail(scorer.error().code, printable(path) + ": " + scorer.error().message);
  if (model->characters != policy.weights->tokenizer().characters() ||
      model->spec != policy.weights->spec())
    return fail(Errc::kConfig,
                fmt::format("{} does not fit {}: its alphabet, [model] settings or context "
                            "differ; give a guide that was trained with this policy",
                            printable(path), printable(policy.path)));
  return std::unique_ptr<model::StepScorer>(std::move(*scorer));
}

// Adds options that not every search reads, and notes them.
class OptionAdder {
 public:
  OptionAdder(CLI::App& command, TextSearchOptions& options)
      : command_(command), options_(options) {}

  template <class Value>
  CLI::Option& operator()(const char* name, Value& value, search::SearchField field,
                          const char* help) {
    auto* option = command_.add_option(name, value, help);
    options_.flags.push_back({option, field});
    return *option;
  }

 private:
  CLI::App& command_;
  TextSearchOptions& options_;
};

template <std::size_t n>
CLI::IsMember one_of(const std::array<const char*, n>& names) {
  return CLI::IsMember(std::vector<std::string>(names.begin(), names.end()));
}

void add_sampling_options(OptionAdder add, search::SearchOptions& how) {
  using enum search::SearchField;
  add("--samples", how.samples, kSamples,
      "Attempts per problem, or steps proposed per state by the searches over steps (default 1)")
      .check(whole_number(1, 65536));
  add("--temperature", how.temperature, kTemperature,
      "Divide the logits by this temperature before sampling: higher values vary the attempts more "
      "(default 1, no unit)")
      .check(real_number(0.001, 10));
  add("--seed", how.seed, kTemperature, "Random seed for the sampling (default 0)")
      .check(whole_number(0, kMaxSeed));
  add("--budget", how.budget, kBudget,
      "Stop searching a problem after this many generated tokens (default: no limit)")
      .check(whole_number(1, std::uint64_t{1} << 40));
}

void add_step_options(OptionAdder add, TextSearchOptions& o) {
  using enum search::SearchField;
  auto& how = o.how;
  add("--aggregation", o.aggregation, kAggregation,
      "How the scores of several steps become one value: minimum, product or last (default: "
      "minimum "
      "for a process model, last for the other guides)")
      .check(one_of(kAggregations));
  add("--beam", how.beam, kBeam, "Beam search: number of states kept after every step (default 1)")
      .check(whole_number(1, 65536));
  add("--stop-below", how.stop_below, kBeam,
      "Beam search: resample a state when every proposed step scores below this, from 0 to 1 "
      "(default 0: never)")
      .check(real_number(0, 1));
  add("--retries", how.retries, kBeam,
      "Beam search: resample at most this many times per problem (default 3)")
      .check(whole_number(0, 1'000'000));
  add("--weight", how.weight, kWeight,
      "Factor for the cost of the steps so far in astar and qstar; with --priority utility, factor "
      "for Q (default 1, no unit)")
      .check(real_number(0, 1e6));
  add("--step-cost", how.step_cost, kStepCost,
      "Cost of each step in nats, the unit of -log of a score (default 0.1)")
      .check(real_number(0, 1e6));
  add("--repeat-cost", how.repeat_cost, kRepeatCost,
      "Cost in nats added each time a state is expanded again with other proposed steps "
      "(default 0: expand each state once)")
      .check(real_number(0, 1e6));
  add("--priority", o.priority, kPriority,
      "Order in which qstar takes steps: cost (the smallest cost so far - log Q first) or utility "
      "(the largest value so far + weight x Q first) (default cost)")
      .check(one_of(kPriorities));
  add("--exploration", how.exploration, kMcts,
      "Monte-Carlo tree search: exploration constant c of PUCT (default 1, no unit)")
      .check(real_number(0, 1e6));
  add("--simulations", how.simulations, kMcts,
      "Monte-Carlo tree search: number of simulations per problem (default 32)")
      .check(whole_number(1, 100'000'000));
}

}  // namespace

void add_search_options(CLI::App& command, TextSearchOptions& o) {
  command
      .add_option("--search", o.search,
                  fmt::format("How to search for an answer: {} (default greedy)",
                              fmt::join(search::search_names(), ", ")))
      ->check(CLI::IsMember(search::search_names()));
  command
      .add_option("--guide", o.guide,
                  "Model that scores steps: the folder of a run (its critic.safetensors), or the "
                  "file of a critic or reward model (default: none)")
      ->type_name(placeholder::kPath);
  add_sampling_options({command, o}, o.how);
  add_step_options({command, o}, o);
}

Result<TextSearch> prepare_search(const TextSearchOptions& options, const LoadedModel& policy) {
  const auto search = search::make_search(options.search);
  if (!search) return tl::unexpected(search.error());
  if (auto ok = check_flags(options, *search); !ok) return tl::unexpected(ok.error());
  TextSearch ready{*search, options.how, {}, nullptr};
  if (!options.aggregation.empty())
    ready.how.aggregation = parsed<search::Aggregation>(kAggregations, options.aggregation);
  if (!options.priority.empty())
    ready.how.priority = parsed<search::EdgePriority>(kPriorities, options.priority);
  ready.how.max_tokens = static_cast<std::int32_t>(policy.weights->spec().context);
  if (!options.guide.empty()) {
    std::error_code unreadable;  // then reading it says so
    ready.guide_path = std::filesystem::is_directory(options.guide, unreadable)
                           ? options.guide + "/critic.safetensors"
                           : options.guide;
    auto guide = load_guide(ready.guide_path, policy);
    if (!guide && model_kind(options.guide) == ModelKind::kPuzzle)
      return fail(Errc::kConfig,
                  fmt::format("--guide {} was trained on a puzzle, not on text: give "
                              "the critic or reward model of a run on text",
                              printable(options.guide)));
    if (!guide) return tl::unexpected(guide.error());
    ready.guide = std::move(*guide);
  }
  if (auto ok = search->check(ready.how, ready.guide.get()); !ok) return tl::unexpected(ok.error());
  return ready;
}

nlohmann::ordered_json to_json(const TextSearch& s) {
  using enum search::SearchField;
  nlohmann::ordered_json out = {{"search", s.search.name()}};
  const auto add = [&](search::SearchField field, const char* name, const auto& value) {
    if (s.search.reads(field)) out[name] = value;
  };
  if (s.guide) {
    out["guide"] = s.guide_path;
    out["guide_role"] = to_string(s.guide->role());
    const auto aggregation = s.how.aggregation.value_or(search::aggregation_of(s.guide->role()));
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

}  // namespace qstar::cli

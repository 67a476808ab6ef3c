#include "story/stage.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/attempt.hpp"
#include "core/metrics.hpp"
#include "learning/decoder.hpp"
#include "search/evaluate.hpp"

namespace qstar {
namespace {

Tokenizer tokenizer_of(const Environment& environment) {
  auto made = Tokenizer::make(environment.alphabet());
  QSTAR_ASSERT(made.has_value(), std::string(environment.alphabet()));
  return std::move(*made);
}

}  // namespace

StoryHost local_host(const StoryConfig& config) {
  StoryHost host;
  const auto slots = static_cast<std::int32_t>(config.attempts.slots);
  host.policy = [slots](const ModelFile& model,
                        std::uint64_t version) -> Result<std::unique_ptr<Policy>> {
    auto weights = DecoderWeights::make(model, version);
    if (!weights) return tl::unexpected(weights.error());
    return std::make_unique<DecoderPolicy>(std::move(*weights), slots);
  };
  const auto seed = derive_seed(static_cast<std::uint64_t>(config.seed), "annotator");
  const double error_rate = config.rlhf.annotator.error_rate;
  host.annotator = [seed, error_rate] {
    return std::make_unique<SimulatedAnnotator>(error_rate, seed);
  };
  host.proposer = [](std::unique_ptr<Proposer> proposer) { return proposer; };
  host.keep = [](std::span<const AttemptGroup>) { return Status{}; };
  host.show = [](const StageProgress&) { return Status{}; };
  host.load = [](std::string_view) { return std::map<std::string, std::string>{}; };
  host.save = [](std::string_view, const auto&, bool) { return Status{}; };
  return host;
}

Story::Story(const StoryConfig& config, std::shared_ptr<const Environment> environment,
             StoryHost host)
    : config_(config),
      environment_(std::move(environment)),
      tokenizer_(tokenizer_of(*environment_)),
      host_(std::move(host)) {}

std::uint64_t Story::seed(std::string_view stream, std::uint64_t index) const {
  return derive_seed(static_cast<std::uint64_t>(config_.seed), stream, index);
}

std::vector<std::string> Story::training_problems(std::string_view stream, std::int64_t n) const {
  Rng rng(seed(stream));
  std::vector<std::string> problems;
  for (std::int64_t i = 0; i < n; ++i)
    problems.push_back(environment_->sample_problem(rng, Split::kTraining));
  return problems;
}

std::uint64_t Story::group_id(std::string_view label, std::uint64_t index) {
  return (derive_seed(0, label) & 0xffff'ffffU) << 31 | index;
}

SearchOptions Story::options(std::string_view label, std::uint64_t first) const {
  return {.max_tokens = static_cast<std::int32_t>(config_.attempts.max_tokens),
          .seed = seed(label),
          .first_group = group_id(label, first)};
}

Status Story::keep(std::span<const AttemptGroup> groups) const {
  const auto most = static_cast<std::size_t>(config_.attempts.keep_groups);
  return host_.keep(most == 0 ? groups : groups.first(std::min(most, groups.size())));
}

Result<std::vector<AttemptGroup>> Story::attempt(Policy& policy,
                                                 std::span<const std::string> problems,
                                                 std::int64_t samples, std::string_view label,
                                                 std::uint64_t first) const {
  auto how = options(label, first);
  how.samples = samples;
  auto results = make_search("sample").value().attempt(*environment_, {policy}, problems, how);
  if (!results) return tl::unexpected(results.error());
  auto groups = groups_of(std::move(*results));
  if (auto kept = keep(groups); !kept) return tl::unexpected(kept.error());
  return groups;
}

Result<nlohmann::json> Story::evaluate(std::string_view search, const SearchModels& with,
                                       std::span<const std::string> problems,
                                       const SearchOptions& how, std::string_view label) const {
  const auto method = make_search(search);
  if (!method) return tl::unexpected(method.error());
  auto options = this->options(label);
  SearchOptions all = how;
  all.max_tokens = options.max_tokens;
  all.seed = options.seed;
  all.first_group = options.first_group;
  const double cpu = process_cpu_seconds();
  auto figures = qstar::evaluate(*method, *environment_, with, problems, all);
  if (!figures) return tl::unexpected(figures.error());
  const double spent = process_cpu_seconds() - cpu;
  const auto groups = groups_of(std::move(figures->results));
  if (auto kept = keep(groups); !kept) return tl::unexpected(kept.error());
  return nlohmann::json{{"accuracy", figures->accuracy},
                        {"ci95", {figures->ci95.low, figures->ci95.high}},
                        {"n", figures->n},
                        {"tokens_per_problem", figures->tokens_per_problem},
                        {"guide_queries_per_problem", figures->guide_queries_per_problem},
                        {"lucky", lucky_share(groups)},
                        {"cpu_seconds", spent}};
}

Result<nlohmann::json> Story::evaluate(const ModelFile& model, std::string_view name) const {
  auto policy = host_.policy(model, 0);
  if (!policy) return tl::unexpected(policy.error());
  const auto problems = held_out_problems(*environment_, config_.measure.problems);
  nlohmann::json figures;
  for (const auto& [key, search] : {std::pair{"greedy", "greedy"}, {"sampled", "sample"}}) {
    auto measured =
        evaluate(search, {**policy}, problems, {}, fmt::format("evaluation.{}.{}", name, key));
    if (!measured) return measured;
    figures[key] = std::move(*measured);
  }
  return figures;
}

Result<std::vector<bool>> Story::quick_evaluation(const ModelFile& model) const {
  auto policy = host_.policy(model, 0);
  if (!policy) return tl::unexpected(policy.error());
  // Other problems than those of the reported figures: these decide when a run may end.
  const auto problems = held_out_problems(*environment_, config_.measure.curve_problems, 1);
  const auto results = make_search("greedy").value().attempt(*environment_, {**policy}, problems,
                                                             options("quick_evaluation"));
  if (!results) return tl::unexpected(results.error());
  std::vector<bool> right;
  for (const auto& result : *results) right.push_back(result.answer().win());
  return right;
}

double share(const std::vector<bool>& of) {
  const auto n = static_cast<double>(std::count(of.begin(), of.end(), true));
  return of.empty() ? 0 : n / static_cast<double>(of.size());
}

std::vector<Trajectory> attempts_of(std::span<const AttemptGroup> groups) {
  std::vector<Trajectory> attempts;
  for (const auto& group : groups)
    attempts.insert(attempts.end(), group.attempts.begin(), group.attempts.end());
  return attempts;
}

std::int64_t tokens_of(std::span<const AttemptGroup> groups) {
  std::size_t tokens = 0;
  for (const auto& group : groups)
    for (const auto& attempt : group.attempts) tokens += tokens_of(attempt);
  return static_cast<std::int64_t>(tokens);
}

double lucky_share(std::span<const AttemptGroup> groups) {
  double right = 0, lucky = 0;
  for (const auto& group : groups) {
    for (const auto& attempt : group.attempts) {
      right += attempt.win() ? 1 : 0;
      lucky += attempt.outcome == Outcome::kLucky ? 1 : 0;
    }
  }
  return right > 0 ? lucky / right : 0;
}

}  // namespace qstar

#include "experiment/text/text_evaluations.hpp"

#include <algorithm>

#include "core/rng.hpp"
#include "search/text/evaluate.hpp"

namespace qstar::experiment {

void TextEvaluations::order(const OrderedEvaluation& what) {
  AttemptTask task;
  task.policy.hash = what.policy;
  task.search = what.sampled ? "sample" : "greedy";
  task.problems = first_held_out(what.problems);
  task.how.max_tokens = static_cast<std::int32_t>(config_.rollout.max_tokens);
  task.how.seed = derive_seed(static_cast<std::uint64_t>(config_.seed), "evaluation");
  evaluating_.push_back({what, submit_in_parts(*host_.engine, task)});
}

std::vector<std::string> TextEvaluations::first_held_out(std::int64_t n) {
  const auto& e = config_.evaluation;
  if (held_out_.empty())
    held_out_ = search::held_out_problems(environment_, std::max(e.problems, e.curve_problems));
  const auto most = std::min(held_out_.size(), static_cast<std::size_t>(n));
  return {held_out_.begin(), held_out_.begin() + static_cast<std::ptrdiff_t>(most)};
}

bool TextEvaluations::has(const std::string& what) const {
  return std::any_of(evaluating_.begin(), evaluating_.end(),
                     [&](const Evaluating& e) { return e.what.what == what; });
}

bool TextEvaluations::ready() const {
  if (empty()) return false;
  const auto& parts = evaluating_.front().parts;
  return std::all_of(parts.begin(), parts.end(),
                     [this](TaskId part) { return host_.engine->ready(part); });
}

Result<TextEvaluations::Complete> TextEvaluations::take() {
  auto results = wait_for_all(*host_.engine, evaluating_.front().parts);
  if (!results) return tl::unexpected(results.error());
  auto measured = search::evaluation_of(std::move(results->found));
  Complete complete{std::move(evaluating_.front().what),
                    {measured.accuracy, measured.ci95.low, measured.ci95.high, measured.n,
                     measured.tokens_per_problem, results->cpu_seconds},
                    {}};
  for (auto& result : measured.results) complete.groups.push_back(std::move(result.group));
  evaluating_.pop_front();
  return complete;
}

void TextEvaluations::add_models(std::set<ModelHash>& models) const {
  for (const auto& evaluating : evaluating_) models.insert(evaluating.what.policy);
}

std::vector<OrderedEvaluation> TextEvaluations::ordered() const {
  std::vector<OrderedEvaluation> all;
  for (const auto& evaluating : evaluating_) all.push_back(evaluating.what);
  return all;
}

}  // namespace qstar::experiment

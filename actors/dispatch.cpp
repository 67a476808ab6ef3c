#include "actors/dispatch.hpp"

#include <iterator>

#include "core/rng.hpp"
#include "search/evaluate.hpp"

namespace qstar {

AttemptTask rollout_task(const ExperimentConfig& config, const Environment& environment,
                         std::uint64_t number, const PolicyRef& policy) {
  const auto& r = config.rollout;
  AttemptTask task{.policy = policy};
  task.how.samples = r.samples;
  task.how.temperature = r.temperature;
  task.how.max_tokens = static_cast<std::int32_t>(r.max_tokens);
  task.how.seed = static_cast<std::uint64_t>(config.seed);
  task.how.first_group = number * static_cast<std::uint64_t>(r.lease_groups);
  Rng rng(derive_seed(task.how.seed, "problems", number));
  for (std::int64_t i = 0; i < r.lease_groups; ++i)
    task.problems.push_back(environment.sample_problem(rng, Split::kTraining));
  return task;
}

Evaluated evaluated_of(TaskResult results, std::size_t keep) {
  auto figures = evaluation_of(std::move(results.found));
  Evaluated evaluated{figures.accuracy,
                      figures.ci95.low,
                      figures.ci95.high,
                      figures.n,
                      figures.tokens_per_problem,
                      results.cpu_seconds,
                      {}};
  for (auto& result : figures.results)
    if (evaluated.kept.size() < keep) evaluated.kept.push_back(std::move(result.group));
  return evaluated;
}

void EvaluationTasks::begin(std::uint64_t evaluation, const std::vector<AttemptTask>& parts) {
  running_[evaluation] = {std::vector<TaskResult>(parts.size()), parts.size()};
  for (std::size_t i = 0; i < parts.size(); ++i) {
    parts_[next_] = {evaluation, i};
    pool_.add(next_++, std::make_shared<const std::string>(encode(Task(parts[i]))));
  }
}

std::optional<EvaluationTasks::Complete> EvaluationTasks::finished(std::uint64_t task,
                                                                   TaskResult result) {
  if (!pool_.done(task)) return std::nullopt;  // a late duplicate
  const auto [evaluation, index] = parts_.extract(task).mapped();
  auto& running = running_.at(evaluation);
  running.parts[index] = std::move(result);
  if (--running.missing > 0) return std::nullopt;
  Complete complete{evaluation, {}};
  for (auto& part : running.parts) {
    std::ranges::move(part.found, std::back_inserter(complete.results.found));
    complete.results.cpu_seconds += part.cpu_seconds;
  }
  running_.erase(evaluation);
  return complete;
}

}  // namespace qstar

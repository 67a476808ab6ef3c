#include "experiment/engine.hpp"

#include <algorithm>
#include <array>
#include <iterator>

#include "core/sha256.hpp"

namespace qstar::experiment {
namespace {

// Attempts or completions per task: large enough for full decoder batches and few messages, small
// enough that several nodes share a round.
constexpr std::size_t kPerTask = 384;

AttemptTask part_of(const AttemptTask& whole, std::size_t first, std::size_t problems) {
  AttemptTask part = whole;
  const auto begin = whole.problems.begin() + static_cast<std::ptrdiff_t>(first);
  part.problems.assign(begin, begin + static_cast<std::ptrdiff_t>(problems));
  part.how.first_group += first;
  if (part.origin) part.origin->first_group += first;
  return part;
}

}  // namespace

EngineTimes operator+(const EngineTimes& a, const EngineTimes& b) {
  return {a.now + b.now, a.stage_waited + b.stage_waited, a.executors_busy + b.executors_busy,
          a.executors_idle + b.executors_idle};
}

LocalEngine::LocalEngine(std::shared_ptr<const environment::Environment> environment,
                         std::int32_t slots)
    : executor_(std::move(environment),
                std::make_shared<ModelCache>([this](const ModelHash& hash) -> Result<std::string> {
                  return models_.at(hash);
                }),
                {slots, {}}) {}

Result<ModelHash> LocalEngine::publish(std::string bytes) {
  auto hash = sha256(bytes).hex();
  models_[hash] = std::move(bytes);
  return hash;
}

TaskId LocalEngine::submit(Task task) {
  tasks_.emplace(next_, std::move(task));
  return next_++;
}

Result<TaskResult> LocalEngine::wait(TaskId task) {
  const auto it = tasks_.find(task);
  QSTAR_ASSERT(it != tasks_.end(), std::to_string(task));
  auto result = executor_.run(it->second);
  tasks_.erase(it);
  return result;
}

void LocalEngine::cancel(std::span<const TaskId> tasks) {
  for (const TaskId task : tasks) tasks_.erase(task);
}

std::vector<AttemptTask> parts_of(const AttemptTask& whole) {
  const auto samples = static_cast<std::size_t>(std::max<std::int64_t>(1, whole.how.samples));
  const std::size_t problems = std::max<std::size_t>(1, kPerTask / samples);
  std::vector<AttemptTask> parts;
  for (std::size_t first = 0; first < whole.problems.size(); first += problems)
    parts.push_back(part_of(whole, first, std::min(problems, whole.problems.size() - first)));
  return parts;
}

std::vector<TaskId> submit_in_parts(Engine& engine, const AttemptTask& whole) {
  std::vector<TaskId> tasks;
  for (auto& part : parts_of(whole)) tasks.push_back(engine.submit(std::move(part)));
  return tasks;
}

Result<TaskResult> wait_for_all(Engine& engine, std::span<const TaskId> parts) {
  TaskResult all;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    auto result = engine.wait(parts[i]);
    if (!result) {
      engine.cancel(parts.subspan(i + 1));
      return tl::unexpected(result.error());
    }
    std::ranges::move(result->found, std::back_inserter(all.found));
    all.records += result->records;
    all.cpu_seconds += result->cpu_seconds;
  }
  return all;
}

Result<TaskResult> attempt(Engine& engine, const AttemptTask& whole) {
  return wait_for_all(engine, submit_in_parts(engine, whole));
}

EngineLogprobs::~EngineLogprobs() {
  for (const auto& asked : asked_) engine_.cancel(std::array{asked.task});
}

void EngineLogprobs::ask(std::vector<model::LogprobRequest> requests) {
  Asked asked;
  for (const auto& request : requests)
    asked.tokens.push_back(request.tokens.size() - request.first);
  asked.task = engine_.submit(LogprobTask{policy_, std::move(requests)});
  asked_.push_back(std::move(asked));
}

Result<std::vector<std::vector<float>>> EngineLogprobs::next() {
  QSTAR_ASSERT(!asked_.empty(), "nothing was asked for");
  const auto asked = std::move(asked_.front());
  asked_.pop_front();
  auto result = engine_.wait(asked.task);
  if (!result) return tl::unexpected(result.error());
  if (!std::ranges::equal(result->logprobs, asked.tokens, {}, &std::vector<float>::size))
    return fail(Errc::kCorrupt, "a node gave log-probabilities of other tokens than it was asked");
  return std::move(result->logprobs);
}

std::vector<model::Generation> EnginePolicy::generate(
    std::span<const model::GenerateRequest> requests) {
  std::vector<TaskId> parts;
  for (std::size_t first = 0; first < requests.size(); first += kPerTask) {
    const auto part = requests.subspan(first, std::min(kPerTask, requests.size() - first));
    parts.push_back(engine_.submit(CompleteTask{policy_, {part.begin(), part.end()}}));
  }
  std::vector<model::Generation> generations;
  for (std::size_t i = 0; i < parts.size() && status_; ++i) {
    auto result = engine_.wait(parts[i]);
    if (result)
      std::ranges::move(result->generations, std::back_inserter(generations));
    else
      status_ = tl::unexpected(result.error());
    if (!status_) engine_.cancel(std::span(parts).subspan(i + 1));
  }
  if (!status_) generations.clear();  // what arrived is not all there is
  generations.resize(requests.size());
  return generations;
}

}  // namespace qstar::experiment

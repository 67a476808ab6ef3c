// What the coordinator of a text experiment has executed: rollouts and evaluations, as tasks. Pure.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "actors/experiment.hpp"
#include "actors/messages.hpp"
#include "actors/pending_evaluations.hpp"
#include "actors/task_pool.hpp"
#include "environment/environment.hpp"

namespace qstar {

// The attempts of a lease: its problems and seeds depend only on the run's seed and its number.
AttemptTask rollout_task(const ExperimentConfig& config, const Environment& environment,
                         std::uint64_t number, const PolicyRef& policy);

// The figures of an evaluation's results, with the attempts at the first `keep` problems.
Evaluated evaluated_of(TaskResult results, std::size_t keep);

// The tasks of the evaluations that a run has ordered, and their results as they arrive.
class EvaluationTasks {
 public:
  // `lease_seconds`: see TaskPool.
  explicit EvaluationTasks(double lease_seconds) : pool_(lease_seconds) {}

  // Whether a task belongs to an evaluation; rollouts have smaller numbers.
  static bool owns(std::uint64_t task) { return task >= kFirst; }

  void begin(std::uint64_t evaluation, const std::vector<AttemptTask>& parts);
  TaskPool& pool() { return pool_; }
  // Takes the result of a task. Once an evaluation is complete: its number and all its results.
  struct Complete {
    std::uint64_t evaluation = 0;
    TaskResult results;
  };
  std::optional<Complete> finished(std::uint64_t task, TaskResult result);

 private:
  static constexpr std::uint64_t kFirst = std::uint64_t{1} << 63U;
  struct Running {
    std::vector<TaskResult> parts;
    std::size_t missing = 0;
  };
  struct Part {
    std::uint64_t evaluation = 0;
    std::size_t index = 0;
  };
  TaskPool pool_;
  std::map<std::uint64_t, Part> parts_;  // by task
  std::map<std::uint64_t, Running> running_;
  std::uint64_t next_ = kFirst;
};

}  // namespace qstar

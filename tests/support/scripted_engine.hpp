// An engine for tests whose attempts and completions are made by a policy of the test's own,
// whatever the weights.
#pragma once

#include <functional>
#include <map>
#include <memory>

#include "core/sha256.hpp"
#include "environment/registry.hpp"
#include "experiment/engine.hpp"

namespace qstar::testing {
using namespace experiment;

class ScriptedEngine final : public Engine {
 public:
  using MakePolicy = std::function<std::unique_ptr<model::Policy>(std::uint64_t version)>;
  ScriptedEngine(std::shared_ptr<const environment::Environment> environment, MakePolicy make)
      : environment_(std::move(environment)), make_(std::move(make)) {}

  Result<ModelHash> publish(std::string bytes) override {
    auto hash = sha256(bytes).hex();
    models_[hash] = model::parse_model(bytes, "a published model").value();
    return hash;
  }
  TaskId submit(Task task) override {
    tasks_.push_back(std::move(task));
    return tasks_.size() - 1;
  }
  Result<TaskResult> wait(TaskId task) override {
    if (const auto* attempt = std::get_if<AttemptTask>(&tasks_[task])) return run(*attempt);
    if (const auto* complete = std::get_if<CompleteTask>(&tasks_[task])) {
      TaskResult result;
      result.generations = make_(complete->policy.version)->generate(complete->requests);
      return result;
    }
    TaskResult result;
    if (const auto* asked = std::get_if<LogprobTask>(&tasks_[task])) {
      inference::DecoderLogprobs policy(
          inference::DecoderWeights::make(models_.at(asked->policy.hash), 0).value());
      result.logprobs = policy.logprobs(asked->requests).value();
      return result;
    }
    const auto& score = std::get<ScoreTask>(tasks_[task]);
    result.groups = score.groups;
    write_scores(*inference::DecoderScorer::make(models_.at(score.scorer)).value(), result.groups);
    return result;
  }
  void cancel(std::span<const TaskId>) override {}
  bool ready(TaskId) const override { return true; }
  double remote_cpu_seconds() const override { return 0; }
  EngineTimes times() const override { return {}; }

 private:
  Result<TaskResult> run(const AttemptTask& task) {
    const auto policy = make_(task.policy.version);
    std::unique_ptr<inference::DecoderScorer> guide;
    if (!task.guide.empty()) guide = inference::DecoderScorer::make(models_.at(task.guide)).value();
    auto environment = environment_;
    if (!task.environment.empty()) {
      environment::EnvironmentConfig config;
      if (!parse_config(task.environment, "test", {}, describe_of(config)))
        return fail(Errc::kConfig, "the environment of a task is no such configuration");
      environment = environment::make_environment(config).value();
    }
    auto found = search::make_search(task.search)
                     .value()
                     .attempt(*environment, {*policy, guide.get()}, task.problems, task.how)
                     .value();
    std::unique_ptr<inference::DecoderScorer> scorer;
    if (!task.scorer.empty())
      scorer = inference::DecoderScorer::make(models_.at(task.scorer)).value();
    return result_of(task, std::move(found), scorer.get());
  }

  std::shared_ptr<const environment::Environment> environment_;
  MakePolicy make_;
  std::map<ModelHash, model::ModelFile> models_;
  std::vector<Task> tasks_;
};

}  // namespace qstar::testing

#include "experiment/executor.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/metrics.hpp"
#include "core/sha256.hpp"
#include "data/attempt.hpp"
#include "environment/registry.hpp"
#include "model/models.hpp"
#include "persistence/store.hpp"
#include "search/text/problem_search.hpp"

namespace qstar::experiment {
namespace {

constexpr std::size_t kModelsKept = 8;    // parsed and packed, per process
constexpr std::size_t kDecodersKept = 2;  // per executor: each has caches for all its slots

template <class T>
void keep_newest(std::deque<T>& kept, std::size_t most) {
  while (kept.size() > most) kept.pop_front();
}

// The queries of an attempt's closed steps, in order.
void append_queries(const Trajectory& attempt, std::vector<model::StepQuery>& queries) {
  std::string state = prompt_of(attempt.problem, {});
  const std::size_t closed = closed_steps(attempt);
  for (std::size_t s = 0; s < closed; ++s) {
    const bool ends = s + 1 == attempt.steps.size() && attempt.outcome != Outcome::kUnfinished;
    std::string step = attempt.steps[s].text + (ends ? kEndSeparator : kStepSeparator);
    queries.push_back({state, step});
    state += step;
  }
}

}  // namespace

void write_scores(model::StepScorer& scorer, std::vector<AttemptGroup>& groups) {
  std::vector<model::StepQuery> queries;
  for (const auto& group : groups)
    for (const auto& attempt : group.attempts) append_queries(attempt, queries);
  const auto scores = scorer.scores(queries);
  std::size_t next = 0;
  for (auto& group : groups)
    for (auto& attempt : group.attempts)
      for (std::size_t s = 0; s < closed_steps(attempt); ++s)
        search::score_of(attempt.steps[s], scorer.role()) = scores[next++];
}

TaskResult result_of(const AttemptTask& task, std::vector<search::SearchResult> found,
                     model::StepScorer* scorer) {
  std::vector<AttemptGroup> groups;
  groups.reserve(found.size());
  for (auto& one : found) groups.push_back(std::move(one.group));
  if (scorer != nullptr) write_scores(*scorer, groups);
  if (task.origin) write_origin(*task.origin, groups);
  TaskResult result;
  result.records = persistence::pack(groups);
  for (std::size_t i = 0; i < groups.size(); ++i) found[i].group = std::move(groups[i]);
  result.found = std::move(found);
  return result;
}

Result<std::string> ModelCache::bytes(const ModelHash& hash) const {
  auto bytes = fetch_(hash);
  if (bytes && sha256(*bytes).hex() != hash)
    return fail(Errc::kCorrupt,
                fmt::format("the bytes of model {} have another SHA-256: they were damaged on "
                            "their way",
                            hash.substr(0, 12)));
  return bytes;
}

Result<std::shared_ptr<const model::ModelFile>> ModelCache::load(const ModelHash& hash) {
  const auto known = std::find_if(parsed_.begin(), parsed_.end(),
                                  [&](const Parsed& parsed) { return parsed.hash == hash; });
  if (known != parsed_.end()) return known->model;
  const auto bytes = this->bytes(hash);
  if (!bytes) return tl::unexpected(bytes.error());
  auto model = model::parse_model(*bytes, "model " + hash.substr(0, 12));
  if (!model) return tl::unexpected(model.error());
  parsed_.push_back({hash, std::make_shared<const model::ModelFile>(std::move(*model))});
  keep_newest(parsed_, kModelsKept);
  return parsed_.back().model;
}

Result<std::shared_ptr<const model::ModelFile>> ModelCache::model(const ModelHash& hash) {
  const std::scoped_lock lock(mutex_);
  return load(hash);
}

Result<std::shared_ptr<const inference::DecoderWeights>> ModelCache::policy(
    const PolicyRef& policy) {
  const std::scoped_lock lock(mutex_);
  const auto known = std::find_if(packed_.begin(), packed_.end(),
                                  [&](const Packed& packed) { return packed.policy == policy; });
  if (known != packed_.end()) return known->weights;
  const auto model = load(policy.hash);
  if (!model) return tl::unexpected(model.error());
  auto weights = inference::DecoderWeights::make(**model, policy.version);
  if (!weights) return weights;
  packed_.push_back({policy, std::move(*weights)});
  keep_newest(packed_, kModelsKept);
  return packed_.back().weights;
}

Result<inference::DecoderPolicy*> Executor::policy(const PolicyRef& policy) {
  auto weights = models_->policy(policy);
  if (!weights) return tl::unexpected(weights.error());
  const auto known = std::find_if(decoding_.begin(), decoding_.end(),
                                  [&](const Decoding& d) { return d.weights == *weights; });
  if (known != decoding_.end()) return known->policy.get();
  decoding_.push_back({*weights, std::make_unique<inference::DecoderPolicy>(
                                     *weights, options_.slots, options_.stop)});
  keep_newest(decoding_, kDecodersKept);
  return decoding_.back().policy.get();
}

Result<inference::DecoderScorer*> Executor::scorer(const ModelHash& hash) {
  const auto known = std::find_if(scoring_.begin(), scoring_.end(),
                                  [&](const Scoring& s) { return s.hash == hash; });
  if (known != scoring_.end()) return known->scorer.get();
  const auto model = models_->model(hash);
  if (!model) return tl::unexpected(model.error());
  auto scorer = inference::DecoderScorer::make(**model);
  if (!scorer) return tl::unexpected(scorer.error());
  scoring_.push_back({hash, std::move(*scorer)});
  keep_newest(scoring_, kDecodersKept);
  return scoring_.back().scorer.get();
}

Result<std::shared_ptr<const environment::Environment>> Executor::environment(
    const std::string& toml) const {
  if (toml.empty() && environment_ == nullptr)
    return fail(Errc::kConfig, "a task attempts problems, but the experiment is on a puzzle");
  if (toml.empty()) return environment_;
  environment::EnvironmentConfig config;
  if (auto parsed = parse_config(toml, "a task's environment", {}, describe_of(config)); !parsed)
    return tl::unexpected(parsed.error());
  auto made = environment::make_environment(config);
  if (!made) return tl::unexpected(made.error());
  return std::shared_ptr<const environment::Environment>(std::move(*made));
}

Result<TaskResult> Executor::run_kind(const AttemptTask& task) {
  const auto search = search::make_search(task.search);
  if (!search) return tl::unexpected(search.error());
  const auto where = environment(task.environment);
  if (!where) return tl::unexpected(where.error());
  const auto policy = this->policy(task.policy);
  if (!policy) return tl::unexpected(policy.error());
  search::SearchModels models{**policy, nullptr, options_.stop};
  if (!task.guide.empty()) {
    const auto guide = scorer(task.guide);
    if (!guide) return tl::unexpected(guide.error());
    models.guide = *guide;
  }
  auto found = search->attempt(**where, models, task.problems, task.how);
  if (!found) return tl::unexpected(found.error());
  if (task.scorer.empty()) return result_of(task, std::move(*found), nullptr);
  const auto judge = scorer(task.scorer);
  if (!judge) return tl::unexpected(judge.error());
  return result_of(task, std::move(*found), *judge);
}

Result<TaskResult> Executor::run_kind(const CompleteTask& task) {
  const auto policy = this->policy(task.policy);
  if (!policy) return tl::unexpected(policy.error());
  TaskResult result;
  result.generations = (*policy)->generate(task.requests);
  return result;
}

Result<TaskResult> Executor::run_kind(const LogprobTask& task) {
  const auto weights = models_->policy(task.policy);
  if (!weights) return tl::unexpected(weights.error());
  if (!logprobs_ || &logprobs_->weights() != weights->get()) logprobs_.emplace(*weights);
  auto found = logprobs_->logprobs(task.requests);
  if (!found) return tl::unexpected(found.error());
  TaskResult result;
  result.logprobs = std::move(*found);
  return result;
}

Result<TaskResult> Executor::run_kind(const ScoreTask& task) {
  const auto judge = scorer(task.scorer);
  if (!judge) return tl::unexpected(judge.error());
  TaskResult result;
  result.groups = task.groups;
  write_scores(**judge, result.groups);
  return result;
}

Result<TaskResult> Executor::run_kind(const VerifyTask& task) {
  const auto where = environment({});
  if (!where) return tl::unexpected(where.error());
  TaskResult result;
  result.groups = task.groups;
  judge(**where, result.groups);
  return result;
}

Result<TaskResult> Executor::run_kind(const ScrambleTask& task) {
  if (!scrambler_ || !scrambler_->serves(task)) {
    auto made = Scrambler::make(task);
    if (!made) return tl::unexpected(made.error());
    scrambler_ = std::move(*made);
  }
  if (scrambler_->wants_network(task)) {
    const auto bytes = models_->bytes(task.network);
    if (!bytes) return tl::unexpected(bytes.error());
    if (auto taken = scrambler_->take_network(task.network, *bytes); !taken)
      return tl::unexpected(taken.error());
  }
  TaskResult result;
  result.batches = scrambler_->batches(task);
  return result;
}

Result<TaskResult> Executor::run(const Task& task) {
  const double cpu = thread_cpu_seconds();
  auto result = std::visit([this](const auto& kind) { return run_kind(kind); }, task);
  if (options_.stop()) return fail(Errc::kInterrupted, "stopped");
  if (result) result->cpu_seconds = thread_cpu_seconds() - cpu;
  return result;
}

}  // namespace qstar::experiment

// Executes tasks: decoders, scorers and the exact verifier of one thread, without LibTorch.
//
// The models are loaded when a task names them, and kept for the next ones.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "core/stop.hpp"
#include "environment/environment.hpp"
#include "experiment/puzzle/scrambler.hpp"
#include "experiment/task.hpp"
#include "inference/decoder.hpp"
#include "inference/decoder_logprobs.hpp"
#include "inference/decoder_scorer.hpp"

namespace qstar::experiment {

// The bytes of the model with that hash. Errors are passed on to the task's owner.
using FetchModel = std::function<Result<std::string>(const ModelHash& hash)>;

// The models of one process, each fetched and parsed once and kept while it is among the newest
// eight; several executors share it.
class ModelCache {
 public:
  explicit ModelCache(FetchModel fetch) : fetch_(std::move(fetch)) {}

  // kCorrupt: the bytes are not those of the hash, or not of such a model; otherwise the errors of
  // FetchModel.
  Result<std::shared_ptr<const model::ModelFile>> model(const ModelHash& hash);
  // The same model packed for decoding.
  Result<std::shared_ptr<const inference::DecoderWeights>> policy(const PolicyRef& policy);
  // The model's file, which is not kept.
  Result<std::string> bytes(const ModelHash& hash) const;

 private:
  Result<std::shared_ptr<const model::ModelFile>> load(const ModelHash& hash);
  struct Packed {
    PolicyRef policy;
    std::shared_ptr<const inference::DecoderWeights> weights;
  };
  struct Parsed {
    ModelHash hash;
    std::shared_ptr<const model::ModelFile> model;
  };
  FetchModel fetch_;
  std::mutex mutex_;
  std::deque<Parsed> parsed_;  // the newest last
  std::deque<Packed> packed_;
};

struct ExecutorOptions {
  std::int32_t slots = 64;  // sequences that are generated at once
  Stop stop = {};           // ends a task early
};

// Not thread-safe: one per thread.
class Executor {
 public:
  // `environment` is null where only puzzles are worked on.
  Executor(std::shared_ptr<const environment::Environment> environment,
           std::shared_ptr<ModelCache> models, ExecutorOptions options)
      : environment_(std::move(environment)),
        models_(std::move(models)),
        options_(std::move(options)) {}

  // kInterrupted: `stop` ended it. Otherwise the errors of the models, the search or the
  // environment.
  Result<TaskResult> run(const Task& task);

 private:
  Result<TaskResult> run_kind(const AttemptTask& task);
  Result<TaskResult> run_kind(const CompleteTask& task);
  Result<TaskResult> run_kind(const ScoreTask& task);
  Result<TaskResult> run_kind(const VerifyTask& task);
  Result<TaskResult> run_kind(const ScrambleTask& task);
  Result<TaskResult> run_kind(const LogprobTask& task);
  Result<inference::DecoderPolicy*> policy(const PolicyRef& policy);
  Result<inference::DecoderScorer*> scorer(const ModelHash& hash);
  Result<std::shared_ptr<const environment::Environment>> environment(
      const std::string& toml) const;

  struct Decoding {
    std::shared_ptr<const inference::DecoderWeights> weights;
    std::unique_ptr<inference::DecoderPolicy> policy;
  };
  struct Scoring {
    ModelHash hash;
    std::unique_ptr<inference::DecoderScorer> scorer;
  };
  std::shared_ptr<const environment::Environment> environment_;
  std::shared_ptr<ModelCache> models_;
  ExecutorOptions options_;
  std::deque<Decoding> decoding_;  // the newest last
  std::deque<Scoring> scoring_;
  std::optional<Scrambler> scrambler_;
  std::optional<inference::DecoderLogprobs> logprobs_;  // of the newest weights
};

// Writes a model's scores into all steps that a separator closes; as `q` of a critic, otherwise as
// `reward_score`.
void write_scores(model::StepScorer& scorer, std::vector<AttemptGroup>& groups);

// What a task gives for the attempts found: with scores, where there is a scorer, and the origin
// written into them, and packed.
TaskResult result_of(const AttemptTask& task, std::vector<search::SearchResult> found,
                     model::StepScorer* scorer);

}  // namespace qstar::experiment

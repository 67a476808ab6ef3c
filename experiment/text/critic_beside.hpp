// The critic of a reinforcement learning run: it learns in a trainer beside the policy, and its
// published weights score the attempts of later rounds.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <future>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "experiment/run.hpp"
#include "experiment/text/critic_trainer.hpp"

namespace qstar::experiment {

class CriticBeside {
 public:
  // Begins as a copy of the policy. `owner`: the label of the run that it belongs to.
  // Errors are those of CriticTrainer::make and the engine.
  static Result<std::unique_ptr<CriticBeside>> make(Run& run, const std::string& owner,
                                                    const ReinforceConfig& config,
                                                    const model::ModelFile& policy);
  ~CriticBeside();
  CriticBeside(const CriticBeside&) = delete;
  CriticBeside& operator=(const CriticBeside&) = delete;

  // Makes its weights available to all nodes.
  Status publish(std::uint64_t version);
  // The weights published last.
  const ModelHash& hash() const { return hash_; }
  model::ModelFile model() const { return trainer_->model(); }
  std::int64_t updates() const { return trainer_->updates(); }

  // Takes a round's attempts and learns from them beside the caller; `share` of the run is done.
  void begin(const std::vector<AttemptGroup>& groups, double share);
  // Waits for it. kInterrupted: it was stopped before its last update.
  Status finish();
  // "critic_loss" of what it learned last.
  void add_loss(std::map<std::string, double>& values) const;
  // Step AUC on the initial policy's attempts, calibration of the scores of the newest attempts.
  // Waits for those attempts.
  Result<std::map<std::string, double>> assess();

  // Forgets the published weights that nothing needs any more.
  void keep_only(const std::function<bool(const ModelHash&)>& needed);
  bool has(const ModelHash& hash) const { return published_.contains(hash); }
  // Parts of a save, and back. kCorrupt names what is missing or damaged.
  void save(SavedParts& parts) const;
  Status load(const SavedParts& parts);

 private:
  CriticBeside(Run& run, std::string owner, const ReinforceConfig& config,
               std::unique_ptr<CriticTrainer> trainer)
      : run_(run),
        owner_(std::move(owner)),
        label_(owner_ + ".critic"),
        config_(config),
        trainer_(std::move(trainer)) {}
  Status publish(const model::ModelFile& model, std::uint64_t version);

  Run& run_;
  std::string owner_, label_;
  const ReinforceConfig& config_;
  std::unique_ptr<CriticTrainer> trainer_;
  ModelHash hash_;
  std::map<ModelHash, model::ModelFile> published_;
  std::optional<std::future<Status>> work_;
  std::atomic<bool> stops_ = false;
  std::int64_t wanted_ = 0;              // updates when the work is done
  std::vector<TaskId> reference_parts_;  // the initial policy's attempts at held-out problems
  std::vector<AttemptGroup> reference_;
};

}  // namespace qstar::experiment

// The rounds of a reinforcement learning run that are under way: problems, and their attempts by
// the nodes.
//
// With a staleness of S rounds the attempts of up to S further rounds are made while the policy
// learns from one; with 0 it waits for each (lock-step). The initial policy's attempts are the
// worst to learn from: it makes those of the first round only. Which weights make which attempts is
// fixed, so runs of the same seed are equal, bit for bit, with any number of nodes.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "experiment/text/problem_source.hpp"
#include "experiment/text/reinforce_config.hpp"

namespace qstar::experiment {

// The models that make and score a round's attempts.
struct RoundModels {
  PolicyRef policy;
  ModelHash critic = {};  // of the run itself; empty: it has none
  std::uint64_t critic_updates = 0;
};

// A round whose attempts are being made.
struct PendingRound {
  ProblemSource::Proposal proposal;
  RoundModels models;
  std::int64_t first_group = 0;  // within the run
  std::vector<TaskId> parts = {};
};

// How every round's problems are attempted.
struct RoundPlan {
  std::string label;   // names the groups in the store
  std::string stream;  // names the random numbers; runs that are compared have the same
  bool searches = false;
  ModelHash guide = {};   // of searches, unless the run's own critic guides them
  ModelHash scorer = {};  // a reward model; empty: the run's own critic scores, if it has one
  std::int64_t samples = 8;
  std::int64_t staleness = 1;
  double temperature = 1;
};

class Rounds {
 public:
  // `source` must outlive it.
  Rounds(Run& run, ProblemSource& source, RoundPlan plan)
      : run_(run), source_(source), plan_(std::move(plan)) {}

  // Begins rounds until as many are under way as the staleness allows. `number`: of the round to
  // learn from next, from 0; `wanted`: how many more are needed at most.
  Status begin(const RoundModels& models, std::int64_t number, std::int64_t wanted);
  // Waits for the attempts of the oldest round. It stays under way until next(). kInterrupted: the
  // run is to stop.
  struct Attempts {
    std::vector<AttemptGroup> groups;
    std::string records;      // the same, packed
    std::int64_t tokens = 0;  // generated, those to propose the problems included
  };
  Result<Attempts> collect();
  // Takes the oldest round out.
  PendingRound next();
  void withdraw();

  // Generated tokens of a round that was collected; 0: none was yet.
  std::int64_t tokens_per_round() const { return tokens_; }
  bool uses(const ModelHash& model) const;
  // Without the tasks, which restore() submits again. restore throws nlohmann::json::exception.
  nlohmann::json save() const;
  void restore(const nlohmann::json& saved);
  // The models that a save names.
  static std::vector<RoundModels> models_in(const nlohmann::json& saved);

 private:
  AttemptTask task_of(const PendingRound& pending) const;

  Run& run_;
  ProblemSource& source_;
  RoundPlan plan_;
  std::deque<PendingRound> pending_;  // the first is the next to learn from
  std::int64_t groups_ = 0;           // begun so far
  std::int64_t tokens_ = 0;
};

}  // namespace qstar::experiment

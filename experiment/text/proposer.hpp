// The proposer of self-play: the policy itself, which writes a problem when prompted with the empty
// problem (";=").
//
// A proposal is an attempt like any other, of one step. The environment checks it: a proposal that
// it does not admit, that is held out or that was proposed before is worth nothing. A valid one is
// worth what the solver can learn from it, 4p(1 − p) of its pass rate p
// (learning/policy/advantages.hpp). The proposer imitates problems in proportion to their worth:
// reward-weighted regression (Peters & Schaal 2007, "Reinforcement learning by reward-weighted
// regression for operational space control", equation 8), with the uniformly drawn problems as
// further examples. Departs from the paper in that the reward is used directly, without an
// exponential.
//
// Proposer and solver are one network: the newest policy writes, and imitates the batches.
#pragma once

#include <cstdint>
#include <deque>
#include <span>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "core/result.hpp"
#include "core/rng.hpp"
#include "data/trajectory.hpp"
#include "environment/environment.hpp"
#include "experiment/text/problem_source.hpp"
#include "model/models.hpp"

namespace qstar::experiment {

// The empty problem, which no environment has.
inline constexpr std::string_view kNoProblem = "";

struct Proposals {
  std::vector<std::string> problems;  // admitted, new, each once
  AttemptGroup written;               // everything that was written; without attempts when n was 0
  std::int64_t tokens = 0;            // generated
  double valid = 0;                   // share of the texts that the environment admits as problems
  double fresh = 0;                   // share of the texts that are also new and not held out
};

// Problems to imitate, one list per optimiser step.
using ImitationBatches = std::vector<std::vector<std::string>>;

struct ProposerOptions {
  std::uint64_t seed = 0;        // of all random draws
  std::int32_t max_tokens = 64;  // per problem
  std::int64_t updates = 4;      // imitation batches per round
  std::int64_t rows = 128;       // problems per imitation batch
  std::int64_t window = 4;       // latest rounds that the batches are drawn from
};

// `environment` must outlive it.
class Proposer {
 public:
  Proposer(const environment::Environment& environment, ProposerOptions options)
      : environment_(environment), options_(std::move(options)), rng_(options_.seed) {}

  // Has the policy write `n` texts; rounds are counted from 0.
  Proposals propose(model::Policy& policy, std::int64_t n, std::int64_t round);
  // Takes the results of a round and draws the batches to imitate; to be called once per round.
  // Empty when no problem of the latest rounds is worth imitating.
  ImitationBatches imitation_batches(std::span<const RatedProblem> problems);
  // All state on which later rounds depend. load gives kCorrupt when the bytes are damaged.
  std::string save() const;
  Status load(std::string_view bytes);

 private:
  struct Worth {
    std::string problem;
    double learnability = 0;  // above 0
  };
  // Whether the environment admits a proposal that is new and not held out.
  bool is_new_problem(const std::string& problem) const;

  const environment::Environment& environment_;
  ProposerOptions options_;
  Rng rng_;
  std::unordered_set<std::string> seen_;   // all proposals so far
  std::deque<std::vector<Worth>> window_;  // one entry per round, the newest last
};

}  // namespace qstar::experiment

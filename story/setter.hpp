// The setter of self-play: the policy itself, asked with an empty problem (";=") to write one.
//
// What it writes is an attempt like any other, of one step. The environment referees: what it does
// not admit, what is held out and what was proposed before is worth nothing; the rest is worth what
// the solver can learn from it, 4p(1 − p) of its pass rate p (learning/advantages.hpp). What was
// worth something is imitated: reward-weighted regression (Peters & Schaal 2007, "Reinforcement
// learning by reward-weighted regression for operational space control", equation 8), with the
// problems that were drawn uniformly beside its own as further examples. Departs from the paper in
// that the reward is taken as it is, without an exponential.
//
// Setter and solver are one network. So a setter that lives elsewhere is sent the newest weights to
// write with, and the lesson comes back for whoever trains them.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "core/models.hpp"
#include "core/result.hpp"
#include "core/rng.hpp"
#include "core/trajectory.hpp"
#include "environment/environment.hpp"
#include "learning/model_file.hpp"

namespace qstar {

// What the empty problem is: no problem of an environment is.
inline constexpr std::string_view kNoProblem = "";

struct Proposals {
  std::vector<std::string> problems;  // admitted, new, each once
  AttemptGroup written;               // all that was written; of no attempts when nothing was
  std::int64_t tokens = 0;            // generated
  double valid = 0;                   // share of what was written that the environment admits
  double fresh = 0;                   // … and that is new
};

// How it went with a problem.
struct RatedProblem {
  std::string problem;
  double pass_rate = 0;
};

// Problems to imitate, a list an update.
using SetterLesson = std::vector<std::vector<std::string>>;

class Setter {
 public:
  virtual ~Setter() = default;
  // `n` texts by these weights, in round `round` from 0 on.
  virtual Result<Proposals> propose(const ModelFile& policy, std::int64_t n,
                                    std::int64_t round) = 0;
  // Once a round. Empty when nothing of the last rounds can be learned from.
  virtual Result<SetterLesson> lesson(std::span<const RatedProblem> problems) = 0;
  // Everything that the next rounds depend on.
  virtual std::string save() const = 0;
  virtual Status load(std::string_view bytes) = 0;
};

struct SetterOptions {
  std::string label;             // group ids in the store are Story::group_id(label + ".setter")
  std::uint64_t seed = 0;        // of everything that it draws
  std::int32_t max_tokens = 64;  // of a problem
  std::int64_t updates = 4;      // a lesson
  std::int64_t rows = 128;       // problems an update
  std::int64_t window = 4;       // rounds that a lesson draws from
};

// The setter in this thread. `environment` outlives it.
class PolicySetter final : public Setter {
 public:
  // Whoever generates with the weights of a model.
  using Hand =
      std::function<Result<std::unique_ptr<Policy>>(const ModelFile& model, std::uint64_t version)>;
  PolicySetter(const Environment& environment, Hand hand, SetterOptions options)
      : environment_(environment),
        hand_(std::move(hand)),
        options_(std::move(options)),
        rng_(options_.seed) {}

  Result<Proposals> propose(const ModelFile& policy, std::int64_t n, std::int64_t round) override;
  Result<SetterLesson> lesson(std::span<const RatedProblem> problems) override;
  std::string save() const override;
  Status load(std::string_view bytes) override;

 private:
  struct Worth {
    std::string problem;
    double learnability = 0;  // above 0
  };
  // What the referee says of a proposal.
  bool is_new_problem(const std::string& problem) const;

  const Environment& environment_;
  Hand hand_;
  SetterOptions options_;
  Rng rng_;
  std::unordered_set<std::string> seen_;   // all proposals so far
  std::deque<std::vector<Worth>> window_;  // a round each, the newest last
};

}  // namespace qstar

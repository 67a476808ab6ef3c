// Learns the cost to go of a puzzle, as Q or V, from positions k moves back from the goal
// (Agostinelli et al. 2019 for V, 2021 for Q).
//
// Targets, from a target network that is a copy of an earlier online one:
//   Q(s, a):  cost(a) + min over a′ of Q_target(s′, a′), 0 instead of the minimum when s′ is
//   solved; V(s):     min over a of cost(a) + V_target(s′), 0 when s is solved;
// illegal moves excluded, clipped at >= 0. Options: `hindsight` (no target above the cost of the
// way back that the scramble knows: without it, values of positions that are hardly ever reached
// drift above any distance that exists), `horizon` (moves looked ahead along the target network's
// best ones before its values are trusted), `double_q` (the online network chooses, the target
// network values). The target network is updated (to a copy of the online one) when the loss is
// small enough or greedy play on a fixed set of positions got better.
//
// Before that, for `warm_up` updates, the targets are the known ways back themselves: regression on
// the length of the walk (Chervov et al. 2025, "CayleyPy", train so throughout; Monte-Carlo values
// of the walk reversed). No value waits there until those of its neighbours are right, and a
// position costs one evaluation. What it learns is the walk's mean length, not the shortest: it
// orders positions well and is no lower bound.
//
// Where moves are many, an example teaches Q one output of many, and V has learned long before Q
// has. Of "qv" one network therefore learns both at once: V as above (after warm_up from
// V_target behind the move that Q_target calls the best), and of `taught_moves` moves of each
// position the advantage from V,
//   A(s, a):  cost(a) + V_target(s′) − V_target(s), 0 instead of V where it is solved;
//   Q(s, a) = V(s) + A(s, a).
// Where moves are macro-actions (Puzzle::parts), those taught together begin with the same move t,
// and all but t itself learn from what the target network says of the rest b behind it,
//   A(s, t·b):  cost(t) + max(Q_target(t(s), b), cost(b)) − V_target(s):
// two evaluations an example, of s and t(s), however many moves it teaches.
//
// Departs from the paper, whose Q learns from Q alone.
//
// An *example* is one (position, move) of Q, with its own next position evaluated, as the paper
// counts (of "qv" each taught move counts); of V, one position, with all its children evaluated.
//
// Pure: examples come in, seeds are arguments, no clock. The same calls give bit-identical weights
// on the same machine. Not thread-safe, one thread.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/config.hpp"
#include "core/result.hpp"
#include "environment/puzzle/puzzle.hpp"
#include "inference/puzzle_network.hpp"
#include "learning/cost_to_go/lookahead.hpp"
#include "learning/cost_to_go/scrambles.hpp"

namespace qstar::learning {

struct PuzzleLearnerConfig {
  inference::PuzzleNetworkSpec network;
  ScrambleConfig scrambles;
  double rate = 0.001;              // Adam's
  double rate_decay = 0.9999993;    // factor on the rate per update
  double huber = 0;                 // errors beyond this count linearly; 0: all squared
  double target_loss = 0.06;        // mean loss between two checks that updates the target network
  std::int64_t check_period = 100;  // updates between two checks
  std::int64_t patience = 0;        // checks until the target is updated anyway; 0: never
  std::int64_t check_positions = 256;  // of the fixed set
  std::int64_t check_moves = 60;       // that greedy play may take
  std::int64_t horizon = 1;            // moves looked ahead
  std::int64_t warm_up = 0;            // first updates, whose targets are the scrambles' ways back
  std::int64_t taught_moves = 8;       // of "qv": moves of a position that are taught at once
  double value_weight = 1;             // of "qv": how often V's error counts beside a move's
  bool double_q = false;
  bool hindsight = true;
  double dead_end = 100;  // the cost to go from a position without a legal move
  void describe(FieldVisitor& v);
  friend bool operator==(const PuzzleLearnerConfig&, const PuzzleLearnerConfig&) = default;
};

// kConfig names the field: a network of impossible shape; warm_up where no way back is known; of
// "qv" a horizon beyond one move, or more taught moves than there are.
Status check(const PuzzleLearnerConfig& config, const environment::Puzzle& puzzle);

struct PuzzleUpdate {
  // Mean over the outputs, weighted: squared error, or Huber's. Not a number, too, when a weight is
  // not finite any more after the step: what comes from then on would be worthless.
  double loss = 0;
  double mean_target = 0;  // cost
  double max_target = 0;   // cost: compare it with the deepest position there is
  std::int64_t examples = 0;
};

struct PuzzleCheck {
  std::int64_t updates = 0;         // so far
  double loss = 0;                  // mean since the last check
  double solved = 0;                // share of the fixed set that greedy play solves, in [0, 1]
  bool target_updated = false;      // the target network is now a copy of the online one
  std::int64_t target_updates = 0;  // so far
};

class PuzzleLearner {
 public:
  // Fresh weights from the seed. kConfig as check() says.
  static Result<PuzzleLearner> make(std::shared_ptr<const environment::Puzzle> puzzle,
                                    const PuzzleLearnerConfig& config, std::uint64_t seed,
                                    inference::Precision precision = inference::fast_precision());
  ~PuzzleLearner();
  PuzzleLearner(PuzzleLearner&&) noexcept;
  PuzzleLearner& operator=(PuzzleLearner&&) noexcept;

  // One step of Adam on these examples: fit() to targets().
  PuzzleUpdate update(const PuzzleExamples& examples);
  // One step of Adam towards these targets [n, k], which may be another's (puzzle_targets.hpp).
  PuzzleUpdate fit(const PuzzleExamples& examples, std::span<const float> targets);
  // Whether check_period updates have gone by since the last check.
  bool check_due() const;
  // Greedy play on the fixed set; updates the target network when it is due.
  PuzzleCheck check();
  // The targets that update() would fit.
  std::vector<float> targets(const PuzzleExamples& examples);

  // How greedy play goes from the first `count` positions of the fixed set (or all of them).
  std::vector<PuzzleWalk> walks(std::size_t count);

  std::int64_t updates() const;
  std::int64_t target_updates() const;
  // The online network as it is, updates in its metadata.
  inference::PuzzleModel model() const;
  // The target network, as it was at its last update.
  inference::PuzzleModel target_model() const;

  // All that a resumed run needs, as bytes; load() is the exact inverse. Errors as of
  // parse_tensors() (a number that is not finite is one), and kConfig when it is of another puzzle
  // or network; then nothing changed.
  std::string save();
  Status load(std::string_view bytes, std::string_view source);

 private:
  struct Impl;
  explicit PuzzleLearner(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace qstar::learning

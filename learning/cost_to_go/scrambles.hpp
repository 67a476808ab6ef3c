// What a puzzle's learner trains on: positions k moves back from the goal, k uniform in {0 … K}
// (Agostinelli et al. 2019), and a random move that leads to each.
//
// Where every move can be undone, positions come from walks: many walks leave the goal at once, and
// a batch holds one position of each, at depths that are spread evenly; so the positions of a batch
// are independent of each other, and each costs one move instead of K/2. A walk does not take a
// move back at once where it has another. Puzzles without a way back are asked for a scrambled
// position each.
//
// Of a walk's position s' and a random move that leads there from s, the example is (s, move). So
// the goal is reached in a (K+1)th of all examples, however many moves there are; had the move been
// drawn in s, only one in `moves` of the walks of one step would reach the goal.
//
// A walk also knows a way back, whose cost no target should exceed (hindsight): bounds.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "core/config.hpp"
#include "core/rng.hpp"
#include "environment/puzzle/puzzle.hpp"

namespace qstar::learning {

struct ScrambleConfig {
  std::int64_t depth = 30;    // K: moves back from the goal at most
  std::int64_t batch = 1024;  // positions per batch, one per walk
  void describe(FieldVisitor& v);
  friend bool operator==(const ScrambleConfig&, const ScrambleConfig&) = default;
};

// An example is one (position, move) with its own next position.
struct PuzzleExamples {
  std::vector<std::uint8_t> states;      // [n, state_bytes]
  std::vector<environment::Move> moves;  // [n], legal
  // The cost of a known way to the goal from the position, and of one that begins with the move;
  // infinite where none is known.
  std::vector<float> state_bounds;  // [n]
  std::vector<float> move_bounds;   // [n]
  std::size_t size() const { return moves.size(); }
  friend bool operator==(const PuzzleExamples&, const PuzzleExamples&) = default;
};

class Scrambles {
 public:
  Scrambles(std::shared_ptr<const environment::Puzzle> puzzle, const ScrambleConfig& config,
            std::uint64_t seed);
  // Batch number `index`: a function of (seed, index) alone, so that processes share the work by
  // index and a resumed run continues with the same batches. Cheapest in order: walks are made
  // depth + 1 batches at a time. Positions without a legal move are left out.
  PuzzleExamples batch(std::uint64_t index);

 private:
  struct Layer {  // all walks at one depth
    std::vector<std::uint8_t> states;
    std::vector<environment::Move> arrived_by;  // kNoMove at depth 0
    std::vector<float> way_back;                // cost
  };
  void make_walks(std::uint64_t epoch);
  Layer advance(const Layer& from, Rng& rng) const;
  PuzzleExamples walked(std::uint64_t index);
  PuzzleExamples step_back(const Layer& arrived, Rng& rng) const;
  PuzzleExamples scrambled(std::uint64_t index) const;

  std::shared_ptr<const environment::Puzzle> puzzle_;
  ScrambleConfig config_;
  std::uint64_t seed_;
  bool reversible_;  // every move has an inverse
  std::uint64_t epoch_;
  std::vector<Layer> layers_;  // of epoch_, by depth
};

// Whether every move can be undone, so that walks know their ways back.
bool knows_ways_back(const environment::Puzzle& puzzle);

// A uniform legal move by its row of Puzzle::legal(); not `except` where there is another; kNoMove
// when there is none.
environment::Move random_move(std::span<const std::uint8_t> legal, environment::Move except,
                              Rng& rng);

}  // namespace qstar::learning

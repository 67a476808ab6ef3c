// Searching a puzzle with an estimate of the cost to go: A*, Q*, greedy best-first and beam search.
//
// A* (Hart, Nilsson, Raphael 1968) takes the open node with the smallest λ·g + h, makes all its
// children and has a value network estimate each. Q* (Agostinelli, Shmakov, McAleer, Fox, Baldi,
// arXiv 2102.04518) takes the open *edge* with the smallest λ·g + Q(node, move) and makes one
// child; one pass of a deep Q-network estimates all the child's edges. Both take a batch of B at a
// time and keep the best solution found (the incumbent, of cost C). They end when the smallest open
// priority reaches λ·C, when nothing is open, or when the budget is used up.
//
// What is guaranteed, for every batch B, when a search ends with kFinished and the estimates are
// admissible (h ≤ the true cost to go; Q ≤ the move's cost and the true cost to go behind it). They
// need not be consistent: a node is opened again whenever a cheaper path to it is found. Let C* be
// the optimal cost. Some node n of an optimal path is open at its true cost g*(n) (or has been
// dropped as no better than an incumbent), with priority p ≤ λ·g*(n) + (C* − g*(n)); and p ≥ λ·C.
//   λ ≥ 1      p ≤ λ·C*, so C = C*: optimal.
//   0 < λ < 1  p ≤ C*, so C ≤ C*/λ.
//   λ = 0      nothing: the first solution is returned.
// By the same inequalities every smallest open priority p gives C* ≥ p / max(1, λ), the lower bound
// that is returned also when the budget ends a search. Sums are in 32-bit floats: costs that are
// integers are exact. Networks are not admissible in general; then nothing of this holds.
//
// Estimates below what they must be at least (h < 0, Q < the move's cost) are raised to that.
// Infinity says that there is no solution this way. It is believed, but not of a network
// (PuzzleSearchOptions::learned): there it is an overflow, and like NaN it ends the search with an
// error.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.hpp"
#include "core/stop.hpp"
#include "environment/puzzle/puzzle.hpp"
#include "model/models.hpp"

namespace qstar::search {

// When to give up; the best solution so far is returned.
struct SearchBudget {
  std::uint64_t nodes = 0;  // generated, never exceeded; 0: no limit
  // Of PuzzleSearchOptions::clock, which is read at least once per batch; 0: no limit.
  double seconds = 0;
  // Of the search's own data, not the network's. What a batch needs is looked at before it is made;
  // a single array that doubles may exceed it for a moment.
  std::uint64_t memory_bytes = std::uint64_t{2} << 30;
};

struct PuzzleSearchOptions {
  float weight = 1;  // λ ≥ 0, of the path's cost in a priority; "greedy" takes 0
  // B ≥ 1: nodes (A*) or edges (Q*) taken at a time; the width of a beam.
  std::size_t batch = 1;
  // Q*: edges stored per node, at 6 bytes, see edge_store.hpp. Fewer save memory and score again
  // more often; what is found does not depend on it at batch 1.
  std::size_t kept_edges = 16;
  bool shorten = false;  // leave out of a solution what undoes itself (search/graph/shorten.hpp)
  bool learned = false;  // the estimates are a network's: one that is infinite is an error
  SearchBudget budget = {};
  // Seconds on any scale that does not run backwards. Without it there is no time limit and every
  // time is 0.
  std::function<double()> clock = {};
  // Whether to stop now, with kStopped. Asked wherever the clock is looked at, and about every
  // thousand positions of a large batch; may be asked from the thread that searches only.
  Stop stop = {};
};

struct SearchStatistics {
  std::uint64_t nodes_generated = 0;  // positions built by a move, and the start
  std::uint64_t edges_scored = 0;     // the network's outputs: 1 (V) or all moves (Q) per position
  std::uint64_t expanded = 0;         // A*: nodes whose children were made; Q*: of which one was
  std::uint64_t reopened = 0;         // expanded nodes to which a cheaper path was found
  std::uint64_t nodes_stored = 0;     // distinct positions
  std::uint64_t batches = 0;          // calls of the network
  std::uint64_t peak_memory_bytes = 0;
  double seconds = 0;              // all of it
  double seconds_network = 0;      // in CostToGo
  double seconds_queue = 0;        // open list, node table, edges
  double seconds_environment = 0;  // moves, legality, solved, hashing
};

enum class SearchEnd : std::uint8_t {
  kFinished,   // solved, and the rule above is met (beam: nothing better is left in the beam)
  kExhausted,  // not solved and nothing is open: there is no solution (beam: none in the beam)
  kNodes,      // the budget of nodes, …
  kSeconds,
  kMemory,
  kStopped,  // PuzzleSearchOptions::stop said so
};
std::string_view to_string(SearchEnd end);

struct PuzzleSolution {
  bool solved = false;
  std::vector<environment::Move> moves;  // from the start to a solved position
  double cost = 0;                       // of the moves
  double found_cost = 0;                 // of what the search found, before it was shortened
  double lower_bound = 0;  // no solution costs less, if the estimates are admissible; beam: 0
  SearchEnd end = SearchEnd::kExhausted;
  SearchStatistics statistics;
};

class PuzzleSearch {
 public:
  virtual ~PuzzleSearch() = default;
  // The name in the registry.
  virtual std::string_view name() const = 0;

  // The same arguments (the clock's budget aside) give the same solution. Every path is replayed
  // from `start` before it is returned.
  // kUsage: options out of range, or estimates of a kind that this search does not take.
  // kBadProblem: `start` has the wrong length. kCorrupt: an estimate is not a number, or the path
  // found does not replay, so the puzzle contradicts itself.
  Result<PuzzleSolution> solve(const environment::Puzzle& puzzle, model::CostToGo& heuristic,
                               std::span<const std::uint8_t> start,
                               const PuzzleSearchOptions& options) const;

  // kUsage when this search does not take estimates of this kind (astar: V, one output; qstar: Q,
  // one output per move; greedy and beam: either).
  Status accepts(const environment::Puzzle& puzzle, const model::CostToGo& heuristic) const;
  // Whether the weight changes what is found: not of greedy search, which ignores the path's cost,
  // nor of a beam when all moves cost the same, so that its positions all have the same path cost.
  virtual bool uses_weight(const environment::Puzzle& puzzle) const = 0;

 protected:
  virtual bool takes(const environment::Puzzle& puzzle, const model::CostToGo& heuristic) const = 0;
  virtual Result<PuzzleSolution> run(const environment::Puzzle& puzzle, model::CostToGo& heuristic,
                                     std::span<const std::uint8_t> start,
                                     const PuzzleSearchOptions& options) const = 0;
};

// Names in the registry, sorted.
std::vector<std::string> puzzle_search_names();
// kUsage names the known ones.
Result<std::unique_ptr<PuzzleSearch>> make_puzzle_search(std::string_view name);

}  // namespace qstar::search

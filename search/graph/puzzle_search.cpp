// The searches by name: a new one is its file and a row here.
#include "search/graph/puzzle_search.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>
#include <cmath>
#include <new>

#include "core/out_of_memory.hpp"
#include "search/graph/best_first.hpp"
#include "search/graph/shorten.hpp"

namespace qstar::search {
namespace {

enum class Estimates : std::uint8_t { kValue, kMoves, kEither };

struct AlgorithmRow {
  std::string_view name;
  Estimates estimates;
  bool greedy;  // the path's cost does not count
  bool beam;
};

constexpr std::array kAlgorithms = {
    AlgorithmRow{"astar", Estimates::kValue, false, false},
    AlgorithmRow{"beam", Estimates::kEither, false, true},
    AlgorithmRow{"greedy", Estimates::kEither, true, false},
    AlgorithmRow{"qstar", Estimates::kMoves, false, false},
};

bool all_moves_cost_the_same(const environment::Puzzle& puzzle) {
  for (std::size_t m = 1; m < puzzle.moves(); ++m)
    if (puzzle.cost(static_cast<environment::Move>(m)) != puzzle.cost(0)) return false;
  return true;
}

class AlgorithmSearch final : public PuzzleSearch {
 public:
  explicit AlgorithmSearch(const AlgorithmRow& row) : row_(row) {}
  std::string_view name() const override { return row_.name; }
  bool uses_weight(const environment::Puzzle& puzzle) const override {
    return !row_.greedy && !(row_.beam && all_moves_cost_the_same(puzzle));
  }

 private:
  bool takes(const environment::Puzzle& puzzle, const model::CostToGo& heuristic) const override {
    const bool value = heuristic.outputs() == 1;
    const bool moves = heuristic.outputs() == puzzle.moves();
    if (row_.estimates == Estimates::kValue) return value;
    return moves || (value && row_.estimates == Estimates::kEither);
  }

  Result<PuzzleSolution> run(const environment::Puzzle& puzzle, model::CostToGo& heuristic,
                             std::span<const std::uint8_t> start,
                             const PuzzleSearchOptions& given) const override {
    PuzzleSearchOptions options = given;
    if (row_.greedy) options.weight = 0;
    const SearchTask task{puzzle, heuristic, options, row_.beam};
    const bool value = row_.estimates == Estimates::kValue ||
                       (row_.estimates == Estimates::kEither && heuristic.outputs() == 1);
    const MayLackMemory may_lack_memory;
    try {
      return (value ? make_astar(task) : make_qstar(task))->run(start);
    } catch (const std::bad_alloc&) {  // not even the reserve can be had
      PuzzleSolution none;
      none.end = SearchEnd::kMemory;
      return none;
    }
  }

  const AlgorithmRow& row_;
};

Status check(const environment::Puzzle& puzzle, std::span<const std::uint8_t> start,
             const PuzzleSearchOptions& options) {
  if (start.size() != puzzle.state_bytes()) {
    return fail(Errc::kBadProblem, fmt::format("a position of {} has {} bytes, this one {}",
                                               puzzle.name(), puzzle.state_bytes(), start.size()));
  }
  if (!std::isfinite(options.weight) || options.weight < 0) {
    return fail(Errc::kUsage,
                fmt::format("the weight is {}; give a number from 0", options.weight));
  }
  if (options.batch == 0) return fail(Errc::kUsage, "the batch is 0; give 1 or more");
  if (puzzle.moves() >= Node::kSolved) {
    return fail(Errc::kUsage, fmt::format("{} has {} moves; a search takes {} at most",
                                          puzzle.name(), puzzle.moves(), Node::kSolved - 1));
  }
  return {};
}

// The cost of `moves` from `start`; an error when they are not legal or solve nothing.
Result<double> replay(const environment::Puzzle& puzzle, std::span<const std::uint8_t> start,
                      std::span<const environment::Move> moves) {
  std::vector<std::uint8_t> state(start.begin(), start.end());
  std::vector<std::uint8_t> legal(puzzle.moves());
  double cost = 0;
  for (std::size_t i = 0; i < moves.size(); ++i) {
    puzzle.legal(state, legal);
    if (legal[moves[i]] == 0) {
      return fail(Errc::kCorrupt, fmt::format("{}: move {} of the path found is not legal there",
                                              puzzle.name(), i + 1));
    }
    puzzle.apply(state, moves.subspan(i, 1), state);
    cost += puzzle.cost(moves[i]);
  }
  if (!puzzle.solved(state)) {
    return fail(Errc::kCorrupt,
                fmt::format("{}: the path found does not end in a solved position", puzzle.name()));
  }
  return cost;
}

}  // namespace

std::string_view to_string(SearchEnd end) {
  switch (end) {
    case SearchEnd::kFinished: return "finished";
    case SearchEnd::kExhausted: return "exhausted";
    case SearchEnd::kNodes: return "nodes";
    case SearchEnd::kSeconds: return "seconds";
    case SearchEnd::kMemory: return "memory";
    case SearchEnd::kStopped: return "stopped";
  }
  return "";
}

Status PuzzleSearch::accepts(const environment::Puzzle& puzzle,
                             const model::CostToGo& heuristic) const {
  if (takes(puzzle, heuristic)) return {};
  return fail(Errc::kUsage,
              fmt::format("{} does not take estimates with {} outputs: astar takes 1 (the cost to "
                          "go), qstar {} (one per move), greedy and beam either",
                          name(), heuristic.outputs(), puzzle.moves()));
}

Result<PuzzleSolution> PuzzleSearch::solve(const environment::Puzzle& puzzle,
                                           model::CostToGo& heuristic,
                                           std::span<const std::uint8_t> start,
                                           const PuzzleSearchOptions& options) const {
  if (auto ok = check(puzzle, start, options); !ok) return tl::unexpected(ok.error());
  if (auto ok = accepts(puzzle, heuristic); !ok) return tl::unexpected(ok.error());
  auto found = run(puzzle, heuristic, start, options);
  if (!found || !found->solved) return found;
  PuzzleSolution& solution = *found;
  auto cost = replay(puzzle, start, solution.moves);
  if (!cost) return tl::unexpected(cost.error());
  solution.cost = solution.found_cost = *cost;
  if (!options.shorten) return found;
  const double before = options.clock ? options.clock() : 0;
  solution.moves = qstar::search::shorten(puzzle, start, std::move(solution.moves));
  cost = replay(puzzle, start, solution.moves);
  if (!cost) return tl::unexpected(cost.error());
  solution.cost = *cost;
  if (options.clock) solution.statistics.seconds += options.clock() - before;
  return found;
}

std::vector<std::string> puzzle_search_names() {
  std::vector<std::string> names;
  for (const auto& row : kAlgorithms) names.emplace_back(row.name);
  return names;
}

Result<std::unique_ptr<PuzzleSearch>> make_puzzle_search(std::string_view name) {
  for (const auto& row : kAlgorithms) {
    if (row.name == name) return std::make_unique<AlgorithmSearch>(row);
  }
  return fail(Errc::kUsage, fmt::format("there is no puzzle search '{}'; known: {}", name,
                                        fmt::join(puzzle_search_names(), ", ")));
}

}  // namespace qstar::search

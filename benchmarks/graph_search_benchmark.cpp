// The cost of a search's own data: nodes generated a second with an estimate that costs nothing, as
// the number of nodes grows from 10^5 to 10^7. What is measured is the open list, the node table,
// Q*'s edges and the moves themselves; a network's time comes on top and does not grow.
#include <benchmark/benchmark.h>

#include <chrono>

#include "search/graph/heuristics.hpp"
#include "search/graph/puzzle_search.hpp"
#include "tests/support/puzzles.hpp"

namespace {

using namespace qstar;

// A network's spread of values without its time: hashed, so it carries no information about the
// way.
class Scattered final : public model::CostToGo {
 public:
  Scattered(std::size_t outputs, std::size_t state_bytes)
      : outputs_(outputs), state_bytes_(state_bytes) {}
  std::size_t outputs() const override { return outputs_; }
  void costs(std::span<const std::uint8_t> states, std::span<float> costs) override {
    for (std::size_t i = 0; i < costs.size(); i += outputs_) {
      std::uint64_t h = 0;
      for (std::size_t k = 0; k < state_bytes_; ++k)
        h = h * 31 + states[i / outputs_ * state_bytes_ + k];
      h *= 0x9E3779B97F4A7C15U;
      for (std::size_t m = 0; m < outputs_; ++m)
        costs[i + m] = 8 + static_cast<float>((h >> (m % 32)) & 0xFFFF) / 8192;
    }
  }

 private:
  std::size_t outputs_, state_bytes_;
};

double seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

void search(benchmark::State& state, std::string_view name, bool zero) {
  const SmallPancake puzzle(15);
  Rng rng(1);
  const auto start = puzzle.scrambled(100, rng);
  const bool moves = name == "qstar";
  search::ZeroEstimate nothing(puzzle,
                               moves ? search::EstimateKind::kMoves : search::EstimateKind::kValue);
  Scattered scattered(moves ? puzzle.moves() : 1, puzzle.state_bytes());
  model::CostToGo& estimate = zero ? static_cast<model::CostToGo&>(nothing) : scattered;
  search::PuzzleSearchOptions options{.batch = 1000, .clock = seconds};
  options.budget.nodes = static_cast<std::uint64_t>(state.range(0));
  options.budget.memory_bytes = std::uint64_t{8} << 30;
  const auto algorithm = std::move(*search::make_puzzle_search(name));
  search::SearchStatistics s;
  for (auto _ : state) s = algorithm->solve(puzzle, estimate, start, options)->statistics;
  const auto nodes = static_cast<double>(s.nodes_generated);
  state.counters["ns/node"] = 1e9 * s.seconds / nodes;
  state.counters["queue_ns"] = 1e9 * s.seconds_queue / nodes;
  state.counters["moves_ns"] = 1e9 * s.seconds_environment / nodes;
  state.counters["network_ns"] = 1e9 * s.seconds_network / nodes;
  state.counters["stored"] = static_cast<double>(s.nodes_stored);
  state.counters["bytes/node"] =
      static_cast<double>(s.peak_memory_bytes) / static_cast<double>(s.nodes_stored);
}

void sizes(benchmark::internal::Benchmark* benchmark) {
  for (const std::int64_t nodes : {100'000, 1'000'000, 10'000'000}) benchmark->Arg(nodes);
  benchmark->UseRealTime()->Unit(benchmark::kMillisecond);
}

BENCHMARK_CAPTURE(search, qstar_scattered, "qstar", false)->Apply(sizes);
BENCHMARK_CAPTURE(search, astar_scattered, "astar", false)->Apply(sizes);
BENCHMARK_CAPTURE(search, qstar_zero, "qstar", true)->Apply(sizes);
BENCHMARK_CAPTURE(search, astar_zero, "astar", true)->Apply(sizes);

}  // namespace

BENCHMARK_MAIN();

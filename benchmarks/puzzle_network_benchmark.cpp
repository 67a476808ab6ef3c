// Deep Q-networks of puzzles at the size of a 3×3×3 cube (54 cells of 6 colours, 12 moves) and
// 230 thousand parameters: positions per second, examples learned per CPU second, and which share
// of the machine's matrix-product rates, float32 and bfloat16, both are. Argument: 0 float32, 1
// bfloat16.
//
// Counted as work: 2 FLOP a multiply-add of the layers behind the first, 1 an addition of the first
// (mlp::Layout::flops); an example is four forward passes' worth (the target's, its own, two back).
// With more threads, each has a learner of its own, or a clone of the network.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <array>

#include "benchmarks/gemm_peak.hpp"
#include "core/rng.hpp"
#include "inference/puzzle_network.hpp"
#include "learning/cost_to_go/puzzle_learner.hpp"

namespace {

using namespace qstar;
using namespace qstar::environment;
using namespace qstar::inference;
using benchmark::Counter;

// As many cells, colours and moves as the cube has; which cells a move turns is drawn at random.
class CubeSized final : public Puzzle {
 public:
  CubeSized() {
    Rng rng(1);
    for (std::size_t m = 0; m < 12; m += 2) {
      std::array<std::uint8_t, 54> order;
      for (std::size_t i = 0; i < 54; ++i) order[i] = static_cast<std::uint8_t>(i);
      rng.shuffle(std::span<std::uint8_t>(order));
      for (std::size_t i = 0; i < 54; ++i)
        turns_[m][i] = turns_[m + 1][i] = static_cast<std::uint8_t>(i);
      for (std::size_t c = 0; c < 20; c += 4)  // five cycles of four cells, as a quarter turn has
        for (std::size_t i = 0; i < 4; ++i) {
          turns_[m][order[c + i]] = order[c + (i + 1) % 4];
          turns_[m + 1][order[c + (i + 1) % 4]] = order[c + i];
        }
    }
  }
  std::string_view name() const override { return "cube_sized"; }
  std::size_t state_bytes() const override { return 54; }
  std::size_t moves() const override { return 12; }
  std::string move_name(Move move) const override { return std::to_string(move); }
  std::optional<Move> move_of(std::string_view) const override { return std::nullopt; }
  std::optional<Move> inverse(Move move) const override { return move ^ 1U; }
  void apply(std::span<const std::uint8_t> states, std::span<const Move> moves,
             std::span<std::uint8_t> next) const override {
    for (std::size_t i = 0; i < moves.size(); ++i) {
      std::array<std::uint8_t, 54> old;
      std::copy_n(states.data() + i * 54, 54, old.begin());
      for (std::size_t c = 0; c < 54; ++c) next[i * 54 + c] = old[turns_[moves[i]][c]];
    }
  }
  void legal(std::span<const std::uint8_t>, std::span<std::uint8_t> legal) const override {
    std::fill(legal.begin(), legal.end(), std::uint8_t{1});
  }
  bool solved(std::span<const std::uint8_t> state) const override {
    for (std::size_t i = 0; i < 54; ++i)
      if (state[i] != i / 9) return false;
    return true;
  }
  std::size_t cells() const override { return 54; }
  std::size_t symbols() const override { return 6; }
  void encode(std::span<const std::uint8_t> states, std::span<std::uint8_t> cells) const override {
    std::copy(states.begin(), states.end(), cells.begin());
  }
  std::vector<std::uint8_t> scrambled(std::size_t steps, Rng& rng) const override {
    std::vector<std::uint8_t> state(54);
    for (std::size_t i = 0; i < 54; ++i) state[i] = static_cast<std::uint8_t>(i / 9);
    for (std::size_t i = 0; i < steps; ++i) {
      const Move move = static_cast<Move>(rng.below(12));
      apply(state, std::span(&move, 1), state);
    }
    return state;
  }
  Result<std::vector<std::uint8_t>> parse(std::string_view) const override {
    return fail(Errc::kBadProblem, "a puzzle for measurements has no text");
  }
  std::string text(std::span<const std::uint8_t>) const override { return {}; }
  std::string render(std::span<const std::uint8_t>) const override { return {}; }

 private:
  std::array<std::array<std::uint8_t, 54>, 12> turns_;
};

const std::shared_ptr<const Puzzle>& cube() {
  static const std::shared_ptr<const Puzzle> puzzle = std::make_shared<CubeSized>();
  return puzzle;
}

Precision precision_of(const benchmark::State& state) {
  return state.range(0) == 0 ? Precision::kFloat32 : Precision::kBfloat16;
}

// Rates per CPU second.
void report(benchmark::State& state, const char* unit, double count, double flops) {
  state.counters[unit] = Counter(count, Counter::kIsRate);
  state.counters["FLOP/s"] = Counter(flops, Counter::kIsRate);
  state.counters["share_of_f32_peak"] = Counter(flops / gemm_peak(), Counter::kIsRate);
  state.counters["share_of_bf16_peak"] = Counter(flops / bf16_gemm_peak(), Counter::kIsRate);
}

void infer(benchmark::State& state) {
  static const PuzzleModel model = fresh_model(*cube(), {}, 1);
  PuzzleNetwork network = PuzzleNetwork::make(model, cube(), "", precision_of(state)).value();
  const auto states =
      learning::Scrambles(cube(), {.depth = 30, .batch = state.range(1)}, 1).batch(0).states;
  std::vector<float> costs(static_cast<std::size_t>(state.range(1)) * network.outputs());
  double count = 0;
  for (auto _ : state) {
    network.costs(states, costs);
    benchmark::DoNotOptimize(costs.data());
    count += static_cast<double>(state.range(1));
  }
  report(state, "positions/s", count, count * flops_of(model));
}
BENCHMARK(infer)
    ->ArgNames({"bf16", "batch"})
    ->ArgsProduct({{0, 1}, {16, 1000}})
    ->Threads(1)
    ->Threads(2);

void train(benchmark::State& state) {
  learning::PuzzleLearnerConfig config;
  config.network.values = state.range(1) == 0 ? "q" : "v";
  learning::PuzzleLearner learner =
      learning::PuzzleLearner::make(cube(), config, 1, precision_of(state)).value();
  learning::Scrambles scrambles(cube(), config.scrambles, 1);
  const PuzzleModel model = learner.model();
  // What V pays for an example: the children's evaluations.
  const double forwards = state.range(1) == 0 ? 4 : 3 + 12;
  double examples = 0;
  for (auto _ : state)
    examples += static_cast<double>(
        learner.update(scrambles.batch(static_cast<std::uint64_t>(learner.updates()))).examples);
  report(state, "examples/s", examples, examples * forwards * flops_of(model));
}
BENCHMARK(train)->ArgNames({"bf16", "v"})->ArgsProduct({{0, 1}, {0, 1}})->Threads(1)->Threads(2);

}  // namespace

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  benchmark::AddCustomContext("gemm_peak_f32", std::to_string(gemm_peak() / 1e9) + " GFLOP/s");
  benchmark::AddCustomContext("gemm_peak_bf16",
                              std::to_string(bf16_gemm_peak() / 1e9) + " GFLOP/s");
  benchmark::AddCustomContext("parameters",
                              std::to_string(parameters_of(fresh_model(*cube(), {}, 1))));
  benchmark::RunSpecifiedBenchmarks();
}

// Steps per second of the exact verifier on right work, on mutants of it and on long garbage, and
// problems per second of the reference solver.
#include <benchmark/benchmark.h>

#include "environment/environment.hpp"
#include "environment/registry.hpp"

namespace {

using namespace qstar;
using namespace qstar::environment;

struct Line {
  State state;
  std::string step;
};

// Every line of 1,000 solved problems; a mutant has one character replaced by another digit.
std::vector<Line> lines(const Environment& environment, bool mutants) {
  Rng rng(1);
  std::vector<Line> made;
  for (int p = 0; p < 1000; ++p) {
    auto state = environment.reset(environment.sample_problem(rng, Split::kTraining)).value();
    const auto steps = environment.solve(state).value();
    for (const auto& step : steps) {
      made.push_back({state, step});
      if (mutants)
        made.back().step[rng.below(step.size())] = static_cast<char>('0' + rng.below(10));
      state = environment.step(state, step).next;
    }
  }
  return made;
}

void judge_lines(benchmark::State& bench, const std::vector<Line>& work,
                 const Environment& environment) {
  std::size_t i = 0;
  for (auto _ : bench) {
    const Line& line = work[i++ % work.size()];
    benchmark::DoNotOptimize(environment.step(line.state, line.step));
  }
  bench.counters["steps/s"] =
      benchmark::Counter(static_cast<double>(bench.iterations()), benchmark::Counter::kIsRate);
}

// Argument of each: the family, 0 for C and 1 for hard (exact division, parentheses), worked out
// digit by digit.
std::unique_ptr<Environment> environment_of(const benchmark::State& bench) {
  EnvironmentConfig config;
  config.family = bench.range(0) == 0 ? "C" : "hard";
  config.long_work = bench.range(0) != 0;
  return make_environment(config).value();
}

void verify_right(benchmark::State& bench) {
  const auto environment = environment_of(bench);
  judge_lines(bench, lines(*environment, false), *environment);
}
BENCHMARK(verify_right)->Arg(0)->Arg(1);

void verify_mutants(benchmark::State& bench) {
  const auto environment = environment_of(bench);
  judge_lines(bench, lines(*environment, true), *environment);
}
BENCHMARK(verify_mutants)->Arg(0)->Arg(1);

void verify_10_kB(benchmark::State& bench) {
  const auto environment = environment_of(bench);
  std::string garbage;
  while (garbage.size() < 10'000) garbage += "(12+34)*5-";
  const auto state = environment->reset("1+2").value();
  judge_lines(bench, {{state, garbage}}, *environment);
}
BENCHMARK(verify_10_kB)->Arg(0);

// The calculator: a whole problem, all lines written out.
void solve(benchmark::State& bench) {
  const auto environment = environment_of(bench);
  Rng rng(1);
  std::vector<State> problems;
  for (int p = 0; p < 1000; ++p)
    problems.push_back(
        environment->reset(environment->sample_problem(rng, Split::kTraining)).value());
  std::size_t i = 0;
  for (auto _ : bench)
    benchmark::DoNotOptimize(environment->solve(problems[i++ % problems.size()]));
  bench.counters["problems/s"] =
      benchmark::Counter(static_cast<double>(bench.iterations()), benchmark::Counter::kIsRate);
}
BENCHMARK(solve)->Arg(0)->Arg(1);

}  // namespace

BENCHMARK_MAIN();

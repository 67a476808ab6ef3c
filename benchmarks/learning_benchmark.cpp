// Tokens per second of pre-training, policy updates and critic updates at the default model size,
// and which share of the machine's matrix-product rate that is.
//
// FLOP of a training step are counted as three times the forward pass's matrix products (2 FLOP a
// weight and token forward, 4 backward), attention and element-wise work left out: the share says
// how much of the time the machine's best product would have needed.
#include <benchmark/benchmark.h>

#include "benchmarks/gemm_peak.hpp"
#include "data/attempt.hpp"
#include "environment/registry.hpp"
#include "environment/text/corpus.hpp"
#include "inference/decoder.hpp"
#include "learning/critic/critic_learner.hpp"

namespace {

using namespace qstar;
using namespace qstar::learning;

struct Bench {
  std::unique_ptr<environment::Environment> environment = environment::make_environment({}).value();
  model::Tokenizer tokenizer = model::Tokenizer::make(environment->alphabet()).value();
  model::ModelSpec spec;

  Bench() { QSTAR_ASSERT(prepare_torch().has_value(), "no usable BLAS"); }
  PolicyLearner learner() const { return {spec, tokenizer, 1}; }
  double training_flops() const {
    return 3 * inference::DecoderWeights::make(learner().model(), 1).value()->flops_per_token();
  }
};

const Bench& bench() {
  static const Bench instance;
  return instance;
}

void report(benchmark::State& state, double tokens, double flops_per_token) {
  using benchmark::Counter;
  state.counters["tokens/s"] = Counter(tokens, Counter::kIsRate);
  state.counters["FLOP/s"] = Counter(tokens * flops_per_token, Counter::kIsRate);
  state.counters["share_of_gemm_peak"] =
      Counter(tokens * flops_per_token / gemm_peak(), Counter::kIsRate);
}

// Rows of the corpus, as `qstar train` feeds them: 32 rows of 96 tokens.
void pretrain(benchmark::State& state) {
  gemm_peak();
  auto learner = bench().learner();
  environment::Corpus corpus(*bench().environment, {}, 1);
  const auto batch = corpus_batch(corpus, bench().tokenizer, 32, 96);
  const OptimizerConfig optimizer;
  double tokens = 0;
  for (auto _ : state)
    tokens += static_cast<double>(learner.update(batch, optimizer, 0.01).value().tokens);
  report(state, tokens, bench().training_flops());
}
BENCHMARK(pretrain)->UseRealTime()->Unit(benchmark::kMillisecond);

// Solved problems as attempts: every group has one right attempt and one that slips at the end.
std::vector<AttemptGroup> groups(std::uint64_t n) {
  const auto& environment = *bench().environment;
  Rng rng(1);
  std::vector<AttemptGroup> made(n);
  for (std::uint64_t g = 0; g < n; ++g) {
    made[g].group = g;
    for (std::uint32_t s = 0; s < 8; ++s) {
      Trajectory attempt;
      attempt.id = {g, s};
      attempt.problem = s == 0 ? environment.sample_problem(rng, environment::Split::kTraining)
                               : made[g].attempts[0].problem;
      const auto steps = environment.solve(environment.reset(attempt.problem).value()).value();
      for (const auto& text : steps) {
        Step step;
        step.text = text;
        attempt.steps.push_back(std::move(step));
      }
      if (s % 2 == 1) attempt.steps.back().text += "0";
      environment::judge(environment, true, attempt);
      made[g].attempts.push_back(std::move(attempt));
    }
  }
  return made;
}

void update_policy(benchmark::State& state) {
  gemm_peak();
  auto learner = bench().learner();
  std::vector<std::string> texts;
  std::vector<float> weights;
  for (const auto& group : groups(128)) select_wins(group, {}, texts, weights);
  const auto batch = batch_of_solutions(bench().tokenizer, texts, weights);
  double tokens = 0;
  for (auto _ : state)
    tokens += static_cast<double>(learner.update(batch, OptimizerConfig{}, 0.01).value().tokens);
  report(state, tokens, bench().training_flops());
}
BENCHMARK(update_policy)->UseRealTime()->Unit(benchmark::kMillisecond);

// The critic's extra block is left out of the count of FLOP too.
void update_critic(benchmark::State& state) {
  gemm_peak();
  CriticLearner critic(bench().learner().model(), 1);
  const CriticConfig config;
  const auto made = groups(static_cast<std::uint64_t>(config.groups_per_update));
  std::vector<WeightedGroup> batch;
  for (const auto& group : made) batch.push_back({&group, 1});
  double tokens = 0;
  for (auto _ : state)
    tokens += static_cast<double>(critic.update(batch, config, 0.01).value().tokens);
  report(state, tokens, bench().training_flops());
}
BENCHMARK(update_critic)->UseRealTime()->Unit(benchmark::kMillisecond);

}  // namespace

BENCHMARK_MAIN();

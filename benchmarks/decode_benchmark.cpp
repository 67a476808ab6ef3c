// Tokens per second of the decoder at the default model size, the matrix products alone, and which
// share of the machine's matrix-product rate both are (attention and sampling not counted as work).
#include <benchmark/benchmark.h>

#include <cmath>
#include <string>
#include <vector>

#include "benchmarks/gemm_peak.hpp"
#include "core/rng.hpp"
#include "inference/decoder.hpp"
#include "inference/kernels.hpp"

namespace {

using namespace qstar;
using namespace qstar::inference;

// Random weights whose sequences never end by themselves: the closing separator's logit is the
// lowest that the final norm's bias can make it.
model::ModelFile endless_model() {
  model::ModelFile model;
  model.characters = ";=0123456789+-*/()";
  Rng rng(1);
  for (const auto& [name, shape] : model::policy_shapes(model.spec, 18)) {
    model::NamedTensor& tensor = model.tensors[name];
    tensor.shape = shape;
    std::size_t count = 1;
    for (const std::int64_t n : shape) count *= static_cast<std::size_t>(n);
    for (std::size_t i = 0; i < count; ++i)
      tensor.data.push_back(static_cast<float>(0.1 * rng.normal()));
  }
  for (std::size_t i = 0; i < 64; ++i) {
    model.tensors["norm.bias"].data[i] = 1;
    model.tensors["head.weight"].data[i] = -1;
  }
  return model;
}

// Sequences of 40 tokens: a prompt of 12, then 28 sampled ones. Argument: slots.
void decode(benchmark::State& state) {
  gemm_peak();
  const auto weights = DecoderWeights::make(endless_model(), 1).value();
  DecoderPolicy policy(weights, static_cast<std::int32_t>(state.range(0)));
  std::vector<model::GenerateRequest> requests;
  for (std::uint64_t i = 0; i < 4 * static_cast<std::uint64_t>(state.range(0)); ++i)
    requests.push_back({";12+3*(4-1)=", i, 1.0F, 28, false});
  double generated = 0;
  double fed = 0;
  for (auto _ : state)
    for (const model::Generation& g : policy.generate(requests)) {
      generated += static_cast<double>(g.tokens.size());
      fed += static_cast<double>(g.tokens.size() + requests[0].prompt.size() - 1);
    }
  using benchmark::Counter;
  state.counters["generated_tokens/s"] = Counter(generated, Counter::kIsRate);
  state.counters["tokens/s"] = Counter(fed, Counter::kIsRate);
  const double flops = fed * weights->flops_per_token();
  state.counters["FLOP/s"] = Counter(flops, Counter::kIsRate);
  state.counters["share_of_gemm_peak"] = Counter(flops / gemm_peak(), Counter::kIsRate);
}
BENCHMARK(decode)->Arg(1)->Arg(8)->Arg(16)->Arg(32)->Arg(64)->Arg(256)->UseRealTime()->Unit(
    benchmark::kMillisecond);

// x[64,k]·Wᵀ[n,k], the shapes of a block.
void gemm(benchmark::State& state) {
  const auto n = static_cast<std::size_t>(state.range(0));
  const auto k = static_cast<std::size_t>(state.range(1));
  std::vector<float> w(n * k, 0.5F), packed(kernels::packed_size(n, k)), x(64 * k, 0.25F),
      y(64 * n);
  kernels::pack(w.data(), n, k, packed.data());
  gemm_peak();
  for (auto _ : state) {
    kernels::gemm({packed.data(), n, k}, x.data(), k, 64, y.data(), n, kernels::Write::kStore);
    benchmark::DoNotOptimize(y.data());
    benchmark::ClobberMemory();
  }
  const double flops =
      2.0 * 64 * static_cast<double>(n * k) * static_cast<double>(state.iterations());
  using benchmark::Counter;
  state.counters["FLOP/s"] = Counter(flops, Counter::kIsRate);
  state.counters["share_of_gemm_peak"] = Counter(flops / gemm_peak(), Counter::kIsRate);
}
BENCHMARK(gemm)->Args({192, 64})->Args({64, 64})->Args({256, 64})->Args({64, 256});

}  // namespace

BENCHMARK_MAIN();

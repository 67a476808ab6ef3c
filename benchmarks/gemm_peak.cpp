#include "benchmarks/gemm_peak.hpp"

#include <torch/torch.h>

#include <algorithm>
#include <chrono>

#include "learning/policy/policy_learner.hpp"

namespace qstar {
namespace {

double measure(torch::ScalarType type) {
  constexpr std::int64_t kSize = 512;
  QSTAR_ASSERT(learning::prepare_torch().has_value(), "no usable BLAS");
  const torch::NoGradGuard no_gradients;
  const auto a = torch::rand({kSize, kSize}).to(type);
  const auto b = torch::rand({kSize, kSize}).to(type);
  auto c = torch::empty({kSize, kSize}, type);
  using Clock = std::chrono::steady_clock;
  const auto begun = Clock::now();
  double best = 0;
  while (Clock::now() - begun < std::chrono::milliseconds(500)) {
    const auto start = Clock::now();
    torch::mm_out(c, a, b);
    const std::chrono::duration<double> took = Clock::now() - start;
    best = std::max(best, 2.0 * kSize * kSize * kSize / took.count());
  }
  return best;
}

}  // namespace

double gemm_peak() {
  static const double peak = measure(torch::kFloat32);
  return peak;
}

double bf16_gemm_peak() {
  static const double peak = measure(torch::kBFloat16);
  return peak;
}

}  // namespace qstar

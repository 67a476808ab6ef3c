#include "inference/kernels.hpp"

#include <cmath>
#include <vector>

#include "core/rng.hpp"

#include <catch2/catch.hpp>

namespace qstar {
using namespace inference;
using namespace inference::kernels;
namespace {

std::vector<float> random_floats(std::size_t n, std::uint64_t seed) {
  Rng rng(seed);
  std::vector<float> x(n);
  for (float& v : x) v = static_cast<float>(rng.normal());
  return x;
}

TEST_CASE("gemm multiplies by the transposed weights and can add", "[kernels]") {
  for (const std::size_t n : {1, 18, 32, 33, 96})
    for (const std::size_t k : {1, 7, 64}) {
      const auto w = random_floats(n * k, n + k);
      const auto x = random_floats(16 * k, 5);
      std::vector<float> packed(packed_size(n, k));
      pack(w.data(), n, k, packed.data());
      const std::size_t stride = round_up(n, kColumns);
      std::vector<float> y(16 * stride, 1.0F);
      gemm({packed.data(), n, k}, x.data(), k, 16, y.data(), stride, Write::kStore);
      gemm({packed.data(), n, k}, x.data(), k, 16, y.data(), stride, Write::kAdd);
      for (std::size_t row = 0; row < 16; ++row)
        for (std::size_t column = 0; column < stride; ++column) {
          double expected = 0;
          for (std::size_t i = 0; i < k && column < n; ++i)
            expected +=
                2.0 * static_cast<double>(x[row * k + i]) * static_cast<double>(w[column * k + i]);
          REQUIRE(std::abs(expected - static_cast<double>(y[row * stride + column])) < 1e-4);
        }
    }
}

TEST_CASE("gelu is the exact one to a millionth", "[kernels]") {
  std::vector<float> x;
  for (int i = -8000; i < 8000; ++i) x.push_back(static_cast<float>(i) / 500.0F);
  std::vector<float> y = x;
  gelu(y.data(), y.size());
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double v = x[i];
    REQUIRE(std::abs(v * 0.5 * std::erfc(-v / std::sqrt(2.0)) - static_cast<double>(y[i])) <=
            1e-6 * std::max(1.0, std::abs(v)));
  }
}

TEST_CASE("layer_norm of a hand-computed row", "[kernels]") {
  std::vector<float> x(16, 77.0F), gain(16, 0.0F), bias(16, 0.0F), y(16, 5.0F);
  x[0] = 1;
  x[1] = 3;
  gain[0] = 2;
  gain[1] = 1;
  bias[1] = 10;
  layer_norm(x.data(), gain.data(), bias.data(), 2, 16, y.data());
  REQUIRE(y[0] == Approx(-2.0).epsilon(1e-5));
  REQUIRE(y[1] == Approx(11.0).epsilon(1e-5));
  for (std::size_t i = 2; i < 16; ++i) REQUIRE(y[i] == 0.0F);
}

TEST_CASE("rotate turns pairs that are half a head apart", "[kernels]") {
  std::vector<float> x = {1, 2, 3, 4, 5};
  const float cosines[] = {0, 1}, sines[] = {1, 0};  // a quarter turn; none
  rotate(x.data(), 4, cosines, sines);
  REQUIRE(x == std::vector<float>{-3, 2, 1, 4, 5});
}

TEST_CASE("attend weighs hand-computed values", "[kernels]") {
  std::vector<float> keys(key_floats(1, 2, 20)), values(value_floats(1, 2, 20)), scratch(32 + 16);
  const Cache cache{keys.data(), values.data(), 1, 2, 32};
  const float zero[] = {0, 0}, one[] = {std::sqrt(2.0F) * std::log(3.0F), 0};
  const float a[] = {1, 10}, b[] = {5, 50}, far[] = {1000, 1000};
  remember(cache, 0, zero, a);
  remember(cache, 1, one, b);
  remember(cache, 2, one, far);  // in the future: not seen
  const float q[] = {1, 9};
  float out[2];
  const auto see = [&](Range range) { attend(cache, &range, q, scratch.data(), out); };
  see({0, 2});
  REQUIRE(out[0] == Approx(4.0).epsilon(1e-5));  // weights 1/4 and 3/4
  REQUIRE(out[1] == Approx(40.0).epsilon(1e-5));
  see({0, 1});
  REQUIRE(out[0] == Approx(1.0).epsilon(1e-6));
  see({1, 2});
  REQUIRE(out[1] == Approx(50.0).epsilon(1e-6));
  see({1, 1});
  REQUIRE(out[0] == 0);  // nothing seen
  remember(cache, 18, one, b);
  see({18, 19});  // beyond the first block of places
  REQUIRE(out[0] == Approx(5.0).epsilon(1e-6));
}

}  // namespace
}  // namespace qstar

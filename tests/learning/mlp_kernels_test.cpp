#include "inference/mlp_kernels.hpp"

#include <cmath>
#include <vector>

#include "core/rng.hpp"

#include <catch2/catch.hpp>

namespace qstar {
using namespace inference::mlp;
namespace {

float value(float x) { return x; }
float value(Bf16 x) {
  const std::uint32_t bits = static_cast<std::uint32_t>(x.bits) << 16;
  float result;
  std::memcpy(&result, &bits, sizeof result);
  return result;
}

std::vector<float> random_values(std::size_t n, std::uint64_t seed) {
  Rng rng(seed);
  std::vector<float> values(n);
  for (float& v : values) v = static_cast<float>(rng.normal());
  return values;
}

template <class T>
std::vector<T> elements(const std::vector<float>& values) {
  std::vector<T> result(values.size());
  narrow(values.data(), values.size(), result.data());
  return result;
}

// Pairs of rows side by side, as the reduction over rows wants them.
std::vector<float> by_rows(const std::vector<float>& matrix, std::size_t, std::size_t) {
  return matrix;
}
std::vector<Bf16> by_rows(const std::vector<Bf16>& matrix, std::size_t rows, std::size_t width) {
  std::vector<Bf16> pairs(matrix.size());
  for (std::size_t r = 0; r < rows; r += 2)
    interleave(&matrix[r * width], &matrix[(r + 1) * width], width, &pairs[r * width]);
  return pairs;
}

TEMPLATE_TEST_CASE("products agree with sums written out", "[mlp]", float, Bf16) {
  using T = TestType;
  const std::size_t rows = 16, n = 64, k = 32;
  const auto x = elements<T>(random_values(rows * k, 1));
  const auto weights = random_values(n * k, 2);
  const auto w = elements<T>(weights);
  std::vector<T> packed(n * k);
  std::vector<float> y(rows * n, 0.5F);

  SECTION("forward, x·Wᵀ, added") {
    pack_forward(weights.data(), n, k, packed.data());
    product<T>({x.data(), k, kPair<T>}, {packed.data(), kColumns * k, kColumns * kPair<T>},
               {rows, n, k / kPair<T>}, y.data(), Write::kAdd);
    for (std::size_t r = 0; r < rows; ++r)
      for (std::size_t c = 0; c < n; ++c) {
        double sum = 0.5;
        for (std::size_t i = 0; i < k; ++i) sum += value(x[r * k + i]) * value(w[c * k + i]);
        REQUIRE(y[r * n + c] == Approx(sum).margin(1e-4));
      }
  }
  SECTION("backward, g·W, with W [32, 64]: the reduced direction is W's rows") {
    pack_backward(weights.data(), k, n, packed.data());
    product<T>({x.data(), k, kPair<T>}, {packed.data(), kColumns * k, kColumns * kPair<T>},
               {rows, n, k / kPair<T>}, y.data(), Write::kStore);
    for (std::size_t r = 0; r < rows; ++r)
      for (std::size_t c = 0; c < n; ++c) {
        double sum = 0;
        for (std::size_t i = 0; i < k; ++i) sum += value(x[r * k + i]) * value(w[i * n + c]);
        REQUIRE(y[r * n + c] == Approx(sum).margin(1e-4));
      }
  }
  SECTION("over rows, gᵀ·x") {
    const auto g = elements<T>(random_values(rows * n, 3));
    const auto left = by_rows(g, rows, n);
    const auto right = by_rows(x, rows, k);
    std::vector<float> out(n * k);
    product<T>({left.data(), kPair<T>, n * kPair<T>},
               {right.data(), kColumns * kPair<T>, k * kPair<T>}, {n, k, rows / kPair<T>},
               out.data(), Write::kStore);
    for (std::size_t a = 0; a < n; ++a)
      for (std::size_t b = 0; b < k; ++b) {
        double sum = 0;
        for (std::size_t r = 0; r < rows; ++r) sum += value(g[r * n + a]) * value(x[r * k + b]);
        REQUIRE(out[a * k + b] == Approx(sum).margin(1e-4));
      }
  }
}

TEMPLATE_TEST_CASE("the one-hot layer sums rows and rectifies", "[mlp]", float, Bf16) {
  using T = TestType;
  const std::size_t entries = 3, n = 64;
  // Entry e of column c is e + c / 4: exact in both types. Panels of 32 columns.
  std::vector<float> table(entries * n), bias(n);
  for (std::size_t e = 0; e < entries; ++e)
    for (std::size_t c = 0; c < n; ++c)
      table[c / 32 * 32 * entries + e * 32 + c % 32] =
          static_cast<float>(e) + static_cast<float>(c) / 4;
  for (std::size_t c = 0; c < n; ++c) bias[c] = c % 2 == 0 ? -10.0F : 1.0F;
  const auto packed = elements<T>(table);
  const std::uint32_t indices[] = {0, 2, 2, 1, 1, 1};
  std::vector<T> y(2 * n);
  gather_relu<T>({packed.data(), entries, n}, bias.data(), {indices, 2, 3}, y.data());
  REQUIRE(value(y[0]) == 0.0F);                     // 0 + 2 + 2 − 10, rectified
  REQUIRE(value(y[33]) == 4 + 3 * 33.0F / 4 + 1);   // first row, odd column
  REQUIRE(value(y[n + 40]) == 3 + 3 * 10.0F - 10);  // second row, even column
}

TEST_CASE("the gradient of the one-hot layer lands in the rows that were summed", "[mlp]") {
  const std::size_t entries = 3, n = 32;
  std::vector<float> gradient(2 * n), table(entries * n, 1.0F);
  gradient[5] = 2;
  gradient[n + 5] = 10;
  const std::uint32_t indices[] = {0, 2, 2, 1};
  scatter_add(gradient.data(), {indices, 2, 2}, entries, n, table.data());
  REQUIRE(table[0 * 32 + 5] == 3);   // 1 + 2
  REQUIRE(table[1 * 32 + 5] == 11);  // 1 + 10
  REQUIRE(table[2 * 32 + 5] == 13);  // 1 + 2 + 10
  REQUIRE(table[4] == 1);
}

TEST_CASE("bfloat16 is the nearest, ties to even", "[mlp]") {
  std::vector<float> values(16, 0.0F);
  values[0] = 1.0F;
  values[1] = 1.0F + 1.0F / 256;      // half-way between 1 and 1 + 1/128: even is 1
  values[2] = 1.0F + 3.0F / 256;      // half-way: even is 1 + 4/256
  values[3] = -(1.0F + 1.01F / 256);  // just above half-way
  const auto narrowed = elements<Bf16>(values);
  REQUIRE(value(narrowed[0]) == 1.0F);
  REQUIRE(value(narrowed[1]) == 1.0F);
  REQUIRE(value(narrowed[2]) == 1.0F + 4.0F / 256);
  REQUIRE(value(narrowed[3]) == -(1.0F + 2.0F / 256));
}

TEMPLATE_TEST_CASE("rectifiers and their gradient", "[mlp]", float, Bf16) {
  using T = TestType;
  std::vector<float> x(16, 1.0F), bias(16, 0.0F), skip_values(16, 0.0F), sums(16, 100.0F);
  bias[1] = -3;         // 1 − 3 < 0
  skip_values[2] = 4;   // 1 + 4
  skip_values[3] = -4;  // 1 − 4 < 0
  const auto skip = elements<T>(skip_values);
  std::vector<T> y(16);
  bias_relu(x.data(), bias.data(), skip.data(), 1, 16, y.data());
  REQUIRE(value(y[0]) == 1);
  REQUIRE(value(y[1]) == 0);
  REQUIRE(value(y[2]) == 5);
  REQUIRE(value(y[3]) == 0);
  std::vector<float> gradient(16, 7.0F);
  relu_backward(y.data(), 1, 16, gradient.data(), sums.data());
  REQUIRE(gradient[0] == 7);
  REQUIRE(gradient[1] == 0);
  REQUIRE(sums[0] == 107);
  REQUIRE(sums[1] == 100);
}

TEST_CASE("Adam's first steps, by hand", "[mlp]") {
  std::vector<float> w(16, 1.0F), g(16, 0.0F), m(16, 0.0F), v(16, 0.0F);
  g[0] = 0.5F;
  adam({0.1F, 1}, 16, w.data(), g.data(), m.data(), v.data());
  REQUIRE(w[0] == Approx(0.9));  // m̂ / √v̂ = sign(g) at the first step
  REQUIRE(w[1] == 1.0F);
  REQUIRE(g[0] == 0.0F);  // cleared
  g[0] = -0.25F;
  adam({0.1F, 2}, 16, w.data(), g.data(), m.data(), v.data());
  // m = .9·.05 − .025 = .02, m̂ = .02/.19; v = .999·.00025 + .0000625, v̂ = v/.001999
  const double expected = 0.9 - 0.1 * (0.02 / 0.19) / std::sqrt(0.00031225 / 0.001999);
  REQUIRE(w[0] == Approx(expected).epsilon(1e-5));
}

}  // namespace
}  // namespace qstar

// The attention kernels against the formula written out with tensors, values and gradients.
#include <ATen/ATen.h>
#include <torch/csrc/autograd/variable.h>

#include <cmath>

#include "learning/nn/attention.hpp"

#include <catch2/catch.hpp>

namespace qstar {
using namespace learning::nn;
namespace {

// x [B,T,H,h], rotated pairwise (j, j + h/2) by position · base^(−2j/h).
at::Tensor rotate(const at::Tensor& x, double base) {
  const auto half = x.size(3) / 2;
  const auto positions = at::arange(x.size(1), at::kFloat).view({-1, 1, 1});
  const auto rates =
      at::pow(base, at::arange(half, at::kFloat) * (-2.0 / static_cast<double>(x.size(3))));
  const auto angle = positions * rates;
  const auto a = x.narrow(3, 0, half), b = x.narrow(3, half, half);
  return at::cat({a * angle.cos() - b * angle.sin(), b * angle.cos() + a * angle.sin()}, 3);
}

at::Tensor reference(const at::Tensor& qkv, std::int64_t heads, double base) {
  const auto b = qkv.size(0), t = qkv.size(1), d = qkv.size(2) / 3;
  const auto part = [&](int i) {
    return qkv.narrow(2, i * d, d).reshape({b, t, heads, d / heads});
  };
  const auto q = rotate(part(0), base).transpose(1, 2);
  const auto k = rotate(part(1), base).transpose(1, 2);
  const auto v = part(2).transpose(1, 2);
  auto scores = at::matmul(q, k.transpose(2, 3)) / std::sqrt(static_cast<double>(d / heads));
  const auto hidden = at::ones({t, t}, at::kBool).triu(1);
  scores = scores.masked_fill(hidden, -INFINITY);
  return at::matmul(at::softmax(scores, -1), v).transpose(1, 2).reshape({b, t, d});
}

// Every head sees everything so far.
at::Tensor everything(const at::Tensor& qkv, std::int64_t heads) {
  model::ModelSpec spec;
  spec.heads = heads;
  return sights_of(at::full({qkv.size(0), qkv.size(1)}, 5, at::kLong), spec);
}

TEST_CASE("attention equals the formula, forward and backward", "[nn]") {
  for (const auto& [batch, length, heads, width] :
       {std::tuple{1, 1, 1, 4}, std::tuple{2, 7, 2, 16}, std::tuple{3, 33, 4, 64},
        std::tuple{1, 96, 4, 128}}) {
    INFO(length << " places, " << heads << " heads of " << width / heads);
    at::manual_seed(1);
    const auto values = at::randn({batch, length, 3 * width});
    const auto direction = at::randn({batch, length, width});
    at::Tensor outputs[2], gradients[2];
    for (int i = 0; i < 2; ++i) {
      auto qkv = values.clone().requires_grad_();
      outputs[i] =
          i == 0 ? attention(qkv, everything(qkv, heads), 1000) : reference(qkv, heads, 1000);
      (outputs[i] * direction).sum().backward();
      gradients[i] = qkv.grad();
    }
    CHECK((outputs[0] - outputs[1]).abs().max().item<double>() < 1e-5);
    CHECK((gradients[0] - gradients[1]).abs().max().item<double>() < 2e-5);
  }
}

TEST_CASE("a place sees itself and what is before it, nothing after", "[nn]") {
  at::manual_seed(2);
  const auto qkv = at::randn({1, 10, 48});
  auto changed = qkv.clone();
  changed.narrow(1, 6, 4).normal_();
  const auto sights = everything(qkv, 2);
  const auto a = attention(qkv, sights, 1000), b = attention(changed, sights, 1000);
  CHECK(at::equal(a.narrow(1, 0, 6), b.narrow(1, 0, 6)));
  CHECK_FALSE(at::equal(a.narrow(1, 6, 1), b.narrow(1, 6, 1)));
}

TEST_CASE("heads of a scope see their lines alone, others nothing", "[nn]") {
  model::ModelSpec spec;
  spec.scopes = "PCPC";
  // ";1=2=3": the last token's line before is "2=".
  const auto tokens = at::tensor(std::vector<std::int64_t>{0, 3, 1, 4, 1, 5}).view({1, 6});
  at::manual_seed(3);
  auto qkv = at::randn({1, 6, 24});
  const auto out = attention(qkv, sights_of(tokens, spec), 1000).view({6, 4, 2});
  const auto values = qkv.narrow(2, 16, 8).view({6, 4, 2});
  CHECK(at::allclose(out[5][1], values[5][1]));      // C: itself alone
  CHECK(out[1][0].abs().sum().item<double>() == 0);  // P: there is no line before the problem
  const auto before = out[5][0];                     // P: between the values of "2" and "="
  const auto low = at::minimum(values[3][0], values[4][0]) - 1e-5;
  const auto high = at::maximum(values[3][0], values[4][0]) + 1e-5;
  CHECK((before >= low).logical_and(before <= high).all().item<bool>());
}

}  // namespace
}  // namespace qstar

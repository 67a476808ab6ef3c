#include "learning/nn/optimizer.hpp"

#include <ATen/ATen.h>

#include <catch2/catch.hpp>
#include <cmath>

namespace qstar {
using namespace learning::nn;
namespace {

constexpr Loss kLoss{"policy", 1};

at::Tensor parameter(const at::Tensor& values, const at::Tensor& gradient) {
  auto p = values.clone().requires_grad_();
  p.mutable_grad() = gradient.clone();
  return p;
}

learning::OptimizerConfig plain() {
  learning::OptimizerConfig config;
  config.muon_rate = 0.1;
  config.adamw_rate = 0.01;
  config.clip = 1e9;
  return config;
}

TEST_CASE("orthogonalised matrices have singular values near one", "[nn]") {
  at::manual_seed(1);
  for (const auto& [rows, columns] : {std::pair{16, 16}, std::pair{64, 16}, std::pair{16, 64}}) {
    const auto o = orthogonalise(at::randn({rows, columns}));
    const auto gram = rows > columns ? at::mm(o.t(), o) : at::mm(o, o.t());
    const auto eigenvalues = at::linalg_eigvalsh(gram);
    CHECK(eigenvalues.min().item<double>() > 0.3 * 0.3);
    CHECK(eigenvalues.max().item<double>() < 1.3 * 1.3);
  }
}

TEST_CASE("AdamW's first step is the rate against the sign, then decay", "[nn]") {
  const auto weight =
      parameter(at::tensor(std::vector<float>{1, -2}), at::tensor(std::vector<float>{3, -0.5F}));
  Optimizer optimizer({{"norm", weight}});
  auto config = plain();
  config.weight_decay = 0.1;
  const double norm = optimizer.step(config, 0.5, kLoss).value();
  CHECK(norm == Approx(std::sqrt(9.25)));
  // rate .005: w ← w (1 − .005 · .1) ∓ .005
  CHECK(weight[0].item<double>() == Approx(1 * (1 - 0.0005) - 0.005));
  CHECK(weight[1].item<double>() == Approx(-2 * (1 - 0.0005) + 0.005));
  CHECK(weight.grad().abs().sum().item<double>() == 0);
}

TEST_CASE("AdamW's second step follows the formula", "[nn]") {
  auto weight = parameter(at::zeros({1}), at::ones({1}));
  Optimizer optimizer({{"norm", weight}});
  REQUIRE(optimizer.step(plain(), 1, kLoss));
  weight.mutable_grad().fill_(-3);
  REQUIRE(optimizer.step(plain(), 1, kLoss));
  const double m = (0.9 * 0.1 + 0.1 * -3) / (1 - 0.81);
  const double v = (0.95 * 0.05 + 0.05 * 9) / (1 - 0.95 * 0.95);
  CHECK(weight.item<double>() == Approx(-0.01 - 0.01 * m / std::sqrt(v)));
}

TEST_CASE("Muon moves block matrices by an orthogonal step, whatever the gradient's size", "[nn]") {
  at::manual_seed(2);
  const auto gradient = at::randn({8, 8});
  at::Tensor moved[2];
  for (int i = 0; i < 2; ++i) {
    const auto weight = parameter(at::zeros({8, 8}), gradient * (i == 0 ? 1.0 : 100.0));
    Optimizer optimizer({{"blocks.0.mlp.up.weight", weight}});
    REQUIRE(optimizer.step(plain(), 1, kLoss));
    moved[i] = weight.detach();
  }
  CHECK(at::allclose(moved[0], moved[1], 1e-3, 1e-4));
  CHECK(at::allclose(moved[0], orthogonalise(gradient) * -0.1, 1e-3, 1e-4));
}

TEST_CASE("the gradients' global norm is clipped", "[nn]") {
  // The norm before clipping is reported: 5 over both parameters.
  auto a = parameter(at::zeros({1}), at::full({1}, 3.0));
  auto b = parameter(at::zeros({1}), at::full({1}, 4.0));
  Optimizer optimizer({{"norm", a}, {"other.norm", b}});
  auto config = plain();
  config.clip = 1;
  CHECK(optimizer.step(config, 1, kLoss).value() == Approx(5));
  // A first step does not depend on the gradient's size, a second one does: a's gradient was 0.6.
  a.mutable_grad().fill_(-0.5);
  b.mutable_grad().fill_(0);
  CHECK(optimizer.step(config, 1, kLoss).value() == Approx(0.5));
  const double m = (0.9 * 0.1 * 0.6 - 0.1 * 0.5) / (1 - 0.81);
  const double v = (0.95 * 0.05 * 0.36 + 0.05 * 0.25) / (1 - 0.95 * 0.95);
  CHECK(a.item<double>() == Approx(-0.01 - 0.01 * m / std::sqrt(v)));
}

TEST_CASE("a saved optimiser goes on bit for bit; cut bytes are refused", "[nn]") {
  at::manual_seed(3);
  const auto start = at::randn({8, 8});
  Parameters one = {{"blocks.0.mlp.up.weight", parameter(start, at::randn({8, 8}))},
                    {"norm", parameter(at::ones({8}), at::randn({8}))}};
  Optimizer a(one);
  REQUIRE(a.step(plain(), 1, kLoss));
  const auto bytes = a.save();
  Parameters two;
  for (const auto& [name, tensor] : one)
    two[name] = parameter(tensor.detach(), at::zeros(tensor.sizes()));
  Optimizer b(two);
  std::string_view view = bytes;
  REQUIRE(b.load(view));
  CHECK(view.empty());
  for (auto* p : {&one, &two}) {
    at::manual_seed(4);
    for (auto& [name, tensor] : *p) tensor.mutable_grad().normal_();
  }
  REQUIRE(a.step(plain(), 1, kLoss));
  REQUIRE(b.step(plain(), 1, kLoss));
  for (const auto& [name, tensor] : one) CHECK(at::equal(tensor, two.at(name)));
  std::string_view cut = std::string_view(bytes).substr(0, bytes.size() - 1);
  CHECK_FALSE(b.load(cut));
}

}  // namespace
}  // namespace qstar

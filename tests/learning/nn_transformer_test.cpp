// Losses by hand, gradients by finite differences, and the decoder against the network it copies.
#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <cmath>

#include "inference/decoder.hpp"
#include "learning/nn/transformer.hpp"
#include "tests/support/models.hpp"

#include <catch2/catch.hpp>

namespace qstar {
using namespace model;
using namespace learning::nn;
namespace {

at::Tensor row(std::vector<float> values) { return at::tensor(values); }

TEST_CASE("the next-token loss is the weighted mean of −log p", "[nn]") {
  // Place 0 gives p = (1/2, 1/4, 1/4), place 1 p = (1/8, 1/8, 3/4); place 2 predicts nothing.
  const auto p = at::tensor(std::vector<float>{.5F, .25F, .25F, .125F, .125F, .75F, .1F, .1F, .8F});
  const auto logits = p.log().view({1, 3, 3}) + 3.0;  // any shift is the same distribution
  const auto tokens = at::tensor(std::vector<std::int64_t>{0, 1, 2}).view({1, 3});
  const auto loss = [&](std::vector<float> weights) {
    return next_token_loss(logits, tokens, row(std::move(weights)).view({1, 3})).item<double>();
  };
  CHECK(loss({0, 1, 0}) == Approx(std::log(4.0)));
  CHECK(loss({0, 0, 1}) == Approx(-std::log(0.75)));
  CHECK(loss({9, 1, 3}) == Approx((std::log(4.0) - 3 * std::log(0.75)) / 4));
}

TEST_CASE("the binary loss is the weighted cross-entropy with soft targets", "[nn]") {
  const auto logit = [](double p) { return static_cast<float>(std::log(p / (1 - p))); };
  const auto logits = row({logit(0.9), logit(0.2), logit(0.5)});
  const double wanted = (-std::log(0.9) - 2 * (0.25 * std::log(0.2) + 0.75 * std::log(0.8))) / 3;
  CHECK(binary_loss(logits, row({1, 0.25F, 0.7F}), row({1, 2, 0})).item<double>() ==
        Approx(wanted));
  const double extreme = binary_loss(row({200, -200}), row({0, 1}), row({1, 1})).item<double>();
  CHECK(extreme == Approx(200));
}

struct Fixture {
  explicit Fixture(ModelSpec spec) : model(qstar::testing::random_model(5, spec)) {}
  ModelFile model;
  at::Tensor tokens =
      at::tensor(std::vector<std::int64_t>{0, 5, 12, 6, 1, 9, 0, 0, 7, 13, 4, 1, 2, 0})
          .view({2, 7});
  at::Tensor weights =
      at::tensor(std::vector<float>{0, 0, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0, .5F, .5F}).view({2, 7});
  double loss(const Parameters& p) const {
    return next_token_loss(forward(p, model.spec, tokens).logits, tokens, weights).item<double>();
  }
};

TEST_CASE("gradients agree with finite differences in every parameter", "[nn]") {
  const auto scopes = GENERATE("", "pPcC", "dPcC");
  const Fixture f(*scopes == 0 ? ModelSpec{2, 16, 2, 32, 1000}
                               : ModelSpec{2, 16, 4, 32, 1000, scopes});
  auto p = from_model(f.model, true);
  next_token_loss(forward(p, f.model.spec, f.tokens).logits, f.tokens, f.weights).backward();
  at::NoGradGuard no_gradients;
  Rng rng(1);
  for (auto& [name, weight] : p) {
    INFO(name);
    // Along a random direction, where float32 leaves enough digits.
    at::manual_seed(rng.next());
    const auto direction = at::randn(weight.sizes());
    const double step =
        1e-3 / direction.norm().item<double>() * std::sqrt(static_cast<double>(weight.numel()));
    const double wanted = (weight.grad() * direction).sum().item<double>();
    weight.add_(direction, step);
    const double above = f.loss(p);
    weight.sub_(direction, 2 * step);
    const double below = f.loss(p);
    weight.add_(direction, step);
    CHECK((above - below) / (2 * step) == Approx(wanted).epsilon(0.03).margin(3e-3));
  }
}

TEST_CASE("parameters and model files are the same numbers", "[nn]") {
  const Fixture f(ModelSpec{2, 16, 2, 32, 1000});
  ModelFile back = f.model;
  back.tensors.clear();
  to_model(from_model(f.model, false), back);
  CHECK(serialize(back) == serialize(f.model));
}

TEST_CASE("fresh weights depend on the seed alone", "[nn]") {
  const ModelSpec spec{2, 16, 2, 32, 1000};
  const auto a = initial_parameters(spec, 18, 1), b = initial_parameters(spec, 18, 1);
  const auto c = initial_parameters(spec, 18, 2);
  for (const auto& [name, weight] : a) {
    CHECK(at::equal(weight, b.at(name)));
    if (weight.dim() == 2) CHECK_FALSE(at::equal(weight, c.at(name)));
  }
}

TEST_CASE("the decoder computes the network's probabilities", "[nn]") {
  const auto scopes = GENERATE("", "pPcC", "dPcC");
  const auto model = qstar::testing::random_model(11, {3, 64, 4, 48, 1000, scopes});
  const auto weights = inference::DecoderWeights::make(model, 1).value();
  inference::DecoderPolicy policy(weights);
  std::vector<GenerateRequest> requests;
  for (std::uint64_t i = 0; i < 8; ++i)
    requests.push_back({";3+4*" + std::to_string(i) + "=", i, 1.0F, 30, false});
  const auto generations = policy.generate(requests);
  const auto parameters = from_model(model, false);
  for (std::size_t i = 0; i < generations.size(); ++i) {
    const auto text = requests[i].prompt + generations[i].text;
    const auto tokens = weights->tokenizer().encode(text).value();
    auto input = at::empty({1, static_cast<std::int64_t>(tokens.size())}, at::kLong);
    std::copy(tokens.begin(), tokens.end(), input.data_ptr<std::int64_t>());
    const auto logp = at::log_softmax(forward(parameters, model.spec, input).logits, -1);
    const auto first = requests[i].prompt.size();
    for (std::size_t t = 0; t < generations[i].tokens.size(); ++t) {
      const auto wanted =
          logp[0][static_cast<std::int64_t>(first + t - 1)][generations[i].tokens[t]];
      REQUIRE(generations[i].logprobs[t] == Approx(wanted.item<double>()).margin(2e-4));
    }
  }
}

}  // namespace
}  // namespace qstar

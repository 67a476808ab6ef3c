#include "inference/mlp.hpp"

#include <cmath>

#include "core/rng.hpp"
#include "learning/cost_to_go/mlp_trainer.hpp"

#include <catch2/catch.hpp>

namespace qstar {
using namespace inference::mlp;
using namespace learning::mlp;
namespace {

const Sizes kSizes{.cells = 5, .symbols = 3, .first = 64, .second = 32, .blocks = 2, .outputs = 4};
constexpr std::size_t kRowsHere = 11;  // not a multiple of anything

struct Problem {
  std::vector<std::uint8_t> cells;
  std::vector<std::uint16_t> which;
  std::vector<float> targets;
  Fit fit() const { return {cells, which, targets}; }
};

Problem random_problem(std::size_t rows) {
  Rng rng(4);
  Problem problem;
  for (std::size_t i = 0; i < rows * kSizes.cells; ++i)
    problem.cells.push_back(static_cast<std::uint8_t>(rng.below(kSizes.symbols)));
  for (std::size_t i = 0; i < rows; ++i) {
    problem.which.push_back(static_cast<std::uint16_t>(rng.below(kSizes.outputs)));
    problem.targets.push_back(static_cast<float>(3 * rng.normal()));
  }
  return problem;
}

// Fresh weights, but nothing is zero: every path has a gradient.
Buffer<float> busy_parameters(const Layout& layout) {
  Buffer<float> parameters = initial_parameters(layout, 1);
  Rng rng(2);
  for (std::size_t i = 0; i < layout.size(); ++i)
    parameters.get()[i] += static_cast<float>(0.1 * rng.normal());
  return parameters;
}

template <class T>
Trainer<T> busy_trainer() {
  const Layout layout(kSizes);
  return Trainer<T>(layout, busy_parameters(layout));
}

TEST_CASE("the layout counts what the network has", "[mlp]") {
  const Layout layout(kSizes);
  // 15·64 + 64, 64·32 + 32, four of 32·32 + 32, 32·4 + 4
  REQUIRE(layout.parameters() == 1024 + 2080 + 4 * 1056 + 132);
  REQUIRE(layout.size() == layout.parameters() + 28 * 33);
  REQUIRE(layout.flops() == 2.0 * (64 * 32 + 4 * 32 * 32 + 32 * 4) + 5 * 64);
}

TEST_CASE("gradients agree with finite differences", "[mlp]") {
  const Layout layout(kSizes);
  const Problem problem = random_problem(kRowsHere);
  for (const float huber : {0.0F, 1.5F}) {
    Trainer<float> trainer = busy_trainer<float>();
    trainer.accumulate(problem.fit(), kRowsHere, {huber});
    const std::vector<float> gradient(trainer.gradient().begin(), trainer.gradient().end());
    const auto loss_at = [&](std::size_t i, float shift) {
      trainer.parameters()[i] += shift;
      trainer.restored(0);
      const double loss = trainer.accumulate(problem.fit(), kRowsHere, {huber}) / kRowsHere;
      trainer.parameters()[i] -= shift;
      return loss;
    };
    Rng rng(3);
    for (int tries = 0; tries < 300; ++tries) {
      const std::size_t i = rng.below(layout.size());
      const float h = 1e-3F;
      const double slope = (loss_at(i, h) - loss_at(i, -h)) / (2 * static_cast<double>(h));
      INFO("parameter " << i << ", huber " << huber);
      REQUIRE(gradient[i] == Approx(slope).epsilon(0.02).margin(0.01));
    }
  }
}

TEST_CASE("bfloat16 gives the gradient of float32 within its rounding", "[mlp]") {
  const Problem problem = random_problem(200);
  Trainer<float> exact = busy_trainer<float>();
  Trainer<Bf16> rounded = busy_trainer<Bf16>();
  const double a = exact.accumulate(problem.fit(), 200, {});
  const double b = rounded.accumulate(problem.fit(), 200, {});
  REQUIRE(b == Approx(a).epsilon(0.02));
  double dot = 0, norm_a = 0, norm_b = 0;
  for (std::size_t i = 0; i < exact.gradient().size(); ++i) {
    dot += static_cast<double>(exact.gradient()[i]) * rounded.gradient()[i];
    norm_a += std::pow(exact.gradient()[i], 2);
    norm_b += std::pow(rounded.gradient()[i], 2);
  }
  REQUIRE(dot / std::sqrt(norm_a * norm_b) > 0.998);  // the cosine between them
  REQUIRE(norm_b == Approx(norm_a).epsilon(0.05));
}

TEMPLATE_TEST_CASE("a batch in parts gives the gradient of the whole", "[mlp]", float, Bf16) {
  const Problem problem = random_problem(48);
  auto whole = busy_trainer<TestType>();
  auto parts = busy_trainer<TestType>();
  const double loss = whole.accumulate(problem.fit(), 48, {});
  double sum = 0;
  for (std::size_t at = 0; at < 48; at += 16) {
    const Fit fit = problem.fit();
    sum += parts.accumulate({fit.cells.subspan(at * kSizes.cells, 16 * kSizes.cells),
                             fit.which.subspan(at, 16), fit.targets.subspan(at, 16)},
                            48, {});
  }
  REQUIRE(sum == Approx(loss));
  for (std::size_t i = 0; i < whole.gradient().size(); ++i)
    REQUIRE(parts.gradient()[i] == Approx(whole.gradient()[i]).margin(1e-4));
}

TEMPLATE_TEST_CASE("several outputs of a row are fitted as rows of their own", "[mlp]", float,
                   Bf16) {
  const Problem problem = random_problem(24);  // as 12 rows of 2, and each row twice
  const Fit fit{std::span(problem.cells).first(12 * kSizes.cells), problem.which, problem.targets};
  Problem apart{{}, problem.which, problem.targets};
  for (std::size_t i = 0; i < 24; ++i)
    for (std::size_t c = 0; c < kSizes.cells; ++c)
      apart.cells.push_back(problem.cells[i / 2 * kSizes.cells + c]);
  auto together = busy_trainer<TestType>();
  auto separate = busy_trainer<TestType>();
  REQUIRE(together.accumulate(fit, 24, {}) == Approx(separate.accumulate(apart.fit(), 24, {})));
  for (std::size_t i = 0; i < together.gradient().size(); ++i)
    REQUIRE(together.gradient()[i] == Approx(separate.gradient()[i]).epsilon(0.02).margin(0.02));
}

TEST_CASE("what is not a number is not fitted", "[mlp]") {
  Problem problem = random_problem(2);
  auto one = busy_trainer<float>(), both = busy_trainer<float>();
  const double loss =
      one.accumulate({std::span(problem.cells).first(kSizes.cells),
                      std::span(problem.which).first(1), std::span(problem.targets).first(1)},
                     2, {});
  problem.targets[1] = std::nanf("");
  REQUIRE(both.accumulate(problem.fit(), 2, {}) == Approx(loss));
  for (std::size_t i = 0; i < one.gradient().size(); ++i)
    REQUIRE(both.gradient()[i] == Approx(one.gradient()[i]).margin(1e-6));
}

TEST_CASE("a weight of three counts as three of the same", "[mlp]") {
  Problem once = random_problem(4), thrice{};  // as two rows of 2, and as two rows of 4
  once.cells.resize(2 * kSizes.cells);
  thrice.cells = once.cells;
  for (std::size_t row = 0; row < 2; ++row)
    for (const std::size_t column : {0U, 1U, 1U, 1U}) {
      thrice.which.push_back(once.which[2 * row + column]);
      thrice.targets.push_back(once.targets[2 * row + column]);
    }
  for (const float huber : {0.0F, 0.1F}) {
    auto weighted = busy_trainer<float>(), repeated = busy_trainer<float>();
    const double loss = weighted.accumulate(once.fit(), 8, {huber, 3});
    REQUIRE(repeated.accumulate(thrice.fit(), 8, {huber}) == Approx(loss));
    for (std::size_t i = 0; i < weighted.gradient().size(); ++i)
      REQUIRE(repeated.gradient()[i] == Approx(weighted.gradient()[i]).margin(1e-5));
  }
}

TEST_CASE("Adam fits what can be fitted", "[mlp]") {
  const Problem problem = random_problem(64);
  Trainer<Bf16> trainer = busy_trainer<Bf16>();
  double loss = 0;
  for (int i = 0; i < 400; ++i) {
    loss = trainer.accumulate(problem.fit(), 64, {}) / 64;
    trainer.step(0.003F);
  }
  REQUIRE(loss < 0.05);
}

}  // namespace
}  // namespace qstar

// The scorer without torch against the network that learns.
#include "learning/nn/step_scorer.hpp"

// After torch: both have a CHECK.
#include <catch2/catch.hpp>

#include <cmath>
#include <limits>

#include "core/rng.hpp"
#include "inference/decoder_scorer.hpp"
#include "learning/critic/critic_learner.hpp"
#include "tests/support/models.hpp"

namespace qstar {
using namespace model;
using namespace learning;
namespace {

// A critic whose own block says something: its output projections begin as zero.
ModelFile random_critic(std::uint64_t seed, const ModelSpec& spec,
                        ScorerHeads heads = ScorerHeads::kPlain) {
  auto model = CriticLearner(testing::random_model(seed, spec), seed, heads).model();
  Rng rng(seed);
  for (const char* name : {"scorer.blocks.0.attention.out.weight",
                           "scorer.blocks.0.mlp.down.weight", "scorer.head.weight"})
    for (float& x : model.tensors.at(name).data) x = static_cast<float>(0.3 * rng.normal());
  if (heads == ScorerHeads::kDueling) {
    model.tensors.at("scorer.value.bias").data[0] = 0.25F;
    for (float& x : model.tensors.at("scorer.value.weight").data)
      x = static_cast<float>(0.3 * rng.normal());
  }
  return model;
}

// Every step of random texts, some of them longer than a chunk, in no order.
std::vector<StepQuery> random_queries(std::uint64_t seed) {
  Rng rng(seed);
  std::vector<StepQuery> queries;
  for (int i = 0; i < 12; ++i) {
    std::string text = ";1+" + std::to_string(rng.below(3)) + "=";
    while (text.back() != ';') {
      std::string step;
      for (auto n = 1 + rng.below(12); n > 0; --n)
        step += kArithmeticCharacters[rng.below(kArithmeticCharacters.size())];
      step += text.size() > 70 || rng.bernoulli(0.2) ? ';' : '=';
      queries.push_back({text, step});
      text += step;
    }
  }
  rng.shuffle(std::span(queries));
  return queries;
}

TEST_CASE("a scorer without torch scores as the network that learned", "[nn][scorer]") {
  const auto heads = GENERATE(ScorerHeads::kPlain, ScorerHeads::kDueling);
  for (const ModelSpec& spec :
       {ModelSpec{2, 32, 2, 96, 1000}, ModelSpec{1, 32, 4, 96, 1000, "apPC"}}) {
    const auto model = random_critic(3, spec, heads);
    auto scorer = inference::DecoderScorer::make(model);
    REQUIRE(scorer);
    CHECK((*scorer)->role() == ScorerRole::kCritic);
    const auto queries = random_queries(5);
    const auto scores = (*scorer)->scores(queries);
    std::vector<std::string> texts;
    for (const auto& query : queries) texts.push_back(query.state + query.step);
    const auto expected = nn::score_texts(nn::from_model(model, false), spec,
                                          Tokenizer::make(kArithmeticCharacters).value(), texts);
    float smallest = 1, largest = 0;
    for (std::size_t i = 0; i < queries.size(); ++i) {
      CHECK(scores[i] == Approx(expected[i]).margin(2e-5));
      smallest = std::min(smallest, scores[i]);
      largest = std::max(largest, scores[i]);
      CHECK(inference::DecoderScorer::make(model).value()->scores(std::span(&queries[i], 1))[0] ==
            scores[i]);
    }
    // Random values of states say less than random advantages.
    CHECK(largest - smallest > (heads == ScorerHeads::kPlain ? 0.1F : 0.02F));
    CHECK((*scorer)->scores(queries) == scores);
  }
}

TEST_CASE("dueling heads add the value of the state to the step's advantage", "[nn][scorer]") {
  auto model = random_critic(3, {1, 32, 2, 96, 1000}, ScorerHeads::kDueling);
  const auto logit = [&](const StepQuery& query) {
    const float q = inference::DecoderScorer::make(model).value()->scores(std::span(&query, 1))[0];
    return std::log(q / (1 - q));
  };
  // A head that says the same of all states moves all logits by as much.
  auto& value = model.tensors.at("scorer.value.weight").data;
  std::fill(value.begin(), value.end(), 0.0F);
  const StepQuery query{";1+2+3=3+3=", "6;"};
  const float before = logit(query);
  model.tensors.at("scorer.value.bias").data[0] += 0.5F;
  CHECK(logit(query) == Approx(before + 0.5F).margin(1e-4));
  model.tensors.erase("scorer.value.bias");
  CHECK(inference::DecoderScorer::make(model).error().code == Errc::kCorrupt);
}

TEST_CASE("a scorer gives 0 to what it cannot read", "[nn][scorer]") {
  auto scorer = inference::DecoderScorer::make(random_critic(1, {1, 16, 2, 16, 1000})).value();
  const std::vector<StepQuery> queries = {
      {";1+1=", "?;"}, {";1+1=", "2;"}, {";1+1=", "22222222222222;"}};
  const auto scores = scorer->scores(queries);
  CHECK(scores[0] == 0);
  CHECK(scores[1] > 0);
  CHECK(scores[2] == 0);
}

TEST_CASE("what is no scorer is refused", "[nn][scorer]") {
  const ModelSpec spec{1, 16, 2, 16, 1000};
  const auto message = [](const ModelFile& model) {
    const auto scorer = inference::DecoderScorer::make(model);
    REQUIRE_FALSE(scorer);
    CHECK(scorer.error().code == Errc::kCorrupt);
    return scorer.error().message;
  };
  CHECK(message(testing::random_model(1, spec)).find("scores no steps") != std::string::npos);
  auto model = random_critic(1, spec);
  model.tensors.at("scorer.head.bias").data[0] = std::numeric_limits<float>::quiet_NaN();
  CHECK(message(model).find("'scorer.head.bias'") != std::string::npos);
  model.tensors.erase("scorer.norm.bias");
  CHECK(message(model).find("'scorer.head.bias'") != std::string::npos);
}

}  // namespace
}  // namespace qstar

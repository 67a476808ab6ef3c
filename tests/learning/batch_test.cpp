#include "learning/policy/batch.hpp"

#include <catch2/catch.hpp>

#include "environment/registry.hpp"

namespace qstar {
using namespace model;
using namespace learning;
namespace {

Trajectory attempt(std::vector<std::string> steps, Outcome outcome) {
  Trajectory t;
  t.problem = "1+2";
  t.outcome = outcome;
  for (std::string& text : steps) {
    t.steps.emplace_back();
    t.steps.back().text = std::move(text);
  }
  return t;
}

TEST_CASE("solution tokens carry the weight, prompts and padding none", "[batch]") {
  const Tokenizer t = Tokenizer::make(kArithmeticCharacters).value();
  const std::vector<std::string> texts = {";3=4;", ";1+2=3=;"};
  const std::vector<float> weights = {0.5F, 2.0F};
  const TokenBatch b = batch_of_solutions(t, texts, weights);
  REQUIRE(b.rows == 2);
  REQUIRE(b.length == 8);
  REQUIRE(b.tokens == std::vector<std::int32_t>{0, 5, 1, 6, 0, 0, 0, 0, 0, 3, 12, 4, 1, 5, 1, 0});
  REQUIRE(b.weights == std::vector<float>{0, 0, 0, .5F, .5F, 0, 0, 0, 0, 0, 0, 0, 0, 2, 2, 2});
  REQUIRE(batch_of_solutions(t, {}, {}).tokens.empty());
}

TEST_CASE("large batches are split by length, padding and rows without weight left out",
          "[batch]") {
  // Row r counts r, at its places; its last place with weight is `last[r]`.
  const std::int64_t length = 1000;
  const std::vector<std::size_t> last = {9, 699, 0, 399, 699, 19};
  TokenBatch whole{6, length, {}, std::vector<float>(6 * length, 0.0F)};
  for (std::size_t row = 0; row < last.size(); ++row) {
    whole.tokens.insert(whole.tokens.end(), length, static_cast<std::int32_t>(row));
    if (last[row] > 0) whole.weights[row * length + last[row]] = 0.5F;
  }
  const auto parts = split_by_length(whole);
  REQUIRE(parts.size() == 2);
  CHECK(parts[0].rows == 2);
  CHECK(parts[0].length == 700);
  CHECK(parts[0].tokens.size() == 1400);
  CHECK(parts[0].tokens.front() == 1);
  CHECK(parts[0].tokens.back() == 4);
  CHECK(parts[0].weights[699] == 0.5F);
  CHECK(parts[0].weights[1399] == 0.5F);
  CHECK(parts[1].rows == 3);
  CHECK(parts[1].length == 400);
  CHECK(parts[1].tokens[399] == 3);
  CHECK(parts[1].tokens[400] == 5);
  CHECK(parts[1].tokens[800] == 0);
  CHECK(parts[1].weights[400 + 19] == 0.5F);
  CHECK(parts[1].weights[800 + 9] == 0.5F);

  const TokenBatch small{4, 1000, std::vector<std::int32_t>(4000), std::vector<float>(4000)};
  REQUIRE(split_by_length(small).size() == 1);
  CHECK(split_by_length(small)[0].rows == 4);
  const TokenBatch idle{5, 1000, std::vector<std::int32_t>(5000), std::vector<float>(5000)};
  CHECK(split_by_length(idle).empty());
}

TEST_CASE("distinct wins are selected, weighted by difficulty", "[batch]") {
  AttemptGroup group;
  group.attempts = {attempt({"4"}, Outcome::kLost), attempt({"9", "3"}, Outcome::kLucky),
                    attempt({"3"}, Outcome::kWon), attempt({"3"}, Outcome::kWon)};
  std::vector<std::string> texts;
  std::vector<float> weights;
  SelectionOptions options;
  select_wins(group, options, texts, weights);
  REQUIRE(texts == std::vector<std::string>{";1+2=9=3;", ";1+2=3;"});
  REQUIRE(weights == std::vector<float>{.25F, .25F});
  options.allow_lucky = false;
  options.weight_floor = 0.5;
  select_wins(group, options, texts, weights);
  REQUIRE(texts.size() == 3);
  REQUIRE(texts.back() == ";1+2=3;");
  REQUIRE(weights.back() == .5F);
  options.per_problem = 0;
  select_wins(group, options, texts, weights);
  REQUIRE(texts.size() == 3);
}

TEST_CASE("attempts that something else than the win marks are learned from", "[batch]") {
  AttemptGroup group;
  group.attempts = {attempt({"9", "3"}, Outcome::kLucky), attempt({"4"}, Outcome::kLost),
                    attempt({"3"}, Outcome::kWon), attempt({"3"}, Outcome::kWon)};
  std::vector<std::string> texts;
  std::vector<float> weights;
  select_attempts(group, {false, true, true, true}, {}, texts, weights);
  REQUIRE(texts == std::vector<std::string>{";1+2=4;", ";1+2=3;"});
  REQUIRE(weights == std::vector<float>{.25F, .25F});  // three of four are marked
}

TEST_CASE("the text of an attempt closes what was closed", "[batch]") {
  REQUIRE(text_of(attempt({"3"}, Outcome::kLost)) == ";1+2=3;");
  Trajectory open = attempt({"3", "4"}, Outcome::kUnfinished);
  REQUIRE(text_of(open) == ";1+2=3=4");
  open.steps.back().tokens = {6, Tokenizer::kStepToken};
  REQUIRE(text_of(open) == ";1+2=3=4=");
  REQUIRE(text_of(attempt({}, Outcome::kUnfinished)) == ";1+2=");
}

TEST_CASE("a corpus batch weighs what the students wrote, from where each corpus stands",
          "[batch]") {
  const Tokenizer t = Tokenizer::make(kArithmeticCharacters).value();
  const auto environment = environment::make_environment({}).value();
  environment::Corpus corpus(*environment, {}, 3), same(*environment, {}, 3);
  const TokenBatch batch = corpus_batch(corpus, t, 4, 40);
  REQUIRE(batch.rows == 4);
  REQUIRE(batch.length == 40);
  for (std::size_t r = 0; r < 4; ++r) {
    const std::string row = same.row(40);
    const auto tokens = t.encode(row).value();
    const auto written = environment::solution_mask(row);
    for (std::size_t i = 0; i < 40; ++i) {
      REQUIRE(batch.tokens[40 * r + i] == tokens[i]);
      REQUIRE(batch.weights[40 * r + i] == (written[i] && i > 0 ? 1.0F : 0.0F));
    }
  }
  REQUIRE(corpus.state() == same.state());
}

}  // namespace
}  // namespace qstar

#include "learning/policy/batch.hpp"

#include <algorithm>
#include <set>
#include <utility>

namespace qstar::learning {

TokenBatch batch_of_solutions(const model::Tokenizer& tokenizer, std::span<const std::string> texts,
                              std::span<const float> weights) {
  QSTAR_ASSERT(texts.size() == weights.size(), "one weight per text");
  TokenBatch batch;
  batch.rows = static_cast<std::int64_t>(texts.size());
  for (const std::string& text : texts)
    batch.length = std::max(batch.length, static_cast<std::int64_t>(text.size()));
  const auto length = static_cast<std::size_t>(batch.length);
  batch.tokens.assign(texts.size() * length, model::Tokenizer::kEndToken);
  batch.weights.assign(texts.size() * length, 0.0F);
  for (std::size_t row = 0; row < texts.size(); ++row) {
    const auto tokens = tokenizer.encode(texts[row]);
    QSTAR_ASSERT(tokens.has_value(), texts[row]);
    std::copy(tokens->begin(), tokens->end(),
              batch.tokens.begin() + static_cast<std::ptrdiff_t>(row * length));
    const std::size_t prompt_end =
        std::min(texts[row].find(model::Tokenizer::kStep), tokens->size());
    for (std::size_t i = prompt_end + 1; i < tokens->size(); ++i)
      batch.weights[row * length + i] = weights[row];
  }
  return batch;
}

std::vector<TokenBatch> split_by_length(const TokenBatch& batch) {
  if (batch.rows * batch.length <= kWholePlaces) return {batch};
  std::vector<TokenBatch> parts;
  for (const auto& [length, rows] : parts_by_length(batch)) {
    TokenBatch& part =
        parts.emplace_back(TokenBatch{static_cast<std::int64_t>(rows.size()), length, {}, {}});
    for (const auto row : rows) {
      const auto at = static_cast<std::ptrdiff_t>(row * batch.length);
      const auto copy = [&](const auto& from, auto& to) {
        to.insert(to.end(), from.begin() + at, from.begin() + at + part.length);
      };
      copy(batch.tokens, part.tokens);
      copy(batch.weights, part.weights);
    }
  }
  return parts;
}

std::vector<BatchPart> parts_by_length(const TokenBatch& batch) {
  const auto length = static_cast<std::size_t>(batch.length);
  // Tokens behind the last place with weight have no effect.
  std::vector<std::pair<std::int64_t, std::int64_t>> order;
  for (std::int64_t row = 0; row < batch.rows; ++row) {
    const std::span weights(batch.weights.data() + static_cast<std::size_t>(row) * length, length);
    const auto last =
        std::find_if(weights.rbegin(), weights.rend(), [](float w) { return w != 0; });
    if (last != weights.rend()) order.emplace_back(weights.rend() - last, row);
  }
  std::stable_sort(order.begin(), order.end(),
                   [](const auto& a, const auto& b) { return a.first > b.first; });
  std::vector<BatchPart> parts;
  for (const auto& [places, row] : order) {
    const auto full = [](const BatchPart& part) {
      return static_cast<std::int64_t>(part.rows.size()) * part.length >= kPartPlaces;
    };
    if (parts.empty() || full(parts.back())) parts.push_back({places, {}});
    parts.back().rows.push_back(row);
  }
  return parts;
}

TokenBatch corpus_batch(environment::Corpus& corpus, const model::Tokenizer& tokenizer,
                        std::int64_t rows, std::int64_t length) {
  TokenBatch batch{rows, length, {}, {}};
  for (std::int64_t r = 0; r < rows; ++r) {
    const std::string row = corpus.row(static_cast<std::size_t>(length));
    const auto tokens = tokenizer.encode(row);
    QSTAR_ASSERT(tokens.has_value(), row);
    batch.tokens.insert(batch.tokens.end(), tokens->begin(), tokens->end());
    const auto mask = environment::solution_mask(row);
    for (std::size_t i = 0; i < row.size(); ++i)
      batch.weights.push_back(mask[i] && i > 0 ? 1.0F : 0.0F);
  }
  return batch;
}

namespace {

// Appends at most options.per_problem different texts of the marked attempts, with this weight.
void select_marked(const AttemptGroup& group, const std::vector<bool>& marked, double pass_rate,
                   const SelectionOptions& options, std::vector<std::string>& texts,
                   std::vector<float>& weights) {
  const auto weight = static_cast<float>(std::max(options.weight_floor, 1.0 - pass_rate));
  std::set<std::string> taken;
  for (std::size_t a = 0; a < group.attempts.size(); ++a) {
    if (static_cast<std::int64_t>(taken.size()) >= options.per_problem) return;
    if (!marked[a]) continue;
    std::string text = text_of(group.attempts[a]);
    if (!taken.insert(text).second) continue;
    texts.push_back(std::move(text));
    weights.push_back(weight);
  }
}

}  // namespace

void select_wins(const AttemptGroup& group, const SelectionOptions& options,
                 std::vector<std::string>& texts, std::vector<float>& weights) {
  std::vector<bool> marked;
  for (const Trajectory& attempt : group.attempts)
    marked.push_back(options.allow_lucky ? attempt.win() : attempt.outcome == Outcome::kWon);
  select_marked(group, marked, group.pass_rate(), options, texts, weights);
}

void select_attempts(const AttemptGroup& group, const std::vector<bool>& right,
                     const SelectionOptions& options, std::vector<std::string>& texts,
                     std::vector<float>& weights) {
  QSTAR_ASSERT(right.size() == group.attempts.size(), "one an attempt");
  const auto passed = static_cast<double>(std::count(right.begin(), right.end(), true));
  const auto all = static_cast<double>(right.size());
  select_marked(group, right, all > 0 ? passed / all : 0, options, texts, weights);
}

}  // namespace qstar::learning

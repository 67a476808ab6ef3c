#include "learning/batch.hpp"

#include <algorithm>
#include <set>

namespace qstar {

TokenBatch batch_of_solutions(const Tokenizer& tokenizer, std::span<const std::string> texts,
                              std::span<const float> weights) {
  QSTAR_ASSERT(texts.size() == weights.size(), "a weight a text");
  TokenBatch batch;
  batch.rows = static_cast<std::int64_t>(texts.size());
  for (const std::string& text : texts)
    batch.length = std::max(batch.length, static_cast<std::int64_t>(text.size()));
  const auto length = static_cast<std::size_t>(batch.length);
  batch.tokens.assign(texts.size() * length, Tokenizer::kEndToken);
  batch.weights.assign(texts.size() * length, 0.0F);
  for (std::size_t row = 0; row < texts.size(); ++row) {
    const auto tokens = tokenizer.encode(texts[row]);
    QSTAR_ASSERT(tokens.has_value(), texts[row]);
    std::copy(tokens->begin(), tokens->end(),
              batch.tokens.begin() + static_cast<std::ptrdiff_t>(row * length));
    const std::size_t prompt_end = std::min(texts[row].find(Tokenizer::kStep), tokens->size());
    for (std::size_t i = prompt_end + 1; i < tokens->size(); ++i)
      batch.weights[row * length + i] = weights[row];
  }
  return batch;
}

TokenBatch corpus_batch(Corpus& corpus, const Tokenizer& tokenizer, std::int64_t rows,
                        std::int64_t length) {
  TokenBatch batch{rows, length, {}, {}};
  for (std::int64_t r = 0; r < rows; ++r) {
    const std::string row = corpus.row(static_cast<std::size_t>(length));
    const auto tokens = tokenizer.encode(row);
    QSTAR_ASSERT(tokens.has_value(), row);
    batch.tokens.insert(batch.tokens.end(), tokens->begin(), tokens->end());
    const auto mask = solution_mask(row);
    for (std::size_t i = 0; i < row.size(); ++i)
      batch.weights.push_back(mask[i] && i > 0 ? 1.0F : 0.0F);
  }
  return batch;
}

void select_wins(const AttemptGroup& group, const SelectionOptions& options,
                 std::vector<std::string>& texts, std::vector<float>& weights) {
  const auto weight = static_cast<float>(std::max(options.weight_floor, 1.0 - group.pass_rate()));
  std::set<std::string> taken;
  for (const Trajectory& attempt : group.attempts) {
    if (static_cast<std::int64_t>(taken.size()) >= options.per_problem) return;
    if (!(options.allow_lucky ? attempt.win() : attempt.outcome == Outcome::kWon)) continue;
    std::string text = text_of(attempt);
    if (!taken.insert(text).second) continue;
    texts.push_back(std::move(text));
    weights.push_back(weight);
  }
}

}  // namespace qstar

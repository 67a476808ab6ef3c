// Training batches of a policy learner: rows of tokens with one weight per predicted token.
//
// All training by (weighted) next-token prediction uses these batches: the corpus with weight 1 on
// solution tokens, verified wins with a weight that grows with the problem's difficulty.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "core/config.hpp"
#include "core/rng.hpp"
#include "data/trajectory.hpp"
#include "environment/text/corpus.hpp"
#include "model/models.hpp"
#include "model/tokenizer.hpp"

namespace qstar::learning {

struct TokenBatch {
  std::int64_t rows = 0;
  std::int64_t length = 0;
  std::vector<std::int32_t> tokens;  // [rows, length], padded with Tokenizer::kEndToken
  std::vector<float> weights;  // [rows, length]; weight of predicting the token AT this place;
                               // 0 on prompts, padding and place 0
};

// One row per text (";3+4=7;"), with the text's weight on every token after the first '=' up to the
// closing ';'. The tokenizer must be able to encode all texts. Rows are padded to the longest.
TokenBatch batch_of_solutions(const model::Tokenizer& tokenizer, std::span<const std::string> texts,
                              std::span<const float> weights);

// The same rows in parts of similar length, longest first, each padded only to its own longest row,
// because the cost of attention grows with the square of a row's length. A part is full at
// kPartPlaces (rows × length), enough for efficient matrix products; a batch of at most
// kWholePlaces is not split, since that would save little. Rows without weight are left out, so
// that the result can be empty.
inline constexpr std::int64_t kPartPlaces = 1024;
inline constexpr std::int64_t kWholePlaces = 4096;
std::vector<TokenBatch> split_by_length(const TokenBatch& batch);
// Which rows make up these parts, and the length of each.
struct BatchPart {
  std::int64_t length = 0;
  std::vector<std::int64_t> rows;
};
std::vector<BatchPart> parts_by_length(const TokenBatch& batch);

// The next `rows` rows of `length` tokens of a corpus, weight 1 on what the students wrote.
TokenBatch corpus_batch(environment::Corpus& corpus, const model::Tokenizer& tokenizer,
                        std::int64_t rows, std::int64_t length);

// Selects verified wins to learn from (expert iteration, Anthony et al. 2017): at most
// `per_problem` distinct right solutions of a group (all steps right, unless `allow_lucky`), each
// with weight max(weight_floor, 1 − pass rate). Appends texts and weights.
struct SelectionOptions {
  std::int64_t per_problem = 2;
  double weight_floor = 0.1;
  bool allow_lucky = true;  // the win signal alone does not see wrong steps
  friend bool operator==(const SelectionOptions&, const SelectionOptions&) = default;
};
void select_wins(const AttemptGroup& group, const SelectionOptions& options,
                 std::vector<std::string>& texts, std::vector<float>& weights);
// The same for the attempts marked in `right` (one per attempt); the pass rate is their share.
void select_attempts(const AttemptGroup& group, const std::vector<bool>& right,
                     const SelectionOptions& options, std::vector<std::string>& texts,
                     std::vector<float>& weights);

}  // namespace qstar::learning

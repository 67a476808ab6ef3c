// What a policy learner eats: rows of tokens with a weight a target.
//
// Everything that trains the policy by (weighted) next-token prediction comes down to this: the
// corpus with weight 1 on solution tokens, verified wins with their difficulty as the weight.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "core/config.hpp"
#include "core/models.hpp"
#include "core/rng.hpp"
#include "core/trajectory.hpp"
#include "environment/corpus.hpp"
#include "learning/tokenizer.hpp"

namespace qstar {

struct TokenBatch {
  std::int64_t rows = 0;
  std::int64_t length = 0;
  std::vector<std::int32_t> tokens;  // [rows, length], padded with Tokenizer::kEndToken
  std::vector<float> weights;  // [rows, length]; weight of predicting the token AT this place;
                               // 0 on prompts, padding and place 0
};

// One row a text (";3+4=7;"), weight w on every token after the first '=' up to the closing ';'.
// All texts must encode. Rows are padded to the longest.
TokenBatch batch_of_solutions(const Tokenizer& tokenizer, std::span<const std::string> texts,
                              std::span<const float> weights);

// The same rows in parts of similar length, longest first, none padded beyond its own longest: what
// attention costs grows with the square of a row's length. A part is full at kPartPlaces
// (rows × length), enough to keep a matrix product busy; a batch of no more than kWholePlaces stays
// whole, there is little to save. Rows without weight are left out; no parts where no row has any.
inline constexpr std::int64_t kPartPlaces = 1024;
inline constexpr std::int64_t kWholePlaces = 4096;
std::vector<TokenBatch> split_by_length(const TokenBatch& batch);

// The next `rows` rows of `length` tokens of a corpus, weight 1 on what the students wrote.
TokenBatch corpus_batch(Corpus& corpus, const Tokenizer& tokenizer, std::int64_t rows,
                        std::int64_t length);

// Verified wins worth learning from (expert iteration, Anthony et al. 2017): at most `per_problem`
// distinct right solutions of a group (all steps right, unless `allow_lucky`), each with weight
// max(floor, 1 − pass rate). Appends texts and weights.
struct SelectionOptions {
  std::int64_t per_problem = 2;
  double weight_floor = 0.1;
  bool allow_lucky = true;  // the win signal alone does not see wrong steps
  friend bool operator==(const SelectionOptions&, const SelectionOptions&) = default;
};
void select_wins(const AttemptGroup& group, const SelectionOptions& options,
                 std::vector<std::string>& texts, std::vector<float>& weights);
// The same of attempts for which `right` (one an attempt) says so; the pass rate is their share.
void select_attempts(const AttemptGroup& group, const std::vector<bool>& right,
                     const SelectionOptions& options, std::vector<std::string>& texts,
                     std::vector<float>& weights);

}  // namespace qstar

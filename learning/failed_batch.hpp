// What is kept of a batch whose loss or gradient is not finite, for a person who looks for the
// reason: JSON with the error and one row per line,
//   {"error": "the loss of the policy is nan", "rows": [
//   {"text": ";1+2=3;", "weights": [0, …], …},
//   …]}
// Texts of tokens have one character per place, as the row's lists of numbers have. Numbers that
// are not finite are the strings "nan", "inf" and "-inf".
#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "core/result.hpp"
#include "learning/critic/critic_learner.hpp"
#include "learning/policy/batch.hpp"
#include "learning/policy/policy_gradient.hpp"
#include "learning/reward/reward_learner.hpp"
#include "model/tokenizer.hpp"

namespace qstar::learning {

// Writes the JSON of a batch into a file that the label names, and returns the file's path; an
// empty path: batches are not kept.
using KeepBatch = std::function<Result<std::string>(std::string_view label, std::string_view json)>;

// The rows of a batch as JSON, one per line, separated by commas.
std::string rows_json(const model::Tokenizer& tokenizer, const TokenBatch& batch);
std::string rows_json(const model::Tokenizer& tokenizer, const PolicyGradientBatch& batch);
std::string rows_json(std::span<const LabelledAttempt> batch);
std::string rows_json(std::span<const RankedPair> batch);
std::string rows_json(std::span<const WeightedGroup> batch);

// Names what failed: the label of a run or stage ("rl.grpo"), and the way to keep its batches. An
// empty `keep` keeps none.
struct FailedBatches {
  std::string label;
  KeepBatch keep;

  // Keeps the rows; the error's message with the label, the file and the remedy.
  Error keep_rows(const Error& why, std::string_view rows) const;
};

// A learner's answer to a batch. Where it is an error, the batch is kept and the error names its
// file.
template <class Stats, class... Batch>
Result<Stats> or_keep(Result<Stats> answer, const FailedBatches& failed, const Batch&... batch) {
  if (answer) return answer;
  return tl::unexpected(failed.keep_rows(answer.error(), rows_json(batch...)));
}

}  // namespace qstar::learning

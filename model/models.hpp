// What searches and actors know of learned models: small, batched interfaces without a tensor in
// them.
//
// `search/` and `learning/` never include each other; they meet here.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace qstar::model {

// Continue `prompt` by sampling.
struct GenerateRequest {
  std::string prompt;        // text of the environment's alphabet; must fit the context
  std::uint64_t seed = 0;    // of this continuation alone: the result does not depend on the batch
  float temperature = 1.0F;  // 0 is greedy
  std::int32_t max_tokens = 96;  // generated tokens at most, closing separator included
  bool stop_at_step = false;     // stop at the first step separator, not only at the end of problem
  friend bool operator==(const GenerateRequest&, const GenerateRequest&) = default;
};

struct Generation {
  std::string text;                  // as generated, closing separator included
  std::vector<std::int32_t> tokens;  // one a character of `text`
  std::vector<float> logprobs;       // nats, one a token; of the distribution sampled from
  bool finished = false;             // a closing separator was generated (else the limit was hit)
  friend bool operator==(const Generation&, const Generation&) = default;
};

// How likely is the rest of a text, token by token, under a policy that samples at `temperature`?
struct LogprobRequest {
  std::vector<std::int32_t> tokens;
  std::uint32_t first = 1;   // the first token that is asked about; 1 or more
  float temperature = 1.0F;  // 0 is greedy: as in Generation, log-probabilities at temperature 1
  friend bool operator==(const LogprobRequest&, const LogprobRequest&) = default;
};

// Proposes steps.
class Policy {
 public:
  virtual ~Policy() = default;
  // One generation per request, in order. Deterministic in (weights, request).
  virtual std::vector<Generation> generate(std::span<const GenerateRequest> requests) = 0;
  virtual std::uint64_t version() const = 0;
};

// A state of a text problem and the step to be judged in it.
struct StepQuery {
  std::string state;  // problem and the steps so far, as the policy saw them
  std::string step;   // closing separator included
};

// What a scorer has been taught that a score means.
enum class ScorerRole : std::uint8_t {
  kCritic,      // the expected win when taking the step here: Q(state, step)
  kProcess,     // the probability that this step is right
  kOutcome,     // the probability that the work wins; taught on finished work, said of any
  kPreference,  // which of two works is better: only the order of the last scores means anything
};
// As in a model file's metadata: "critic", "prm", "orm", "preference".
constexpr std::string_view to_string(ScorerRole role) {
  switch (role) {
    case ScorerRole::kCritic: return "critic";
    case ScorerRole::kProcess: return "prm";
    case ScorerRole::kOutcome: return "orm";
    case ScorerRole::kPreference: return "preference";
  }
  return {};
}

// Scores steps: what guides a search.
class StepScorer {
 public:
  virtual ~StepScorer() = default;
  virtual ScorerRole role() const = 0;
  // In [0, 1], one a query, in order.
  virtual std::vector<float> scores(std::span<const StepQuery> queries) = 0;
};

// Estimates what is left to pay in a puzzle: a deep Q-network (an output a move, the move's own
// cost included) or a value network (one output).
class CostToGo {
 public:
  virtual ~CostToGo() = default;
  virtual std::size_t outputs() const = 0;  // Puzzle::moves() of Q, 1 of V
  // states [n, Puzzle::state_bytes()] -> costs [n, outputs()].
  virtual void costs(std::span<const std::uint8_t> states, std::span<float> costs) = 0;
};

}  // namespace qstar::model

// The one record that is searched, trained on, stored, inspected and exported.
//
// A trajectory is a problem, the steps somebody took at it, what was known about every step, and
// how it ended. Text problems and puzzles share it: a step is a line of text or the name of a move.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace qstar {

// What the exact verifier says of one step, given the line before it.
enum class Verdict : std::uint8_t {
  kUnknown = 0,  // not judged
  kRight,        // one correct operation, in the right place
  kWrongValue,   // the right place, a wrong number
  kWrongOrder,   // a correct operation that was not its turn
  kMalformed,    // not an expression (or move) at all
  kNotARewrite,  // an expression, but not the previous line with one operation done
};
std::string_view to_string(Verdict verdict);  // "right", "wrong_value", …
// Inverse of to_string; kUnknown for any other text.
Verdict verdict_from_string(std::string_view text);

// How a finished attempt stands.
enum class Outcome : std::uint8_t {
  kUnfinished = 0,  // ran out of tokens or steps
  kLost,            // finished, wrong answer
  kLucky,           // right answer, but at least one step was wrong
  kWon,             // right answer, every step right
};
std::string_view to_string(Outcome outcome);
Outcome outcome_from_string(std::string_view text);

struct Step {
  std::string text;                  // without the separator that closes it
  std::vector<std::int32_t> tokens;  // as generated, closing separator included; empty for puzzles
  std::vector<float> logprobs;       // nats, one a token, under the policy that generated it
  std::uint64_t policy_version = 0;  // the weights that made this step
  Verdict verdict = Verdict::kUnknown;
  std::optional<float> q;  // critic's Q(state, step): expected win in [0, 1]; puzzles: cost to go
  std::optional<float> reward_score;  // a learned reward model's score of this step, in [0, 1]
  std::uint64_t time_us = 0;  // when it was made, microseconds since the epoch; 0: not recorded
  std::uint64_t model = 0;  // number, in the store's table of models, of the weights that made it;
                            // 0: unknown

  friend bool operator==(const Step&, const Step&) = default;
};

// Attempts at one problem that were made together share a group; `sample` counts within it.
struct TrajectoryId {
  std::uint64_t group = 0;
  std::uint32_t sample = 0;

  friend auto operator<=>(const TrajectoryId&, const TrajectoryId&) = default;
};

// Where a trajectory comes from.
struct Provenance {
  std::string run;           // name of the run
  std::string node;          // process that made it, e.g. "head" or "worker-2"
  std::string code_version;  // qstar's version
  friend bool operator==(const Provenance&, const Provenance&) = default;
};

struct Trajectory {
  TrajectoryId id;
  std::string environment;  // name in the environment registry
  std::string problem;
  std::vector<Step> steps;
  Outcome outcome = Outcome::kUnfinished;
  std::string answer;        // the final value as text; empty when unfinished
  std::uint64_t seed = 0;    // re-running the policy version with this seed gives the same steps;
                             // of a path in a search's tree: the seed of the whole tree
  float temperature = 1.0F;  // 0 is greedy
  std::optional<std::uint64_t> critic_version;  // of the Q values in the steps
  Provenance provenance;
  // Numbers, in the store's table of models, of those that gave q and reward_score; 0: unknown.
  std::uint64_t critic_model = 0, reward_model = 0;

  // The win signal: the answer is right (whether or not every step was).
  bool win() const { return outcome == Outcome::kWon || outcome == Outcome::kLucky; }
  friend bool operator==(const Trajectory&, const Trajectory&) = default;
};

// All attempts made together at one problem, in order of `sample`; never empty in a store.
struct AttemptGroup {
  std::uint64_t group = 0;
  std::vector<Trajectory> attempts;

  // Share of attempts with a right answer, in [0, 1]; 0 when there are none.
  double pass_rate() const;
  // The newest weights that took part in it.
  std::uint64_t policy_version() const;
  friend bool operator==(const AttemptGroup&, const AttemptGroup&) = default;
};

}  // namespace qstar

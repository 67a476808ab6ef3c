// A problem with a win signal that can be checked.
//
// Its problems and steps are text, which a policy writes; positions of puzzles have an interface of
// their own (puzzle.hpp), and Countdown is both. An environment is immutable after construction:
// every function is const and thread-safe, all randomness comes in as an Rng.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.hpp"
#include "core/rng.hpp"
#include "data/trajectory.hpp"

namespace qstar::environment {

// Which problems: the two sets are disjoint by construction. A problem is held out exactly when
// crc32("q*" + its text) % 10 == 0 (zlib's CRC-32).
enum class Split : std::uint8_t { kTraining, kHeldOut };
bool is_held_out(std::string_view problem);

// Where an attempt stands.
struct State {
  std::string problem;  // as given to reset
  std::string line;     // current line
  bool clean = true;    // no step so far was judged wrong
  friend bool operator==(const State&, const State&) = default;
};

// What a step did.
struct StepResult {
  State next;  // equals the state before when the verdict is kMalformed
  Verdict verdict = Verdict::kUnknown;
  bool done = false;  // nothing is left to do from `next`
  bool win = false;   // done, with the right result
};

class Environment {
 public:
  virtual ~Environment() = default;

  virtual std::string_view name() const = 0;
  // Characters that problems and steps are made of, without the separators.
  virtual std::string_view alphabet() const = 0;

  // A random problem of the split.
  virtual std::string sample_problem(Rng& rng, Split split) const = 0;
  // Whether sample_problem could give it, in either split. Any text at all may be asked about.
  virtual bool admits(std::string_view problem) const { return reset(problem).has_value(); }
  // The starting state; kBadProblem says what is wrong with the text and where.
  virtual Result<State> reset(std::string_view problem) const = 0;
  // kBadProblem: why a model of this environment cannot be asked to solve the problem, although it
  // can be read.
  virtual Status check_scope(const State&) const { return {}; }
  // Judges and takes one step. Any text at all gives a verdict, never a crash, in time linear in
  // its length (up to the digits of its numbers, which are bounded).
  virtual StepResult step(const State& state, std::string_view step) const = 0;
  // The final value as text once done ("" before).
  virtual std::string answer(const State& state) const = 0;

  // Every right step in a fixed order; empty where they cannot be listed.
  virtual std::vector<std::string> legal_steps(const State& state) const = 0;

  // A correct solution as steps (the calculator for text problems); kBadProblem when unsolvable, or
  // when the environment has no solver for it.
  virtual Result<std::vector<std::string>> solve(const State& state) const = 0;

  // Whether its solutions take long operations apart, digit by digit.
  virtual bool long_work() const { return false; }
};

// Walks the steps of an attempt through the environment and fills verdicts, outcome and answer.
// `finished` says that the attempt closed itself. Problems that do not parse leave it kUnfinished.
void judge(const Environment& environment, bool finished, Trajectory& attempt);
// The same for all attempts of the groups; those whose outcome is kUnfinished did not close
// themselves.
void judge(const Environment& environment, std::span<AttemptGroup> groups);

}  // namespace qstar::environment

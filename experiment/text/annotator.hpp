// Annotators rank answers; a preference model learns from their rankings.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "core/result.hpp"
#include "data/label_file.hpp"
#include "environment/environment.hpp"
#include "learning/reward/reward_learner.hpp"

namespace qstar::experiment {

// Answers to one problem and their ranks: 1 is the best, equal ranks are ties.
struct RankedGroup {
  std::vector<Trajectory> attempts;
  std::vector<std::int64_t> ranks;
};

// An annotator's rankings, and one message per record that could not be used.
struct Rankings {
  std::vector<RankedGroup> groups;
  std::vector<std::string> skipped = {};
};

class Annotator {
 public:
  virtual ~Annotator() = default;
  // Rankings of these groups; an annotator with recorded rankings returns those instead.
  virtual Result<Rankings> rank(std::span<const AttemptGroup> groups) = 0;
};

// Ranks an answer by the number of steps before its first wrong one; between equal numbers, a right
// answer ranks above the others. Every comparison has the wrong result with a fixed probability.
// The order is found by inserting one answer after the other, as a person does who compares two at
// a time. The ranking of a group depends on the group's number, not on other groups.
class SimulatedAnnotator final : public Annotator {
 public:
  SimulatedAnnotator(double error_rate, std::uint64_t seed)
      : error_rate_(error_rate), seed_(seed) {}
  // The attempts must have been judged by the environment.
  Result<Rankings> rank(std::span<const AttemptGroup> groups) override;

 private:
  double error_rate_;
  std::uint64_t seed_;
};

// Rankings by people, from a file that `qstar label RUN --rankings` wrote.
class RecordedAnnotator final : public Annotator {
 public:
  explicit RecordedAnnotator(LabelFile<Ranking> file) : file_(std::move(file)) {}
  Result<Rankings> rank(std::span<const AttemptGroup>) override;

 private:
  LabelFile<Ranking> file_;
};

// Every pair of answers with different ranks; the pairs point into `groups`.
std::vector<learning::RankedPair> pairs_of(std::span<const RankedGroup> groups);

}  // namespace qstar::experiment

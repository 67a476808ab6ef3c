// Whoever says which answers are better: what a preference model learns from.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "core/result.hpp"
#include "environment/environment.hpp"
#include "learning/label_file.hpp"
#include "learning/reward_learner.hpp"

namespace qstar {

// Answers to one problem and their ranks: 1 the best, equal ranks tie.
struct RankedGroup {
  std::vector<Trajectory> attempts;
  std::vector<std::int64_t> ranks;
};

// What an annotator said, and what of it was of no use: a message a line left out.
struct Rankings {
  std::vector<RankedGroup> groups;
  std::vector<std::string> skipped = {};
};

class Annotator {
 public:
  virtual ~Annotator() = default;
  // Rankings of these groups, or, of somebody who has spoken already, those that there are.
  virtual Result<Rankings> rank(std::span<const AttemptGroup> groups) = 0;
};

// Ranks an answer by its steps before the first wrong one; of two with as many, the one that is
// finished and right above the other. Every comparison goes the wrong way with a probability;
// the order comes from inserting one answer after the other, as somebody would who compares two at
// a time. What it says of a group depends on the group's number, not on its neighbours.
class SimulatedAnnotator final : public Annotator {
 public:
  SimulatedAnnotator(double error_rate, std::uint64_t seed)
      : error_rate_(error_rate), seed_(seed) {}
  // The attempts have to be judged.
  Result<Rankings> rank(std::span<const AttemptGroup> groups) override;

 private:
  double error_rate_;
  std::uint64_t seed_;
};

// What people said, from a file of `qstar label RUN --rankings`.
class RecordedAnnotator final : public Annotator {
 public:
  explicit RecordedAnnotator(LabelFile<Ranking> file) : file_(std::move(file)) {}
  Result<Rankings> rank(std::span<const AttemptGroup>) override;

 private:
  LabelFile<Ranking> file_;
};

// Every pair that the rankings order; points into them.
std::vector<RankedPair> pairs_of(std::span<const RankedGroup> groups);

}  // namespace qstar

// The questions that `qstar label` asks, over any two streams.
#pragma once

#include <functional>
#include <iosfwd>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "data/label_file.hpp"
#include "data/trajectory.hpp"

namespace qstar::cli {

// What was answered: a record or nothing (the attempt was skipped), and whether to stop. The
// input's end stops as well. What was said before skipping or stopping is in the record.
template <class Record>
struct Answer {
  std::optional<Record> record;
  bool stop = false;
};

// What was said before about a step, the last of these.
using KnownRating = std::function<std::optional<int>(std::span<const std::string> steps)>;
// One verdict per step, up to the first wrong one. What is known already is shown and not asked; a
// record says something new.
Answer<RatedWork> ask_for_ratings(std::istream& in, std::ostream& out, const Trajectory& attempt,
                                  const KnownRating& known);
// An order of the attempts, at least two, all at one problem.
Answer<Ranking> ask_for_ranking(std::istream& in, std::ostream& out,
                                const std::vector<const Trajectory*>& attempts);

}  // namespace qstar::cli

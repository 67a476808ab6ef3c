// What people said of steps and answers, in files of JSON lines.
//
// Step labels are in PRM800K's format (Lightman et al. 2023), which qstar's own files share:
//   {"question": {"problem": "…"}, "label": {"steps": [
//     {"completions": [{"text": "…", "rating": -1 | 0 | 1 | null}, …],
//      "human_completion": {"text": "…"} | null, "chosen_completion": 0 | null}, …]}}
// A step's completions are alternatives at one place; the work goes on from the chosen one, else
// from what the person wrote. Own files name the attempt in "qstar": {"group": 7, "sample": 0}.
// Rankings are qstar's own:
//   {"question": {"problem": "…"}, "ranking": [{"group": 7, "sample": 0, "steps": ["…"], "rank":
//   1}, …]}
// Other members are ignored.
//
// A line that is no such record is named, with the reason, and left out; the rest is kept. Blank
// lines are nothing. Also left out: a line that says of a step what an earlier line said already
// (duplicate) or the opposite of it (contradictory), ids that are not known, text that is not
// UTF-8.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.hpp"
#include "core/trajectory.hpp"

namespace qstar {

// Work and what was said of it: an entry a step; no rating where nothing was said.
struct RatedWork {
  std::string problem;
  std::vector<std::string> steps;
  std::vector<std::optional<int>> ratings;  // −1 wrong, 0 neutral, 1 right
  std::optional<TrajectoryId> id;           // of the attempt, in qstar's own files
  friend bool operator==(const RatedWork&, const RatedWork&) = default;
};

struct RankedAttempt {
  TrajectoryId id;
  std::vector<std::string> steps;
  std::int64_t rank = 1;  // 1 is the best; equal ranks are ties
  friend bool operator==(const RankedAttempt&, const RankedAttempt&) = default;
};
struct Ranking {
  std::string problem;
  std::vector<RankedAttempt> attempts;  // at least two
  friend bool operator==(const Ranking&, const Ranking&) = default;
};

template <class Record>
struct LabelFile {
  std::vector<Record> records;
  std::int64_t lines = 0;            // that are not blank
  std::vector<std::string> skipped;  // one message a line left out: "labels.jsonl:3: …"
};

// The attempt of that id, or none.
using KnownAttempts = std::function<std::optional<Trajectory>(const TrajectoryId&)>;

// Of a line's work: the path of chosen completions, then a record for every alternative that was
// rated: its steps up to there, with its own rating alone. `source` names the text in messages.
// With `known`, what names an attempt has to say of it what it is.
LabelFile<RatedWork> parse_step_labels(std::string_view text, std::string_view source,
                                       const KnownAttempts& known = {});
LabelFile<Ranking> parse_rankings(std::string_view text, std::string_view source,
                                  const KnownAttempts& known = {});
// kMissingFile, kIo; what single lines say is never an error.
Result<LabelFile<RatedWork>> read_step_labels(const std::string& path,
                                              const KnownAttempts& known = {});
Result<LabelFile<Ranking>> read_rankings(const std::string& path, const KnownAttempts& known = {});

// One line with its newline, which parses back to the same.
std::string to_line(const RatedWork& work);
std::string to_line(const Ranking& ranking);

// The ranks of n answers from their numbers, the best first, ties by '=': "2 1=3" gives 2, 1, 2.
// kUsage: one is missing, named twice, or not a number from 1 to n.
Result<std::vector<std::int64_t>> ranks_of(std::string_view order, std::size_t n);

// As a reward model is taught; not a number where nothing was said. Neutral counts as right (as in
// Lightman et al. 2023) or is left unlabelled.
enum class Neutral : std::uint8_t { kRight, kUnlabelled };
std::vector<float> rated_labels(const RatedWork& work, Neutral neutral);
// Attempts without tokens or verdicts, to be taught with those labels or in that order.
Trajectory attempt_of(const std::string& problem, std::span<const std::string> steps);

}  // namespace qstar

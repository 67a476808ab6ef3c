// Human labels of steps and answers, in files of JSON lines.
//
// Step labels are in PRM800K's format (Lightman et al. 2023), which qstar's own files share:
//   {"question": {"problem": "…"}, "label": {"steps": [
//     {"completions": [{"text": "…", "rating": -1 | 0 | 1 | null}, …],
//      "human_completion": {"text": "…"} | null, "chosen_completion": 0 | null}, …]}}
// A step's completions are alternatives at one place; the work continues from the chosen one,
// otherwise from the one that the person wrote. qstar's own files name the attempt in "qstar":
// {"group": 7, "sample": 0}.
// Rankings are qstar's own:
//   {"question": {"problem": "…"}, "ranking": [{"group": 7, "sample": 0, "steps": ["…"], "rank":
//   1}, …]}
// Other members are ignored.
//
// A line that is not such a record is left out, and a message names it with the reason; the other
// lines are kept. Blank lines and a byte order mark are ignored. Also left out: a line that repeats
// or contradicts what an earlier line says about a step, an id that the run does not have, a key
// that occurs twice, text that is not UTF-8.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.hpp"
#include "data/trajectory.hpp"

namespace qstar {

// Work and its ratings: one entry per step, without a rating where nobody gave one.
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
  std::int64_t lines = 0;            // lines that are not blank
  std::vector<std::string> skipped;  // one message per line left out: "labels.jsonl:3: …"
};

// The attempt of that id, or none.
using KnownAttempts = std::function<std::optional<Trajectory>(const TrajectoryId&)>;

// A line gives the path of chosen completions, then one record per other completion that was rated:
// the steps up to it, with its own rating alone. `source` names the text in messages. With `known`,
// a line that names an attempt must have that attempt's problem and steps.
LabelFile<RatedWork> parse_step_labels(std::string_view text, std::string_view source,
                                       const KnownAttempts& known = {});
LabelFile<Ranking> parse_rankings(std::string_view text, std::string_view source,
                                  const KnownAttempts& known = {});
// kMissingFile, kIo, kCorrupt (no file of lines at all); a bad line is never an error.
Result<LabelFile<RatedWork>> read_step_labels(const std::string& path,
                                              const KnownAttempts& known = {});
Result<LabelFile<Ranking>> read_rankings(const std::string& path, const KnownAttempts& known = {});

// One line with its newline; parsing it gives the same record.
std::string to_line(const RatedWork& work);
std::string to_line(const Ranking& ranking);

// The ranks of n answers from their numbers, the best first, ties by '=': "2 1=3" gives 2, 1, 2.
// kUsage: a number is missing, occurs twice, or is not from 1 to n.
Result<std::vector<std::int64_t>> ranks_of(std::string_view order, std::size_t n);

// The targets that a reward model is trained on; NaN where there is no rating. Neutral counts as
// right (as in Lightman et al. 2023) or is left unlabelled.
enum class Neutral : std::uint8_t { kRight, kUnlabelled };
std::vector<float> rated_labels(const RatedWork& work, Neutral neutral);
// An attempt without tokens or verdicts, for training with such labels or rankings.
Trajectory attempt_of(const std::string& problem, std::span<const std::string> steps);

}  // namespace qstar

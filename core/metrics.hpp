// Named numbers that a run reports: one row is one line of metrics.jsonl.
#pragma once

#include <cstdint>
#include <map>
#include <string>

namespace qstar {

// A row of figures at one moment. Keys are dotted names ("learner.loss"); units stand in the name
// where it is not obvious ("inference.tokens_per_second").
struct MetricsRow {
  std::string phase;                     // "pretrain", "rl", "eval"
  std::uint64_t step = 0;                // of that phase
  std::map<std::string, double> values;  // finite numbers only; others are left out on writing
  friend bool operator==(const MetricsRow&, const MetricsRow&) = default;
};

// One line of JSON without the newline: {"phase":…,"step":…,"name":value,…}.
std::string to_json_line(const MetricsRow& row);

// CPU seconds (user + system) of this process so far, and of its ended children.
double process_cpu_seconds();
double thread_cpu_seconds();  // of the calling thread
double children_cpu_seconds();
// The largest resident set of this process so far, in bytes.
std::uint64_t peak_resident_bytes();

// A proportion's 95 % interval (Wilson 1927, eq. for the score interval) as {low, high}.
struct Interval {
  double low = 0;
  double high = 0;
};
Interval wilson95(std::uint64_t successes, std::uint64_t n);

}  // namespace qstar

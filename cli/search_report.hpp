// What `qstar search` says of its searches, as JSON and for people.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cli/puzzle_states.hpp"
#include "core/result.hpp"
#include "search/graph/puzzle_search.hpp"

namespace qstar::cli {

// id, solved, length (moves), moves, cost, found_cost, lower_bound, end, nodes_generated,
// edges_scored, seconds. Length and costs are null where no solution was found.
nlohmann::ordered_json to_json(const PuzzleStart& start, const environment::Puzzle& puzzle,
                               const search::PuzzleSolution& solution);

// The same as lines of a table, without the moves. On a terminal the table fits its width: ids are
// cut, and where that is not enough the last columns are left out.
class SearchTable {
 public:
  // `columns` of the terminal; nothing when the table goes to a file or a pipe.
  SearchTable(std::span<const PuzzleStart> starts, std::optional<std::size_t> columns);
  std::string header() const;
  std::string line(const PuzzleStart& start, const search::PuzzleSolution& solution) const;

 private:
  std::string joined(const std::string& id, std::span<const std::string> cells) const;
  std::size_t id_width_, cells_;
  bool cuts_;  // ids
};

// Adds up what was found.
class SearchSummary {
 public:
  void add(const PuzzleStart& start, const search::PuzzleSolution& solution);
  std::size_t states() const { return states_; }
  std::size_t solved() const { return solved_; }
  // n, solved, mean_length, mean_cost, mean_seconds, max_seconds, nodes_per_second (of one thread),
  // share {network, queue, environment} of the time, peak_memory_bytes of the process and
  // cpu_seconds since `cpu_before`. Where the file knows costs: mean_over_optimal of what was
  // solved and at_optimum, the share of all states whose optimum is known and was found; and
  // likewise mean_over_known and at_known, the share solved at most at that cost. What could not be
  // measured is null.
  nlohmann::ordered_json json(double cpu_before) const;
  // A few lines for people; figures that could not be measured are left out. `estimates` names what
  // the time for estimates was spent in.
  std::string text(std::string_view estimates) const;

 private:
  struct Comparison {  // with costs that the file knows
    std::size_t states = 0, solved = 0, reached = 0;
    double over = 0;
    void add(double cost, const search::PuzzleSolution& solution);
    void describe(const std::string& what, nlohmann::ordered_json& out) const;
  };

  std::size_t states_ = 0, solved_ = 0, length_ = 0;
  double cost_ = 0, found_cost_ = 0, seconds_ = 0, max_seconds_ = 0;
  double network_ = 0, queue_ = 0, environment_ = 0;  // seconds
  std::uint64_t nodes_ = 0;
  Comparison optimal_, known_;
};

}  // namespace qstar::cli

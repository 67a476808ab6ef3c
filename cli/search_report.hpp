// What `qstar search` says of its searches, as JSON and for people, and its pictures.
#pragma once

#include <nlohmann/json.hpp>
#include <span>
#include <string>

#include "cli/puzzle_states.hpp"
#include "core/result.hpp"
#include "search/puzzle_search.hpp"

namespace qstar {

// id, solved, length (moves), moves, cost, lower_bound, end, nodes_generated, edges_scored,
// seconds. Length and cost are null where no solution was found.
nlohmann::ordered_json to_json(const PuzzleStart& start, const Puzzle& puzzle,
                               const PuzzleSolution& solution);
// The same in a line of a table, without the moves.
std::string table_line(const PuzzleStart& start, const PuzzleSolution& solution);

// Adds up what was found.
class SearchSummary {
 public:
  void add(const PuzzleStart& start, const PuzzleSolution& solution);
  std::size_t states() const { return states_; }
  std::size_t solved() const { return solved_; }
  // n, solved, mean_length, mean_cost, mean_seconds, max_seconds, nodes_per_second (of one thread),
  // share {network, queue, environment} of the time, peak_memory_bytes of the process and
  // cpu_seconds since `cpu_before`. Where the file knows costs: mean_over_optimal of what was
  // solved and at_optimum, the share of all states whose optimum is known and was found; and
  // likewise mean_over_known and at_known, the share solved at most at that cost.
  nlohmann::ordered_json json(double cpu_before) const;
  // One line.
  std::string line() const;

 private:
  struct Comparison {  // with costs that the file knows
    std::size_t states = 0, solved = 0, reached = 0;
    double over = 0;
    void add(double cost, const PuzzleSolution& solution);
    void describe(const std::string& what, nlohmann::ordered_json& out) const;
  };

  std::size_t states_ = 0, solved_ = 0, length_ = 0;
  double cost_ = 0, found_cost_ = 0, seconds_ = 0, max_seconds_ = 0;
  double network_ = 0, queue_ = 0, environment_ = 0;  // seconds
  std::uint64_t nodes_ = 0;
  Comparison optimal_, known_;
};

// kUsage, naming the place, when an id is no file's name (letters, digits, - and _) or comes twice.
Status check_picture_names(std::span<const PuzzleStart> starts);
// Writes DIRECTORY/ID.svg: the start and up to eleven positions after it. kIo.
Status write_picture(const std::string& directory, const PuzzleStart& start, const Puzzle& puzzle,
                     const PuzzleSolution& solution);

}  // namespace qstar

// Positions to search from: JSON lines with "id" and "state", as the published puzzle files are.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "core/result.hpp"
#include "environment/puzzle.hpp"

namespace qstar {

struct PuzzleStart {
  std::string place;          // FILE:LINE
  nlohmann::ordered_json id;  // a whole number or text, as in the file
  std::vector<std::uint8_t> position;
  // Costs of solutions: the cheapest there is ("optimal_length"); one that somebody found
  // ("known_length", or as long as "solution"), where no optimum is given.
  std::optional<double> optimal, known;
};

// The first `limit` states of a file, all of them checked before any is searched; "-" is standard
// input. "state" is a list of numbers or a position's text as Puzzle::parse takes it; further
// fields are nobody's business. kBadProblem, kCorrupt and kMissingFile name FILE:LINE and say what
// is wrong with it.
Result<std::vector<PuzzleStart>> read_puzzle_states(const std::string& path, const Puzzle& puzzle,
                                                    std::size_t limit);

}  // namespace qstar

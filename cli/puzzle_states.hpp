// Positions to search from: JSON lines with "id" and "state", as the published puzzle files are.
#pragma once

#include <iosfwd>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "core/result.hpp"
#include "environment/puzzle/puzzle.hpp"

namespace qstar::cli {

struct PuzzleStart {
  std::string place;          // FILE:LINE, safe to show
  nlohmann::ordered_json id;  // a whole number or text, as in the file
  std::vector<std::uint8_t> position;
  // Costs of solutions, 0 or more: the cheapest there is ("optimal_length"); one that somebody
  // found
  // ("known_length", or as long as "solution"), where no optimum is given.
  std::optional<double> optimal, known;

  // The id as text, exactly as in the file: not safe to show.
  std::string id_text() const { return id.is_string() ? id.get<std::string>() : id.dump(); }
};

// The first `limit` states of a file, all of them checked before any is searched; "-" is standard
// input. "state" is a list of numbers or a position's text as Puzzle::parse takes it; other fields
// are ignored. kBadProblem and kCorrupt name FILE:LINE and say what is wrong with it: also a line
// of more than a megabyte. kMissingFile, kIo.
Result<std::vector<PuzzleStart>> read_puzzle_states(const std::string& path,
                                                    const environment::Puzzle& puzzle,
                                                    std::size_t limit);
// The same from a stream; `name` stands for the file in errors.
Result<std::vector<PuzzleStart>> read_puzzle_states(std::istream& in, const std::string& name,
                                                    const environment::Puzzle& puzzle,
                                                    std::size_t limit);

}  // namespace qstar::cli

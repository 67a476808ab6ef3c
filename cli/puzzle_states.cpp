#include "cli/puzzle_states.hpp"

#include <fmt/format.h>

#include <fstream>
#include <iostream>

namespace qstar {
namespace {

using nlohmann::ordered_json;

// How many numbers a position has, the puzzle's own parser says.
Result<std::string> position_text(const ordered_json& state) {
  if (state.is_string()) return state.get<std::string>();
  if (!state.is_array())
    return fail(Errc::kCorrupt, "\"state\" is neither a list of numbers nor text");
  std::string text;
  for (const auto& number : state) {
    if (!number.is_number_integer())
      return fail(Errc::kBadProblem, "\"state\" holds " + number.dump() + ", no whole number");
    text += (text.empty() ? "" : " ") + number.dump();
  }
  return text;
}

Status read_lengths(const ordered_json& record, PuzzleStart& start) {
  for (const auto& [field, length] :
       {std::pair{"optimal_length", &start.optimal}, {"known_length", &start.known}}) {
    const auto found = record.find(field);
    if (found == record.end()) continue;
    if (!found->is_number())
      return fail(Errc::kCorrupt, fmt::format("\"{}\" is {}, no number", field, found->dump()));
    *length = found->get<double>();
  }
  const auto solution = record.find("solution");
  if (!start.known && solution != record.end() && solution->is_array())
    start.known = static_cast<double>(solution->size());
  if (start.optimal) start.known.reset();
  return {};
}

Result<PuzzleStart> read_state(const std::string& line, const Puzzle& puzzle) {
  const auto record = ordered_json::parse(line, nullptr, false);
  if (!record.is_object() || !record.contains("id") || !record.contains("state"))
    return fail(Errc::kCorrupt, "a JSON object with \"id\" and \"state\" is expected");
  PuzzleStart start;
  start.id = record["id"];
  if (!start.id.is_number_integer() && !start.id.is_string())
    return fail(Errc::kCorrupt, "\"id\" is neither a whole number nor text");
  const auto text = position_text(record["state"]);
  if (!text) return tl::unexpected(text.error());
  auto position = puzzle.parse(*text);
  if (!position) return tl::unexpected(position.error());
  start.position = std::move(*position);
  if (auto read = read_lengths(record, start); !read) return tl::unexpected(read.error());
  return start;
}

Result<std::vector<PuzzleStart>> read_states(std::istream& in, const std::string& name,
                                             const Puzzle& puzzle, std::size_t limit) {
  std::vector<PuzzleStart> starts;
  std::string line;
  for (std::size_t number = 1; starts.size() < limit && std::getline(in, line); ++number) {
    if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
    const std::string place = fmt::format("{}:{}", name, number);
    auto start = read_state(line, puzzle);
    if (!start) return fail(Errc::kCorrupt, place + ": " + start.error().message);
    start->place = place;
    starts.push_back(std::move(*start));
  }
  if (in.bad() && !starts.empty()) return fail(Errc::kIo, "cannot read on in " + name);
  if (starts.empty()) {
    return fail(Errc::kCorrupt,
                name + " holds no states: give a JSON object with \"id\" and \"state\" a line");
  }
  return starts;
}

}  // namespace

Result<std::vector<PuzzleStart>> read_puzzle_states(const std::string& path, const Puzzle& puzzle,
                                                    std::size_t limit) {
  if (path == "-") return read_states(std::cin, "standard input", puzzle, limit);
  std::ifstream in(path);
  if (!in) return fail(Errc::kMissingFile, "cannot read " + path);
  return read_states(in, path, puzzle, limit);
}

}  // namespace qstar

#include "cli/puzzle_states.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iostream>

#include "cli/interruptible.hpp"
#include "core/json_text.hpp"
#include "core/printable.hpp"

namespace qstar::cli {
namespace {

using nlohmann::json;

constexpr std::size_t kLongestLine = std::size_t{1} << 20;
constexpr std::size_t kShown = 40;  // characters of a bad value that a message repeats

// A value in a message; lists and objects are only named.
std::string shown(const json& value) {
  if (value.is_array()) return "a list";
  if (value.is_object()) return "an object";
  const std::string text = value.dump();
  return text.size() <= kShown ? text : text.substr(0, kShown) + "…";
}

// How many numbers a position has, the puzzle's own parser says.
Result<std::string> position_text(const json& state) {
  if (state.is_string()) return state.get<std::string>();
  if (!state.is_array())
    return fail(Errc::kCorrupt, "\"state\" is neither a list of numbers nor text");
  std::string text;
  for (const auto& number : state) {
    if (!number.is_number_integer())
      return fail(Errc::kBadProblem, "\"state\" holds " + shown(number) + ", not a whole number");
    text += (text.empty() ? "" : " ") + number.dump();
  }
  return text;
}

Status read_lengths(const json& record, PuzzleStart& start) {
  for (const auto& [field, length] :
       {std::pair{"optimal_length", &start.optimal}, {"known_length", &start.known}}) {
    const auto found = record.find(field);
    if (found == record.end()) continue;
    if (!found->is_number() || !(found->get<double>() >= 0)) {
      return fail(Errc::kCorrupt,
                  fmt::format("\"{}\" is {}; it must be a number from 0", field, shown(*found)));
    }
    *length = found->get<double>();
  }
  const auto solution = record.find("solution");
  if (!start.known && solution != record.end() && solution->is_array())
    start.known = static_cast<double>(solution->size());
  if (start.optimal) start.known.reset();
  return {};
}

Result<json> parse_record(std::string_view line) {
  constexpr std::string_view kWanted = "write one object with \"id\" and \"state\" per line";
  if (line.size() > kLongestLine) {
    return fail(
        Errc::kCorrupt,
        fmt::format("the line is longer than {} bytes; a state needs far fewer", kLongestLine));
  }
  auto record = parse_json_line(line);
  if (!record) return fail(Errc::kCorrupt, fmt::format("the line {}; {}", record.error(), kWanted));
  if (record->contains("id") && record->contains("state")) return std::move(*record);
  return fail(Errc::kCorrupt, fmt::format("\"id\" or \"state\" is missing; {}", kWanted));
}

Result<PuzzleStart> read_state(std::string_view line, const environment::Puzzle& puzzle) {
  const auto record = parse_record(line);
  if (!record) return tl::unexpected(record.error());
  const json& id = (*record)["id"];
  if (!id.is_number_integer() && !id.is_string())
    return fail(Errc::kCorrupt, "\"id\" is neither a whole number nor text");
  PuzzleStart start;
  start.id = id;
  const auto text = position_text((*record)["state"]);
  if (!text) return tl::unexpected(text.error());
  auto position = puzzle.parse(*text);
  if (!position) return tl::unexpected(position.error());
  start.position = std::move(*position);
  if (auto read = read_lengths(*record, start); !read) return tl::unexpected(read.error());
  return start;
}

}  // namespace

Result<std::vector<PuzzleStart>> read_puzzle_states(std::istream& in, const std::string& name,
                                                    const environment::Puzzle& puzzle,
                                                    std::size_t limit) {
  const std::string source = printable(name);
  std::vector<PuzzleStart> starts;
  std::string line;
  for (std::size_t number = 1; starts.size() < limit && read_line(in, line, kLongestLine);
       ++number) {
    const std::string place = fmt::format("{}:{}", source, number);
    const auto at_place = [&](const Error& error) {
      return fail(Errc::kCorrupt, fmt::format("{}: {}", place, printable(error.message)));
    };
    const auto text = number == 1 ? without_byte_order_mark(line) : std::string_view(line);
    const bool blank = text.find_first_not_of(" \t\r") == std::string_view::npos;
    if (blank && line.size() <= kLongestLine) continue;
    auto start = read_state(text, puzzle);
    if (!start) return at_place(start.error());
    start->place = place;
    starts.push_back(std::move(*start));
  }
  if (in.bad()) return fail(Errc::kIo, fmt::format("{}: cannot be read to its end", source));
  if (starts.empty()) {
    return fail(
        Errc::kCorrupt,
        source + ": holds no states; write one JSON object with \"id\" and \"state\" per line");
  }
  return starts;
}

Result<std::vector<PuzzleStart>> read_puzzle_states(const std::string& path,
                                                    const environment::Puzzle& puzzle,
                                                    std::size_t limit) {
  if (path == "-") return read_puzzle_states(std::cin, "standard input", puzzle, limit);
  std::error_code unknown;  // then opening it says why
  if (std::filesystem::is_directory(path, unknown)) {
    return fail(Errc::kMissingFile,
                printable(path) + ": is a directory; give a file of JSON lines");
  }
  std::ifstream in(path);
  if (!in) {
    return fail(Errc::kMissingFile,
                fmt::format("{}: cannot be opened: {}", printable(path), std::strerror(errno)));
  }
  return read_puzzle_states(in, path, puzzle, limit);
}

}  // namespace qstar::cli

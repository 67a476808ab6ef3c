// Any bytes as a file of states: positions of the puzzle, or one line that names where it is wrong.
#include <sstream>

#include "cli/puzzle_states.hpp"
#include "environment/registry.hpp"
#include "tests/fuzz/target.hpp"

namespace {

std::shared_ptr<const qstar::environment::Puzzle> puzzle_of(const std::string& name,
                                                            std::int64_t size) {
  qstar::environment::EnvironmentConfig config;
  config.name = name;
  config.size = size;
  return qstar::environment::make_puzzle(config).value();
}

void check(std::string_view text, const qstar::environment::Puzzle& puzzle) {
  std::istringstream in{std::string(text)};
  const auto states = qstar::cli::read_puzzle_states(in, "fuzz", puzzle, 1000);
  if (!states) {
    const std::string& message = states.error().message;
    require(message.starts_with("fuzz:"));
    require(message.size() < 1000);
    for (const char c : message) require(static_cast<unsigned char>(c) >= ' ' && c != 0x7f);
    return;
  }
  require(!states->empty());
  for (const auto& start : *states) {
    require(start.position.size() == puzzle.state_bytes());
    require(puzzle.parse(puzzle.text(start.position)).value() == start.position);
    for (const auto& cost : {start.optimal, start.known}) require(!cost || *cost >= 0);
  }
}

}  // namespace

std::vector<std::string> fuzz_seeds() {
  const std::string deep(2000, '[');
  return {R"({"id": 1, "state": [1, 2, 3, 4, 5, 6, 7, 8, 0], "optimal_length": 0})"
          "\n\n"
          R"({"id": "b", "state": "1 2 3 4 5 6 7 0 8", "known_length": 1.5, "solution": ["L"]})",
          R"({"id": 1, "state": [3, 1, 5, 2, 4]})",
          R"({"id": 1, "state": "3 1 5 2 4", "x": {}})",
          R"({"id": 1, "state": [)" + deep,
          R"({"id": 1, "state": [1e999, NaN, -0.0]})",
          R"({"id": "\u001b[2J", "state": [1, 0, 0, 1, 1, 1, 1, 0, 0], "optimal_length": -1})"};
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const auto tiles = puzzle_of("sliding_tiles", 3), pancakes = puzzle_of("pancake", 5),
                    lamps = puzzle_of("lights_out", 3), cube = puzzle_of("cube3", 3),
                    numbers = puzzle_of("countdown", 4);
  for (const auto& puzzle : {tiles, pancakes, lamps, cube, numbers})
    check(text_of(data, size), *puzzle);
  return 0;
}

// The published puzzle positions, which are not part of this repository.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace qstar::testing {

// The folder named by QSTAR_PUZZLES, otherwise ../shared/data/puzzles beside the repository.
inline std::filesystem::path puzzle_file(const std::string& name) {
  const char* folder = std::getenv("QSTAR_PUZZLES");
  const std::filesystem::path beside = std::filesystem::path(QSTAR_SOURCE_DIR) / "..";
  return (folder ? std::filesystem::path(folder) : beside / "shared/data/puzzles") / name;
}

// The file's JSON objects, one a line; none when it is not there.
inline std::vector<nlohmann::json> puzzle_records(const std::string& name) {
  std::vector<nlohmann::json> records;
  std::ifstream file(puzzle_file(name));
  for (std::string line; std::getline(file, line);) records.push_back(nlohmann::json::parse(line));
  return records;
}

// A record's position as text: its numbers with spaces between.
inline std::string position_text(const nlohmann::json& record) {
  std::string text;
  for (const int number : record.at("state")) {
    text += (text.empty() ? "" : " ") + std::to_string(number);
  }
  return text;
}

}  // namespace qstar::testing

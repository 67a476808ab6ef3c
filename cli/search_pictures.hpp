// The pictures of `qstar search --svg`: a film strip of each solution.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "cli/puzzle_states.hpp"
#include "core/result.hpp"
#include "search/graph/puzzle_search.hpp"

namespace qstar::cli {

// The folder that the pictures go to. Folders that it had to make and in which no picture was
// written are removed at the end: nothing is left behind by what failed.
class PictureFolder {
 public:
  PictureFolder() = default;
  ~PictureFolder();
  PictureFolder(const PictureFolder&) = delete;
  PictureFolder& operator=(const PictureFolder&) = delete;

  // Makes the folder, parents included, before any search begins. kUsage, naming the place, when an
  // id is no file's name (up to 200 letters, digits, - and _) or comes twice; kIo when no file can
  // be written to the folder.
  Status open(const std::string& path, std::span<const PuzzleStart> starts);
  // Whether open() has been called: without it no pictures are wanted.
  bool wanted() const { return !path_.empty(); }
  // Writes FOLDER/ID.svg, whole or not at all: the start and up to eleven positions after it. kIo.
  Status write(const PuzzleStart& start, const environment::Puzzle& puzzle,
               const search::PuzzleSolution& solution);

 private:
  std::string path_;
  std::vector<std::string> made_;  // innermost first
};

}  // namespace qstar::cli

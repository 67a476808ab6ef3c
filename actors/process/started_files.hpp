// What the start of a run makes on the disk: taken away again unless the run begins.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "core/result.hpp"

namespace qstar::actors {

class StartedFiles {
 public:
  // Makes the run directory and the folders above it that are missing. Existing files are noted:
  // they are never removed. kIo: a folder cannot be made.
  static Result<StartedFiles> make(const std::string& path);
  // Nothing was made, nothing will be removed.
  StartedFiles() = default;
  ~StartedFiles();
  StartedFiles(StartedFiles&& other) noexcept;
  StartedFiles& operator=(StartedFiles&& other) noexcept;

  // What was made stays.
  void keep();

 private:
  void remove() noexcept;

  std::string path_;                  // empty: nothing to remove
  std::vector<std::string> folders_;  // made, the innermost first
  std::set<std::string> before_;      // names in the directory that were there
};

}  // namespace qstar::actors

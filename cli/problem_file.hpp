// Problems from a file, a pipe or standard input.
#pragma once

#include <string>
#include <vector>

#include "cli/interruptible.hpp"
#include "cli/model.hpp"
#include "core/stop.hpp"

namespace qstar::cli {

// `path`: JSON lines with the text "problem", "-" for standard input; spaces and signs as
// normalized_problem takes them, blank lines and a byte order mark left out. kCorrupt names
// FILE:LINE and what is wrong there; kMissingFile, kIo, kInterrupted.
Result<std::vector<std::string>> read_problems(const std::string& path, const LoadedModel& model,
                                               const Stop& stop);

}  // namespace qstar::cli

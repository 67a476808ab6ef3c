// The files of a live RocksDB folder, held open as they were at one moment.
//
// A writer adds, deletes and replaces files at any time. An open descriptor keeps a deleted file
// readable, and what grows (the log and the MANIFEST) only grows at its end, so a descriptor and a
// size are a copy that costs nothing and leaves nothing behind. docs/decisions/live_readers.md
// says why the result has no holes.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "core/input_file.hpp"
#include "core/result.hpp"

namespace qstar::persistence {

// By name within the folder: CURRENT and its MANIFEST, logs, tables, IDENTITY.
using FrozenFiles = std::map<std::string, std::shared_ptr<const InputFile>>;

// kMissingFile: no CURRENT, so no database; kCorrupt: CURRENT names no MANIFEST that is there;
// kIo: a file cannot be opened. The caller has to verify that every table that the MANIFEST names
// is there, and to try again when one is not.
Result<FrozenFiles> freeze_files(const std::string& folder);

// Equal for two moments between which nothing has changed.
std::string fingerprint(const FrozenFiles& files);

}  // namespace qstar::persistence

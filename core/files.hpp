// Files and folders: what is there, reading and writing whole files, making folders. Nothing here
// throws.
#pragma once

#include <cstdint>
#include <fstream>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "core/result.hpp"

namespace qstar {

enum class PathKind : std::uint8_t { kNothing, kFolder, kFile, kOther };

// What is at a path, links followed. kIo: it cannot be looked at (no permission, a loop of links).
Result<PathKind> path_kind(const std::string& path);

// False only when nothing is at the path, not even a link that leads nowhere.
bool is_there(const std::string& path);

// The names in a folder, in no order. kMissingFile: there is no such folder; kIo: it cannot be
// read.
Result<std::vector<std::string>> folder_names(const std::string& path);

// Makes a folder and those above it that are missing. `made` receives the folders made, the
// innermost first, also when making a further one fails.
std::error_code make_folders(const std::string& path, std::vector<std::string>& made);
// Removes those of these folders that hold nothing.
void remove_empty_folders(const std::vector<std::string>& folders);

// Far above any model or report, and below what a sparse file may claim.
inline constexpr std::uint64_t kMaxFileBytes = std::uint64_t{4} << 30;

// A whole regular file. kMissingFile: there is none; kCorrupt: it is larger than max_bytes, which
// is checked before anything is read; kIo: any other reason, also a folder, a pipe or a device.
Result<std::string> read_file(const std::string& path, std::uint64_t max_bytes = kMaxFileBytes);

// Writes a whole file atomically (temporary, fsync, rename, fsync of the directory). A failure
// leaves what was there before, and no temporary. kDiskFull, kIo.
Status write_file_atomically(const std::string& path, std::string_view bytes);

// Removes the temporaries that killed processes left in the folder: PATH.PID.tmp of no living
// process.
void remove_old_temporaries(const std::string& folder);

// Writes a file that is not there yet, with these permissions, to the disk. Errors as above.
Status write_new_file(const std::string& path, std::string_view bytes, unsigned permissions);

// A file to append lines to, created when it is missing. Half a line, as a killed process may
// leave it, is ended first. The stream has failed when the file cannot be opened.
std::ofstream append_lines(const std::string& path);

// Makes renames within a directory survive power loss.
void sync_directory(const std::string& path);

// "ACTION PATH: why", for a value of errno: kDiskFull or kIo.
tl::unexpected<Error> io_error(std::string_view action, const std::string& path, int error);

}  // namespace qstar

// Files and folders: what is there, reading whole files, replacing them atomically, and the lock
// of a run's folder. Nothing here throws.
#pragma once

#include <cstdint>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.hpp"

namespace qstar {

enum class PathKind : std::uint8_t { kNothing, kFolder, kFile, kOther };

// What is at a path, links followed. kIo: it cannot be looked at (no permission, a loop of links).
Result<PathKind> path_kind(const std::string& path);

// The names in a folder, in no order. kMissingFile: there is no such folder; kIo: it cannot be
// read.
Result<std::vector<std::string>> folder_names(const std::string& path);

// Far above any model or report, and below what a sparse file may claim.
inline constexpr std::uint64_t kMaxFileBytes = std::uint64_t{4} << 30;

// A whole regular file. kMissingFile: there is none; kCorrupt: it is larger than max_bytes, which
// is checked before anything is read; kIo: any other reason, also a folder, a pipe or a device.
Result<std::string> read_file(const std::string& path, std::uint64_t max_bytes = kMaxFileBytes);

// Writes a whole file atomically (temporary, fsync, rename, fsync of the directory). A failure
// leaves what was there before, and no temporary.
Status write_file_atomically(const std::string& path, std::string_view bytes);

// A file to append lines to, created when it is missing. Half a line, as a killed process may
// leave it, is ended first. The stream has failed when the file cannot be opened.
std::ofstream append_lines(const std::string& path);

// Makes renames within a directory survive power loss.
void sync_directory(const std::string& path);

// An exclusive lock on a run directory, held until destruction; kBusy names the holder's process
// id.
class DirectoryLock {
 public:
  static Result<DirectoryLock> acquire(const std::string& directory);
  ~DirectoryLock();
  DirectoryLock(DirectoryLock&& other) noexcept;
  DirectoryLock& operator=(DirectoryLock&&) = delete;

 private:
  explicit DirectoryLock(int fd) : fd_(fd) {}
  int fd_;
};

}  // namespace qstar

// Atomic checkpoints: a directory a checkpoint, complete or absent.
//
// checkpoints/NNNNNNNNNN/ holds one file a part and MANIFEST.json with size and CRC-32 a part. It
// is written under a temporary name, every file and the directory fsynced, then renamed.
#pragma once

#include <cstdint>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include "core/result.hpp"

namespace qstar {

using CheckpointParts = std::map<std::string, std::string>;  // name -> bytes

class CheckpointDirectory {
 public:
  // Keeps the newest `keep` checkpoints (at least 1).
  CheckpointDirectory(std::string path, std::int64_t keep);

  // `serial` orders checkpoints. On failure (kDiskFull, kIo) the older ones are untouched and
  // nothing half-written is visible.
  Status write(std::uint64_t serial, const CheckpointParts& parts);
  // The newest complete and undamaged one. A damaged one is skipped with a message in `warnings`;
  // one that cannot be read for another reason is not, since nothing says that it is lost: kIo.
  // kMissingFile when there is none at all, kCorrupt when all are damaged.
  struct Loaded {
    std::uint64_t serial = 0;
    CheckpointParts parts;
    std::vector<std::string> warnings;
  };
  Result<Loaded> load_newest() const;
  // Serials, ascending; none when there is no such directory. kIo: it cannot be read.
  Result<std::vector<std::uint64_t>> list() const;

 private:
  std::string path_;
  std::int64_t keep_;
};

// Writes a whole file atomically (temporary, fsync, rename, fsync of the directory).
Status write_file_atomically(const std::string& path, std::string_view bytes);
// A file of lines to write more of, made when it is missing. Half a line, as a killed process may
// leave it, is ended first. The stream has failed when the file cannot be opened.
std::ofstream append_lines(const std::string& path);
// Makes renames within a directory survive power loss.
void sync_directory(const std::string& path);
// kMissingFile: there is no such file; kIo: any other reason.
Result<std::string> read_file(const std::string& path);

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

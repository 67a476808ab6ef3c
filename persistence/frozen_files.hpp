// The files of a live RocksDB folder, held open as they were at one moment.
//
// A writer adds, deletes and replaces files at any time. An open descriptor keeps a deleted file
// readable, and what grows (the log and the MANIFEST) only grows at its end, so a descriptor and a
// size are a copy that costs nothing and leaves nothing behind. docs/decisions/live_readers.md
// says why the result has no holes.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "core/result.hpp"

namespace qstar {

// A file of which the first `size` bytes are read, whatever is appended or deleted later.
class FrozenFile {
 public:
  // kMissingFile: there is none; kIo: it cannot be opened, or is not a regular file.
  static Result<std::shared_ptr<const FrozenFile>> open(const std::string& path);
  // Takes over an open descriptor.
  FrozenFile(int fd, std::uint64_t size, std::uint64_t inode)
      : fd_(fd), size_(size), inode_(inode) {}
  ~FrozenFile();
  FrozenFile(const FrozenFile&) = delete;
  FrozenFile& operator=(const FrozenFile&) = delete;

  std::uint64_t size() const { return size_; }
  std::uint64_t inode() const { return inode_; }
  // Bytes read into `out`, fewer than n at the end; negative with errno set.
  std::int64_t read(std::uint64_t offset, std::size_t n, char* out) const;

 private:
  int fd_;
  std::uint64_t size_;
  std::uint64_t inode_;
};

// By name within the folder: CURRENT and its MANIFEST, logs, tables, IDENTITY.
using FrozenFiles = std::map<std::string, std::shared_ptr<const FrozenFile>>;

// kMissingFile: no CURRENT, so no database; kCorrupt: CURRENT names no MANIFEST that is there;
// kIo: a file cannot be opened. The caller has to verify that every table that the MANIFEST names
// is there, and to try again when one is not.
Result<FrozenFiles> freeze_files(const std::string& folder);

// Equal for two moments between which nothing has changed.
std::string fingerprint(const FrozenFiles& files);

}  // namespace qstar

// Atomic checkpoints: one directory per checkpoint, complete or absent.
//
// checkpoints/NNNNNNNNNN/ holds one file per part, and MANIFEST.json with the size and CRC-32 of
// each. It is written under a temporary name, every file and the directory fsynced, then renamed.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "core/result.hpp"

namespace qstar::persistence {

using CheckpointParts = std::map<std::string, std::string>;  // name -> bytes

class CheckpointDirectory {
 public:
  // Keeps the newest `keep` checkpoints (at least 1).
  CheckpointDirectory(std::string path, std::int64_t keep);

  // `serial` orders checkpoints. On failure (kDiskFull, kIo) the older ones are untouched and
  // nothing half-written is visible.
  Status write(std::uint64_t serial, const CheckpointParts& parts);
  // The newest complete and undamaged checkpoint. A damaged one is skipped with a message in
  // `warnings`. One that cannot be read for another reason is an error (kIo), since it is not lost.
  // kMissingFile when there is none at all, kCorrupt when all are damaged.
  struct Loaded {
    std::uint64_t serial = 0;
    std::string folder;
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

}  // namespace qstar::persistence

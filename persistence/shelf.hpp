// Models by content: a folder of files HASH.safetensors, HASH being the SHA-256 of their bytes.
//
// A name stands for the same bytes for ever, on every machine. The shelf of a run keeps its models;
// the shelf of a worker is a bounded cache of what it fetched.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.hpp"
#include "core/sha256.hpp"

namespace qstar::persistence {

struct ShelfOptions {
  // Above 0: a cache. After a put() that makes the files larger than this together, the least
  // recently used ones are removed, but never the one just put, even when it alone is larger.
  // 0: the shelf of a run, see keep_below_bytes.
  std::int64_t most_bytes = 0;
  // Of a run: all models smaller than this are kept, and of the larger ones the two put last.
  std::int64_t keep_below_bytes = 10'000'000;
};

struct ShelvedModel {
  Sha256 hash;
  std::uint64_t bytes = 0;
  friend bool operator==(const ShelvedModel&, const ShelvedModel&) = default;
};

// Safe to call from several threads. Several processes may use one folder; within a process, one
// Shelf per folder.
class Shelf {
 public:
  // Creates the folder, and removes the temporaries of killed processes. kIo: the folder cannot be
  // created or written to.
  static Result<Shelf> open(std::string directory, const ShelfOptions& options = {});
  ~Shelf();
  Shelf(Shelf&&) noexcept;
  Shelf& operator=(Shelf&&) noexcept;

  // The model is on the disk, complete and synced, when this returns. A model that is there
  // already is only marked as the newest. kDiskFull, kIo: nothing of it is there.
  Result<Sha256> put(std::string_view bytes);
  // kMissingFile: it is not on the shelf. kCorrupt: the file held other bytes; it has been removed,
  // so that a put() stores the model again. kIo: the file cannot be read.
  Result<std::string> get(const Sha256& hash);
  bool contains(const Sha256& hash) const;
  // Ascending by hash. kMissingFile, kIo: the folder cannot be read.
  Result<std::vector<ShelvedModel>> list() const;

 private:
  struct Impl;
  explicit Shelf(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace qstar::persistence

// The replay store: trajectories on RocksDB that stay readable and can be inspected at any time.
//
// Keys, column families and record are described in docs/store_format.md. One process writes; any
// number read snapshots of the store, also while it is being written to.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.hpp"
#include "core/sha256.hpp"
#include "data/trajectory.hpp"

namespace qstar::persistence {

struct StoreOptions {
  bool sync = false;  // fsync before acknowledging (survives power loss, not only kill -9)
  // kWrite: refuse to create a store that is not there (kMissingFile).
  bool must_exist = false;
  // kWrite: what is held in memory before it is written to a table file.
  std::int64_t write_buffer_bytes = std::int64_t{64} << 20;
};

struct StoreStats {
  std::uint64_t groups = 0;
  std::uint64_t trajectories = 0;
  std::uint64_t steps = 0;
  std::uint64_t wins = 0;   // right answers
  std::uint64_t lucky = 0;  // … with a wrong step
  std::uint64_t bytes_on_disk = 0;
  std::uint32_t schema = 0;  // a reader does not upgrade an older store
  std::uint64_t min_policy_version = 0;
  std::uint64_t max_policy_version = 0;
};

// A row of the store's table of models: what the number of a model in a step or attempt stands for.
struct ModelEntry {
  std::uint64_t number = 0;   // from 1
  Sha256 hash;                // of the bytes of its safetensors file
  std::string role;           // "policy", "critic", "prm", "orm" or "preference"
  std::string label;          // the part of the run that made it, e.g. "rl.grpo"
  std::uint64_t version = 0;  // that part's counter
  friend bool operator==(const ModelEntry&, const ModelEntry&) = default;
};

// The smallest and the largest id in a store.
struct GroupRange {
  std::uint64_t first = 0;
  std::uint64_t last = 0;
};

class Store {
 public:
  // kRead: a snapshot of what was acknowledged before it was opened. It takes no lock, writes
  // nothing anywhere, and holds on to the disk space of what the writer deletes meanwhile.
  enum class Mode : std::uint8_t { kWrite, kRead };
  // kWrite: a store of an earlier schema is upgraded in place; kRead: it is read as it is.
  // kMissingFile, kCorrupt, kSchema (written by a later version), kBusy (another writer, or a
  // writer that leaves a reader no time), kDiskFull, kIo.
  static Result<Store> open(const std::string& path, Mode mode, const StoreOptions& options = {});
  ~Store();
  Store(Store&&) noexcept;
  Store& operator=(Store&&) noexcept;

  // Writes whole groups, packed, in one atomic batch; returns the ids of groups that were not there
  // before. A group that is there with the same attempts is left as it is (idempotent); one with
  // others is replaced: what made it was made again, from other settings. After success the groups
  // survive kill -9 (and power loss when `sync`). On failure nothing of the batch is there.
  // kCorrupt: these are no packed groups.
  Result<std::vector<std::uint64_t>> insert(std::string_view packed);

  // kMissingFile: no such group; the message says whether it was evicted.
  Result<AttemptGroup> get(std::uint64_t group) const;
  Result<std::vector<AttemptGroup>> get(std::span<const std::uint64_t> groups) const;
  // Groups from `first` upward in id order until `visit` returns false.
  Status scan(std::uint64_t first, const std::function<bool(const AttemptGroup&)>& visit) const;
  // Ids alone, ascending.
  Result<std::vector<std::uint64_t>> group_ids() const;
  // Nothing: the store is empty.
  Result<std::optional<GroupRange>> group_range() const;
  Status erase(std::span<const std::uint64_t> groups);
  // Erases this group and all with larger ids.
  Status erase_from(std::uint64_t first);

  // The number of a model. The same hash and role always have the same number, and keep the label
  // and version that they were first given; new ones get the next free number. As durable as a
  // group: what names a number is inserted after its row. kUsage: opened with kRead.
  Result<std::uint64_t> model_number(const Sha256& hash, std::string_view role,
                                     std::string_view label, std::uint64_t version);
  // The table of models, ascending by number; empty in a store of schema 1.
  Result<std::vector<ModelEntry>> models() const;

  // A small named value (counters, the run's identity).
  Status put_meta(const std::string& key, const std::string& value);
  Result<std::optional<std::string>> get_meta(const std::string& key) const;

  // kRead: a new snapshot; on failure the old one stays. kWrite: nothing.
  Status refresh();
  Status flush();                    // WAL to the file system, synced
  Result<StoreStats> stats() const;  // scans the store

 private:
  struct Impl;
  explicit Store(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// The store in a run's folder, or the folder itself when it is a store. kMissingFile: neither;
// kIo: it cannot be read.
Result<std::string> store_folder(const std::string& run);

// One record: protobuf bytes of a trajectory (persistence/trajectory.proto).
std::string encode(const Trajectory& trajectory);
Result<Trajectory> decode_trajectory(std::string_view bytes);  // kCorrupt, kSchema

// Groups as bytes, in which they travel and are stored without being encoded again: of each its id,
// its number of attempts and their records, every one behind its length.
std::string pack(std::span<const AttemptGroup> groups);
// kCorrupt: not such bytes; kSchema.
Result<std::vector<AttemptGroup>> unpack(std::string_view packed);

// A packed group whose records are still encoded.
struct PackedGroup {
  std::uint64_t group = 0;
  std::vector<std::string_view> records;  // in order of `sample`
};
// Takes the first group from the bytes; false: they are damaged.
bool take_group(std::string_view& packed, PackedGroup& group);

}  // namespace qstar::persistence

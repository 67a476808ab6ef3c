// The replay store: trajectories on RocksDB, for ever readable, for ever inspectable.
//
// Keys, column families and record are described in docs/store_format.md. One process writes; any
// number follow it live (RocksDB secondary instances) or read it when it is at rest.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/result.hpp"
#include "core/trajectory.hpp"

namespace qstar {

struct StoreOptions {
  bool sync = false;  // fsync before acknowledging (survives power loss, not only kill -9)
};

struct StoreStats {
  std::uint64_t groups = 0;
  std::uint64_t trajectories = 0;
  std::uint64_t steps = 0;
  std::uint64_t wins = 0;   // right answers
  std::uint64_t lucky = 0;  // … with a wrong step
  std::uint64_t bytes_on_disk = 0;
  std::uint32_t schema = 0;
  std::uint64_t min_policy_version = 0;
  std::uint64_t max_policy_version = 0;
};

class Store {
 public:
  enum class Mode : std::uint8_t { kWrite, kRead };  // kRead follows a live writer
  // kMissingFile, kCorrupt, kSchema (written by a later version), kBusy (another writer),
  // kDiskFull.
  static Result<Store> open(const std::string& path, Mode mode, const StoreOptions& options = {});
  ~Store();
  Store(Store&&) noexcept;
  Store& operator=(Store&&) noexcept;

  // Writes whole groups in one atomic batch; returns the ids of groups that were not there before.
  // A group already there is left as it is (idempotent). After success the groups survive kill -9
  // (and power loss when `sync`). On failure nothing of the batch is there.
  Result<std::vector<std::uint64_t>> insert(std::span<const AttemptGroup> groups);

  // kMissingFile: no such group.
  Result<AttemptGroup> get(std::uint64_t group) const;
  Result<std::vector<AttemptGroup>> get(std::span<const std::uint64_t> groups) const;
  // Groups from `first` upward in id order until `visit` returns false.
  Status scan(std::uint64_t first, const std::function<bool(const AttemptGroup&)>& visit) const;
  // Ids alone, ascending.
  Result<std::vector<std::uint64_t>> group_ids() const;
  Status erase(std::span<const std::uint64_t> groups);

  // A small named value (counters, the run's identity).
  Status put_meta(const std::string& key, const std::string& value);
  Result<std::optional<std::string>> get_meta(const std::string& key) const;

  // kRead: catch up with the writer. kWrite: nothing.
  Status refresh();
  Status flush();                    // WAL to the file system, synced
  Result<StoreStats> stats() const;  // scans the store

 private:
  struct Impl;
  explicit Store(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// One record: protobuf bytes of a trajectory (persistence/trajectory.proto).
std::string encode(const Trajectory& trajectory);
Result<Trajectory> decode_trajectory(std::string_view bytes);  // kCorrupt, kSchema

// Groups as length-prefixed records; unpack gives kCorrupt on anything else.
std::string pack(const std::vector<AttemptGroup>& groups);
Result<std::vector<AttemptGroup>> unpack(std::string_view bytes);

}  // namespace qstar

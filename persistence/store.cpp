#include "persistence/store.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <set>

#include "core/files.hpp"
#include "persistence/database.hpp"
#include "persistence/model_table.hpp"

namespace qstar::persistence {
namespace {

// Big-endian, so that keys sort as numbers: 8 bytes group, 4 bytes sample.
std::string key_of(std::uint64_t group, std::uint32_t sample) {
  std::string key(12, '\0');
  for (int i = 0; i < 8; ++i)
    key[static_cast<std::size_t>(i)] = static_cast<char>(group >> (56 - 8 * i));
  for (int i = 0; i < 4; ++i)
    key[static_cast<std::size_t>(8 + i)] = static_cast<char>(sample >> (24 - 8 * i));
  return key;
}

std::uint64_t group_of(const rocksdb::Slice& key) {
  std::uint64_t group = 0;
  for (std::size_t i = 0; i < std::min<std::size_t>(8, key.size()); ++i)
    group = group << 8 | static_cast<unsigned char>(key[i]);
  return group;
}

Error missing_group(const std::string& path, std::uint64_t group,
                    const Result<std::optional<GroupRange>>& range) {
  if (!range) return range.error();
  if (!*range) return {Errc::kMissingFile, fmt::format("{} holds no groups yet", path)};
  const auto [first, last] = **range;
  const auto held = fmt::format("this store holds groups {} to {}", first, last);
  if (group > last) {
    return {Errc::kMissingFile,
            fmt::format("group {} is not in {}, or not yet: {}", group, path, held)};
  }
  if (group < first) {
    return {Errc::kMissingFile,
            fmt::format("group {} is no longer in {}: the replay buffer evicts the oldest groups "
                        "when there are more than store.capacity; {}",
                        group, path, held)};
  }
  return {Errc::kMissingFile,
          fmt::format("group {} is not in {}, although {}: no attempts at it were stored", group,
                      path, held)};
}

// Files that go in the meantime do not count.
std::uint64_t bytes_in(const std::string& folder) {
  std::uint64_t sum = 0;
  const auto names = folder_names(folder);
  for (const auto& name : names.value_or(std::vector<std::string>{})) {
    std::error_code gone;
    const auto size = std::filesystem::file_size(folder + "/" + name, gone);
    if (!gone) sum += size;
  }
  return sum;
}

}  // namespace

struct Store::Impl {
  std::string path;
  Mode mode = Mode::kWrite;
  StoreOptions options;
  std::unique_ptr<Database> database;
  ModelTable models = {};

  rocksdb::DB& db() const { return database->db(); }
  std::unique_ptr<rocksdb::Iterator> attempts() const {
    return std::unique_ptr<rocksdb::Iterator>(db().NewIterator({}, database->attempts()));
  }

  Result<bool> contains(std::uint64_t group) const {
    rocksdb::PinnableSlice ignored;
    const auto status = db().Get({}, database->attempts(), key_of(group, 0), &ignored);
    if (!status.ok() && !status.IsNotFound()) return tl::unexpected(error_of(status, path));
    return status.ok();
  }

  // Whether the group is there with these attempts and no others.
  Result<bool> holds(const PackedGroup& group) const {
    const auto it = attempts();
    std::size_t same = 0;
    for (it->Seek(key_of(group.group, 0)); it->Valid() && group_of(it->key()) == group.group;
         it->Next(), ++same)
      if (same == group.records.size() || it->value().ToStringView() != group.records[same])
        return false;
    if (!it->status().ok()) return tl::unexpected(error_of(it->status(), path));
    return same == group.records.size();
  }

  // The attempt that the iterator is at, to those of its group before it.
  Status add_attempt(const rocksdb::Iterator& at, AttemptGroup& group) const {
    if (at.key().size() != 12)
      return fail(Errc::kCorrupt, path + " holds a key of the wrong length");
    group.group = group_of(at.key());
    auto attempt = decode_trajectory(at.value().ToStringView());
    if (!attempt)
      return fail(attempt.error().code,
                  fmt::format("{}, group {}: {}", path, group.group, attempt.error().message));
    group.attempts.push_back(std::move(*attempt));
    return {};
  }
};

Store::Store(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Store::~Store() = default;
Store::Store(Store&&) noexcept = default;
Store& Store::operator=(Store&&) noexcept = default;

Result<std::string> store_folder(const std::string& run) {
  const auto kind = path_kind(run);
  if (!kind) return tl::unexpected(kind.error());
  if (*kind == PathKind::kNothing)
    return fail(Errc::kMissingFile, fmt::format("there is no run folder {}", run));
  if (*kind != PathKind::kFolder)
    return fail(Errc::kMissingFile,
                fmt::format("{} is a file and holds no store: give a run's folder", run));
  for (const auto& folder : {run, run + "/store"}) {
    const auto current = path_kind(folder + "/CURRENT");
    if (!current) return tl::unexpected(current.error());
    if (*current != PathKind::kNothing) return folder;
  }
  return fail(Errc::kMissingFile, fmt::format("{} holds no store: give a run's folder", run));
}

Result<Store> Store::open(const std::string& path, Mode mode, const StoreOptions& options) {
  auto database = mode == Mode::kWrite ? Database::open_for_writing(path, options)
                                       : Database::open_snapshot(path);
  if (!database) return tl::unexpected(database.error());
  return Store(std::make_unique<Impl>(Impl{path, mode, options, std::move(*database)}));
}

Result<std::vector<std::uint64_t>> Store::insert(std::string_view packed) {
  rocksdb::WriteBatch batch;
  std::vector<std::uint64_t> fresh;
  std::set<std::uint64_t> seen;
  PackedGroup group;
  while (!packed.empty()) {
    if (!take_group(packed, group))
      return fail(Errc::kCorrupt, "attempts to be stored are damaged; nothing was stored");
    if (group.records.empty() || !seen.insert(group.group).second) continue;
    const auto there = impl_->contains(group.group);
    if (!there) return tl::unexpected(there.error());
    if (*there) {
      const auto same = impl_->holds(group);
      if (!same) return tl::unexpected(same.error());
      if (*same) continue;
      batch.DeleteRange(impl_->database->attempts(), key_of(group.group, 0),
                        key_of(group.group + 1, 0));
    }
    for (std::size_t i = 0; i < group.records.size(); ++i)
      batch.Put(impl_->database->attempts(), key_of(group.group, static_cast<std::uint32_t>(i)),
                rocksdb::Slice(group.records[i].data(), group.records[i].size()));
    if (!*there) fresh.push_back(group.group);
  }
  rocksdb::WriteOptions write;
  write.sync = impl_->options.sync;
  const auto status = impl_->db().Write(write, &batch);
  if (!status.ok()) return tl::unexpected(error_of(status, impl_->path));
  return fresh;
}

Result<AttemptGroup> Store::get(std::uint64_t group) const {
  const auto it = impl_->attempts();
  AttemptGroup found{group, {}};
  for (it->Seek(key_of(group, 0)); it->Valid() && group_of(it->key()) == group; it->Next())
    if (auto added = impl_->add_attempt(*it, found); !added) return tl::unexpected(added.error());
  if (!it->status().ok()) return tl::unexpected(error_of(it->status(), impl_->path));
  if (found.attempts.empty())
    return tl::unexpected(missing_group(impl_->path, group, group_range()));
  return found;
}

Result<std::vector<AttemptGroup>> Store::get(std::span<const std::uint64_t> groups) const {
  std::vector<AttemptGroup> all;
  for (const auto group : groups) {
    auto one = get(group);
    if (!one) return tl::unexpected(one.error());
    all.push_back(std::move(*one));
  }
  return all;
}

Status Store::scan(std::uint64_t first,
                   const std::function<bool(const AttemptGroup&)>& visit) const {
  const auto it = impl_->attempts();
  AttemptGroup group;
  for (it->Seek(key_of(first, 0)); it->Valid(); it->Next()) {
    if (!group.attempts.empty() && group_of(it->key()) != group.group) {
      if (!visit(group)) return {};
      group.attempts.clear();
    }
    if (auto added = impl_->add_attempt(*it, group); !added) return added;
  }
  if (!it->status().ok()) return tl::unexpected(error_of(it->status(), impl_->path));
  if (!group.attempts.empty()) visit(group);
  return {};
}

Result<std::vector<std::uint64_t>> Store::group_ids() const {
  const auto it = impl_->attempts();
  std::vector<std::uint64_t> ids;
  for (it->SeekToFirst(); it->Valid(); it->Next()) {
    const auto group = group_of(it->key());
    if (ids.empty() || ids.back() != group) ids.push_back(group);
  }
  if (!it->status().ok()) return tl::unexpected(error_of(it->status(), impl_->path));
  return ids;
}

Result<std::optional<GroupRange>> Store::group_range() const {
  const auto it = impl_->attempts();
  GroupRange range;
  it->SeekToFirst();
  if (it->Valid()) range.first = group_of(it->key());
  if (it->Valid()) it->SeekToLast();
  const bool any = it->Valid();
  if (any) range.last = group_of(it->key());
  if (!it->status().ok()) return tl::unexpected(error_of(it->status(), impl_->path));
  return any ? std::optional(range) : std::nullopt;
}

Status Store::erase_from(std::uint64_t first) {
  const auto range = group_range();
  if (!range) return tl::unexpected(range.error());
  if (!*range || (*range)->last < first) return {};
  rocksdb::WriteBatch batch;
  batch.DeleteRange(impl_->database->attempts(), key_of(first, 0), key_of((*range)->last + 1, 0));
  const auto status = impl_->db().Write({}, &batch);
  if (!status.ok()) return tl::unexpected(error_of(status, impl_->path));
  return {};
}

Status Store::erase(std::span<const std::uint64_t> groups) {
  rocksdb::WriteBatch batch;
  for (const auto group : groups)
    batch.DeleteRange(impl_->database->attempts(), key_of(group, 0), key_of(group + 1, 0));
  const auto status = impl_->db().Write({}, &batch);
  if (!status.ok()) return tl::unexpected(error_of(status, impl_->path));
  return {};
}

Result<std::uint64_t> Store::model_number(const Sha256& hash, std::string_view role,
                                          std::string_view label, std::uint64_t version) {
  if (impl_->mode == Mode::kRead)
    return fail(Errc::kUsage, impl_->path + " is open for reading: it gets no new models");
  ModelEntry entry{0, hash, std::string(role), std::string(label), version};
  return impl_->models.number_of(*impl_->database, std::move(entry), impl_->options.sync);
}

Result<std::vector<ModelEntry>> Store::models() const { return ModelTable::read(*impl_->database); }

Status Store::put_meta(const std::string& key, const std::string& value) {
  const auto status = impl_->db().Put({}, impl_->database->meta(), "user." + key, value);
  if (!status.ok()) return tl::unexpected(error_of(status, impl_->path));
  return {};
}

Result<std::optional<std::string>> Store::get_meta(const std::string& key) const {
  std::string value;
  const auto status = impl_->db().Get({}, impl_->database->meta(), "user." + key, &value);
  if (status.IsNotFound()) return std::optional<std::string>{};
  if (!status.ok()) return tl::unexpected(error_of(status, impl_->path));
  return std::optional<std::string>(std::move(value));
}

Status Store::refresh() {
  if (impl_->mode == Mode::kWrite) return {};
  auto database = Database::open_snapshot(impl_->path);
  if (!database) return tl::unexpected(database.error());
  impl_->database = std::move(*database);
  return {};
}

Status Store::flush() {
  const auto status = impl_->db().FlushWAL(true);
  if (!status.ok()) return tl::unexpected(error_of(status, impl_->path));
  return {};
}

Result<StoreStats> Store::stats() const {
  StoreStats stats;
  stats.schema = impl_->database->schema();
  stats.min_policy_version = ~std::uint64_t{0};
  const auto scanned = scan(0, [&](const AttemptGroup& group) {
    ++stats.groups;
    for (const auto& attempt : group.attempts) {
      ++stats.trajectories;
      stats.steps += attempt.steps.size();
      stats.wins += attempt.win() ? 1 : 0;
      stats.lucky += attempt.outcome == Outcome::kLucky ? 1 : 0;
      for (const auto& step : attempt.steps) {
        stats.min_policy_version = std::min(stats.min_policy_version, step.policy_version);
        stats.max_policy_version = std::max(stats.max_policy_version, step.policy_version);
      }
    }
    return true;
  });
  if (!scanned) return tl::unexpected(scanned.error());
  if (stats.steps == 0) stats.min_policy_version = 0;
  stats.bytes_on_disk = bytes_in(impl_->path);
  return stats;
}

}  // namespace qstar::persistence

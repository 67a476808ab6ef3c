#include "persistence/store.hpp"

#include <fmt/format.h>
#include <rocksdb/db.h>
#include <rocksdb/env.h>
#include <stdlib.h>

#include <filesystem>
#include <set>

namespace qstar {
namespace {

namespace fs = std::filesystem;
constexpr std::uint32_t kStoreSchema = 1;
constexpr const char* kSchemaKey = "schema";
constexpr const char* kAttempts = "attempts";

Error error_of(const rocksdb::Status& status, const std::string& path) {
  const std::string text = status.ToString();
  if (status.IsNoSpace() || text.find("No space left") != std::string::npos) {
    return {Errc::kDiskFull,
            fmt::format("{}: no space left; free some and resume (nothing acknowledged is lost)",
                        path)};
  }
  if (status.IsIOError() && (text.find("lock hold by") != std::string::npos ||
                             text.find("While lock file") != std::string::npos)) {
    return {Errc::kBusy,
            fmt::format(
                "{} is open for writing in another process: wait for it, or choose another --run",
                path)};
  }
  if (status.IsCorruption() || status.IsInvalidArgument()) {
    return {Errc::kCorrupt,
            fmt::format("{} is damaged or no qstar store ({}): restore it, or choose another --run",
                        path, text)};
  }
  return {Errc::kIo, fmt::format("{}: {}", path, text)};
}

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
  for (std::size_t i = 0; i < 8; ++i) group = group << 8 | static_cast<unsigned char>(key[i]);
  return group;
}

// RocksDB says what is wrong in its statuses. Its own log, on the same disk, asserts that no line
// before has failed (7.8): a full disk would end the process.
class NoLog final : public rocksdb::Logger {
 public:
  using rocksdb::Logger::Logv;
  void Logv(const char*, va_list) override {}
};

rocksdb::Options options_for(Store::Mode mode) {
  rocksdb::Options options;
  options.create_if_missing = mode == Store::Mode::kWrite;
  options.create_missing_column_families = mode == Store::Mode::kWrite;
  options.compression = rocksdb::kLZ4Compression;
  options.max_background_jobs = 2;
  options.max_open_files = mode == Store::Mode::kRead ? -1 : 256;
  options.info_log = std::make_shared<NoLog>();
  // A torn end is what kill -9 leaves; damage in the middle is refused, not cut away with all that
  // follows it.
  options.wal_recovery_mode = rocksdb::WALRecoveryMode::kTolerateCorruptedTailRecords;
  return options;
}

}  // namespace

struct Store::Impl {
  std::string path;
  Mode mode = Mode::kWrite;
  StoreOptions options;
  std::string secondary;  // folder of a reader's own files
  std::unique_ptr<rocksdb::DB> db;
  rocksdb::ColumnFamilyHandle* meta = nullptr;
  rocksdb::ColumnFamilyHandle* attempts = nullptr;

  ~Impl() {
    if (db) {
      db->DestroyColumnFamilyHandle(meta);
      db->DestroyColumnFamilyHandle(attempts);
      db.reset();
    }
    std::error_code ignored;
    if (!secondary.empty()) fs::remove_all(secondary, ignored);
  }

  Status open() {
    const std::vector<rocksdb::ColumnFamilyDescriptor> families = {
        {rocksdb::kDefaultColumnFamilyName, rocksdb::ColumnFamilyOptions(options_for(mode))},
        {kAttempts, rocksdb::ColumnFamilyOptions(options_for(mode))}};
    std::vector<rocksdb::ColumnFamilyHandle*> handles;
    rocksdb::DB* raw = nullptr;
    rocksdb::Status status;
    if (mode == Mode::kWrite) {
      status = rocksdb::DB::Open(options_for(mode), path, families, &handles, &raw);
    } else {
      std::string folder = (fs::temp_directory_path() / "qstar-reader-XXXXXX").string();
      if (::mkdtemp(folder.data()) == nullptr) return fail(Errc::kIo, "cannot make " + folder);
      secondary = folder;
      status = look(families);
      if (status.ok())
        status = rocksdb::DB::OpenAsSecondary(options_for(mode), path, secondary, families,
                                              &handles, &raw);
    }
    if (!status.ok()) return tl::unexpected(error_of(status, path));
    db.reset(raw);
    meta = handles[0];
    attempts = handles[1];
    return check_schema();
  }

  // A secondary takes a table file that is damaged or gone for one that the writer has replaced,
  // and shows less without a word. A frozen view of the same files does not; it is tried again,
  // since a live writer may replace a file just then.
  rocksdb::Status look(const std::vector<rocksdb::ColumnFamilyDescriptor>& families) const {
    rocksdb::Status status;
    for (int tries = 0; tries < 3; ++tries) {
      std::vector<rocksdb::ColumnFamilyHandle*> handles;
      rocksdb::DB* raw = nullptr;
      status = rocksdb::DB::OpenForReadOnly(options_for(mode), path, families, &handles, &raw);
      if (!status.ok()) continue;
      const std::unique_ptr<rocksdb::DB> frozen(raw);
      for (auto* handle : handles) frozen->DestroyColumnFamilyHandle(handle);
      break;
    }
    return status;
  }

  Status check_schema() {
    std::string value;
    const auto status = db->Get({}, meta, kSchemaKey, &value);
    if (status.IsNotFound() && mode == Mode::kWrite) {
      rocksdb::WriteOptions durable;
      durable.sync = true;
      const auto put = db->Put(durable, meta, kSchemaKey, std::to_string(kStoreSchema));
      if (!put.ok()) return tl::unexpected(error_of(put, path));
      return {};
    }
    if (!status.ok()) {
      return fail(status.IsNotFound() ? Errc::kMissingFile : Errc::kCorrupt,
                  fmt::format("{} is no qstar store, or one that was only just begun", path));
    }
    const auto schema = std::strtoul(value.c_str(), nullptr, 10);
    if (schema > kStoreSchema) {
      return fail(Errc::kSchema,
                  fmt::format("{} has schema {}, this qstar reads up to {}: use a later qstar",
                              path, schema, kStoreSchema));
    }
    if (schema == 0)
      return fail(Errc::kCorrupt, fmt::format("{} has the unreadable schema '{}'", path, value));
    return {};
  }

  Result<bool> contains(std::uint64_t group) const {
    rocksdb::PinnableSlice ignored;
    const auto status = db->Get({}, attempts, key_of(group, 0), &ignored);
    if (!status.ok() && !status.IsNotFound()) return tl::unexpected(error_of(status, path));
    return status.ok();
  }
};

Store::Store(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Store::~Store() = default;
Store::Store(Store&&) noexcept = default;
Store& Store::operator=(Store&&) noexcept = default;

Result<Store> Store::open(const std::string& path, Mode mode, const StoreOptions& options) {
  if (mode == Mode::kRead && !fs::exists(path + "/CURRENT")) {
    return fail(Errc::kMissingFile,
                fmt::format("{} holds no store: give a run's store/ directory", path));
  }
  std::error_code error;
  if (mode == Mode::kWrite) fs::create_directories(path, error);
  if (error) return fail(Errc::kIo, fmt::format("cannot make {}: {}", path, error.message()));
  auto impl = std::make_unique<Impl>();
  impl->path = path;
  impl->mode = mode;
  impl->options = options;
  if (auto opened = impl->open(); !opened) return tl::unexpected(opened.error());
  return Store(std::move(impl));
}

Result<std::vector<std::uint64_t>> Store::insert(std::span<const AttemptGroup> groups) {
  rocksdb::WriteBatch batch;
  std::vector<std::uint64_t> fresh;
  std::set<std::uint64_t> seen;
  for (const auto& group : groups) {
    if (group.attempts.empty() || !seen.insert(group.group).second) continue;
    const auto there = impl_->contains(group.group);
    if (!there) return tl::unexpected(there.error());
    if (*there) continue;
    for (std::size_t i = 0; i < group.attempts.size(); ++i) {
      batch.Put(impl_->attempts, key_of(group.group, static_cast<std::uint32_t>(i)),
                encode(group.attempts[i]));
    }
    fresh.push_back(group.group);
  }
  rocksdb::WriteOptions write;
  write.sync = impl_->options.sync;
  const auto status = impl_->db->Write(write, &batch);
  if (!status.ok()) return tl::unexpected(error_of(status, impl_->path));
  return fresh;
}

Result<AttemptGroup> Store::get(std::uint64_t group) const {
  AttemptGroup found{group, {}};
  Status status;
  const auto scanned = scan(group, [&](const AttemptGroup& next) {
    if (next.group == group) found = next;
    return false;
  });
  if (!scanned) return tl::unexpected(scanned.error());
  if (found.attempts.empty())
    return fail(Errc::kMissingFile, fmt::format("{} holds no group {}", impl_->path, group));
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
  const std::unique_ptr<rocksdb::Iterator> it(impl_->db->NewIterator({}, impl_->attempts));
  AttemptGroup group;
  for (it->Seek(key_of(first, 0)); it->Valid(); it->Next()) {
    if (it->key().size() != 12)
      return fail(Errc::kCorrupt, impl_->path + " holds a key of the wrong length");
    const auto number = group_of(it->key());
    if (!group.attempts.empty() && number != group.group) {
      if (!visit(group)) return {};
      group.attempts.clear();
    }
    auto attempt = decode_trajectory(it->value().ToStringView());
    if (!attempt)
      return fail(attempt.error().code,
                  fmt::format("{}, group {}: {}", impl_->path, number, attempt.error().message));
    group.group = number;
    group.attempts.push_back(std::move(*attempt));
  }
  if (!it->status().ok()) return tl::unexpected(error_of(it->status(), impl_->path));
  if (!group.attempts.empty()) visit(group);
  return {};
}

Result<std::vector<std::uint64_t>> Store::group_ids() const {
  const std::unique_ptr<rocksdb::Iterator> it(impl_->db->NewIterator({}, impl_->attempts));
  std::vector<std::uint64_t> ids;
  for (it->SeekToFirst(); it->Valid(); it->Next()) {
    const auto group = group_of(it->key());
    if (ids.empty() || ids.back() != group) ids.push_back(group);
  }
  if (!it->status().ok()) return tl::unexpected(error_of(it->status(), impl_->path));
  return ids;
}

Status Store::erase(std::span<const std::uint64_t> groups) {
  rocksdb::WriteBatch batch;
  for (const auto group : groups)
    batch.DeleteRange(impl_->attempts, key_of(group, 0), key_of(group + 1, 0));
  const auto status = impl_->db->Write({}, &batch);
  if (!status.ok()) return tl::unexpected(error_of(status, impl_->path));
  return {};
}

Status Store::put_meta(const std::string& key, const std::string& value) {
  const auto status = impl_->db->Put({}, impl_->meta, "user." + key, value);
  if (!status.ok()) return tl::unexpected(error_of(status, impl_->path));
  return {};
}

Result<std::optional<std::string>> Store::get_meta(const std::string& key) const {
  std::string value;
  const auto status = impl_->db->Get({}, impl_->meta, "user." + key, &value);
  if (status.IsNotFound()) return std::optional<std::string>{};
  if (!status.ok()) return tl::unexpected(error_of(status, impl_->path));
  return std::optional<std::string>(std::move(value));
}

Status Store::refresh() {
  if (impl_->mode == Mode::kWrite) return {};
  const auto status = impl_->db->TryCatchUpWithPrimary();
  if (!status.ok()) return tl::unexpected(error_of(status, impl_->path));
  return {};
}

Status Store::flush() {
  const auto status = impl_->db->FlushWAL(true);
  if (!status.ok()) return tl::unexpected(error_of(status, impl_->path));
  return {};
}

Result<StoreStats> Store::stats() const {
  StoreStats stats;
  stats.schema = kStoreSchema;
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
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(impl_->path, ignored)) {
    const auto size = entry.file_size(ignored);
    if (!ignored) stats.bytes_on_disk += size;
  }
  return stats;
}

}  // namespace qstar

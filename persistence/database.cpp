#include "persistence/database.hpp"

#include <fmt/format.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <set>
#include <thread>
#include <vector>

#include "core/printable.hpp"
#include "core/files.hpp"
#include "persistence/frozen_file_system.hpp"

namespace qstar::persistence {
namespace {

using Clock = std::chrono::steady_clock;
constexpr const char* kSchemaKey = "schema";
constexpr const char* kAttempts = "attempts";
constexpr const char* kModels = "models";
constexpr std::chrono::seconds kPatience{3};  // beside a live writer
constexpr std::chrono::milliseconds kFirstDelay{1}, kLongestDelay{100};

// RocksDB says what is wrong in its statuses. Its own log, on the same disk, asserts that no line
// before has failed (7.8): a full disk would end the process.
class NoLog final : public rocksdb::Logger {
 public:
  using rocksdb::Logger::Logv;
  void Logv(const char*, va_list) override {}
};

rocksdb::Options common_options() {
  rocksdb::Options options;
  options.compression = rocksdb::kLZ4Compression;
  options.max_background_jobs = 2;
  options.info_log = std::make_shared<NoLog>();
  // A torn end is what kill -9 leaves; damage in the middle is refused, not cut away with all that
  // follows it.
  options.wal_recovery_mode = rocksdb::WALRecoveryMode::kTolerateCorruptedTailRecords;
  return options;
}

rocksdb::Options writer_options(const StoreOptions& store) {
  rocksdb::Options options = common_options();
  options.create_if_missing = !store.must_exist;
  options.create_missing_column_families = !store.must_exist;
  options.max_open_files = 256;
  options.max_file_opening_threads = 1;
  // All families go into tables together: none holds on to the logs of the others, and a reader
  // sees all of them at the same moment.
  options.atomic_flush = true;
  options.write_buffer_size = static_cast<std::size_t>(store.write_buffer_bytes);
  return options;
}

// All tables are opened at once, so that one that is damaged or missing is noticed here.
rocksdb::Options reader_options(rocksdb::Env* snapshot) {
  rocksdb::Options options = common_options();
  options.max_open_files = -1;
  options.max_file_opening_threads = 1;  // RocksDB 7.8 aborts when it cannot start one
  options.env = snapshot;
  return options;
}

// Those that are there, also such of a later schema, whose number is then read and refused.
std::vector<rocksdb::ColumnFamilyDescriptor> families(const rocksdb::Options& options,
                                                      const std::vector<std::string>& there) {
  std::set<std::string> names(there.begin(), there.end());
  names.insert({rocksdb::kDefaultColumnFamilyName, kAttempts});
  std::vector<rocksdb::ColumnFamilyDescriptor> all;
  for (const auto& name : names) all.emplace_back(name, rocksdb::ColumnFamilyOptions(options));
  return all;
}

// A writer that adds and deletes files makes these errors come and go.
bool may_pass(const Error& error) {
  return error.code == Errc::kCorrupt || error.code == Errc::kMissingFile;
}

Error busy(const std::string& path, const Error& last) {
  return {Errc::kBusy,
          fmt::format("{} is being written to and could not be read within {} s ({}): try again, "
                      "or wait until the run has ended",
                      path, kPatience.count(), last.message)};
}

}  // namespace

Error error_of(const rocksdb::Status& status, const std::string& path) {
  const std::string text = printable(status.ToString());
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
  if (status.IsCorruption() || status.IsInvalidArgument() || status.IsPathNotFound()) {
    return {
        Errc::kCorrupt,
        fmt::format("{} is damaged or not a qstar store ({}): restore it, or choose another --run",
                    path, text)};
  }
  return {Errc::kIo, fmt::format("{}: {}", path, text)};
}

Database::~Database() {
  if (!db_) return;
  for (auto* handle : handles_) db_->DestroyColumnFamilyHandle(handle);
}

void Database::take(rocksdb::DB* db, const std::vector<rocksdb::ColumnFamilyHandle*>& handles) {
  db_.reset(db);
  handles_ = handles;
  for (auto* handle : handles) {
    if (handle->GetName() == rocksdb::kDefaultColumnFamilyName) meta_ = handle;
    if (handle->GetName() == kAttempts) attempts_ = handle;
    if (handle->GetName() == kModels) models_ = handle;
  }
}

Result<std::unique_ptr<Database>> Database::open_for_writing(const std::string& path,
                                                             const StoreOptions& store) {
  const auto current = path_kind(path + "/CURRENT");
  if (!current) return tl::unexpected(current.error());
  const bool is_new = *current == PathKind::kNothing;
  if (store.must_exist && is_new) {
    return fail(Errc::kMissingFile,
                fmt::format("{} is missing: restore it, or begin the run again", path));
  }
  std::error_code error;
  std::filesystem::create_directories(path, error);
  if (error) return fail(Errc::kIo, fmt::format("cannot create {}: {}", path, error.message()));
  auto database = std::make_unique<Database>(path);
  database->mark_ = std::make_unique<WriterMark>(path);
  const auto options = writer_options(store);
  std::vector<std::string> there;
  // What is wrong is reported by Open, which takes the lock first: it may be another writer.
  if (!is_new) rocksdb::DB::ListColumnFamilies(options, path, &there).PermitUncheckedError();
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  rocksdb::DB* raw = nullptr;
  const auto status = rocksdb::DB::Open(options, path, families(options, there), &handles, &raw);
  if (!status.ok()) return tl::unexpected(error_of(status, path));
  database->take(raw, handles);
  if (auto read = database->read_schema(); !read) return tl::unexpected(read.error());
  if (auto upgraded = database->upgrade(options); !upgraded)
    return tl::unexpected(upgraded.error());
  return database;
}

Result<std::unique_ptr<Database>> Database::try_snapshot(const std::string& path,
                                                         std::string& seen) {
  auto files = freeze_files(path);
  seen = files ? fingerprint(*files) : files.error().message;
  if (!files) return tl::unexpected(files.error());
  auto database = std::make_unique<Database>(path);
  database->snapshot_ = environment_of(std::move(*files));
  const auto options = reader_options(database->snapshot_.get());
  std::vector<std::string> there;
  auto status = rocksdb::DB::ListColumnFamilies(options, path, &there);
  if (!status.ok()) return tl::unexpected(error_of(status, path));
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  rocksdb::DB* raw = nullptr;
  status = rocksdb::DB::OpenForReadOnly(options, path, families(options, there), &handles, &raw);
  if (!status.ok()) return tl::unexpected(error_of(status, path));
  database->take(raw, handles);
  if (auto read = database->read_schema(); !read) return tl::unexpected(read.error());
  if (database->schema_ == 0) {
    return fail(Errc::kMissingFile,
                fmt::format("{} is not a qstar store, or one that was only just created", path));
  }
  return database;
}

// At rest, an error that comes twice over the same files is the truth about them.
Result<std::unique_ptr<Database>> Database::open_snapshot(const std::string& path) {
  const auto deadline = Clock::now() + kPatience;
  std::string before;
  for (auto delay = kFirstDelay;; delay = std::min(2 * delay, kLongestDelay)) {
    const bool live = has_writer(path);  // asked first: it may close the store meanwhile
    std::string seen;
    auto database = try_snapshot(path, seen);
    if (database || !may_pass(database.error())) return database;
    if (!live && seen == before) return database;
    if (Clock::now() > deadline) return tl::unexpected(busy(path, database.error()));
    before = live ? std::string() : seen;
    std::this_thread::sleep_for(delay);
  }
}

Status Database::read_schema() {
  std::string text;
  const auto status = db_->Get({}, meta_, kSchemaKey, &text);
  if (status.IsNotFound()) return {};
  if (!status.ok()) return tl::unexpected(error_of(status, path_));
  const auto schema = std::strtoul(text.c_str(), nullptr, 10);
  if (schema > kStoreSchema) {
    return fail(Errc::kSchema,
                fmt::format("{} has schema {}, this qstar reads up to {}: use a later qstar", path_,
                            schema, kStoreSchema));
  }
  if (schema == 0) {
    return fail(Errc::kCorrupt,
                fmt::format("{} has the unreadable schema '{}'", path_, printable(text)));
  }
  schema_ = static_cast<std::uint32_t>(schema);
  return {};
}

// A kill before the schema is written leaves a store of the earlier schema, whose readers ignore
// the new family; the next writer continues here.
Status Database::upgrade(const rocksdb::Options& options) {
  if (models_ == nullptr) {
    const auto created = db_->CreateColumnFamily(options, kModels, &models_);
    if (!created.ok()) return tl::unexpected(error_of(created, path_));
    handles_.push_back(models_);
  }
  return schema_ == kStoreSchema ? Status{} : write_schema();
}

Status Database::write_schema() {
  rocksdb::WriteOptions durable;
  durable.sync = true;
  const auto put = db_->Put(durable, meta_, kSchemaKey, std::to_string(kStoreSchema));
  if (!put.ok()) return tl::unexpected(error_of(put, path_));
  // In a table; else all logs would be kept for this one key, and read by every reader.
  rocksdb::FlushOptions in_background;
  in_background.wait = false;
  const auto flushed = db_->Flush(in_background, meta_);
  if (!flushed.ok()) return tl::unexpected(error_of(flushed, path_));
  schema_ = kStoreSchema;
  return {};
}

}  // namespace qstar::persistence

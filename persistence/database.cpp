#include "persistence/database.hpp"

#include <fmt/format.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <thread>
#include <vector>

#include "core/printable.hpp"
#include "core/files.hpp"
#include "persistence/frozen_file_system.hpp"

namespace qstar {
namespace {

using Clock = std::chrono::steady_clock;
constexpr const char* kSchemaKey = "schema";
constexpr const char* kAttempts = "attempts";
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

std::vector<rocksdb::ColumnFamilyDescriptor> families(const rocksdb::Options& options) {
  return {{rocksdb::kDefaultColumnFamilyName, rocksdb::ColumnFamilyOptions(options)},
          {kAttempts, rocksdb::ColumnFamilyOptions(options)}};
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
  db_->DestroyColumnFamilyHandle(meta_);
  db_->DestroyColumnFamilyHandle(attempts_);
}

Result<std::unique_ptr<Database>> Database::open_for_writing(const std::string& path,
                                                             const StoreOptions& store) {
  const auto current = path_kind(path + "/CURRENT");
  if (!current) return tl::unexpected(current.error());
  if (store.must_exist && *current == PathKind::kNothing) {
    return fail(Errc::kMissingFile,
                fmt::format("{} is missing: restore it, or begin the run again", path));
  }
  std::error_code error;
  std::filesystem::create_directories(path, error);
  if (error) return fail(Errc::kIo, fmt::format("cannot create {}: {}", path, error.message()));
  auto database = std::make_unique<Database>(path);
  database->mark_ = std::make_unique<WriterMark>(path);
  const auto options = writer_options(store);
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  rocksdb::DB* raw = nullptr;
  const auto status = rocksdb::DB::Open(options, path, families(options), &handles, &raw);
  if (!status.ok()) return tl::unexpected(error_of(status, path));
  database->db_.reset(raw);
  database->meta_ = handles[0];
  database->attempts_ = handles[1];
  const auto schema = database->schema();
  if (!schema && schema.error().code != Errc::kMissingFile) return tl::unexpected(schema.error());
  const auto checked = schema ? database->check_schema(*schema) : database->begin_schema();
  if (!checked) return tl::unexpected(checked.error());
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
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  rocksdb::DB* raw = nullptr;
  const auto status =
      rocksdb::DB::OpenForReadOnly(options, path, families(options), &handles, &raw);
  if (!status.ok()) return tl::unexpected(error_of(status, path));
  database->db_.reset(raw);
  database->meta_ = handles[0];
  database->attempts_ = handles[1];
  const auto schema = database->schema();
  if (!schema) return tl::unexpected(schema.error());
  if (auto checked = database->check_schema(*schema); !checked)
    return tl::unexpected(checked.error());
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

// kMissingFile: there is none yet.
Result<std::string> Database::schema() const {
  std::string value;
  const auto status = db_->Get({}, meta_, kSchemaKey, &value);
  if (status.ok()) return value;
  if (!status.IsNotFound()) return tl::unexpected(error_of(status, path_));
  return fail(Errc::kMissingFile,
              fmt::format("{} is not a qstar store, or one that was only just created", path_));
}

Status Database::check_schema(const std::string& text) const {
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
  return {};
}

Status Database::begin_schema() {
  rocksdb::WriteOptions durable;
  durable.sync = true;
  const auto put = db_->Put(durable, meta_, kSchemaKey, std::to_string(kStoreSchema));
  if (!put.ok()) return tl::unexpected(error_of(put, path_));
  // In a table; else all logs would be kept for this one key, and read by every reader.
  rocksdb::FlushOptions in_background;
  in_background.wait = false;
  const auto flushed = db_->Flush(in_background, meta_);
  if (!flushed.ok()) return tl::unexpected(error_of(flushed, path_));
  return {};
}

}  // namespace qstar

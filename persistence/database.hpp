// The RocksDB database of a store: opening it for writing, or as a snapshot of a live one.
//
// Readers do not use RocksDB's secondary instances: those miss what was flushed between their
// reading of the MANIFEST and of the log. docs/decisions/live_readers.md.
#pragma once

#include <rocksdb/db.h>

#include <memory>
#include <string>
#include <vector>

#include "core/result.hpp"
#include "persistence/store.hpp"
#include "persistence/writer_lock.hpp"

namespace qstar::persistence {

inline constexpr std::uint32_t kStoreSchema = 2;

// What a failed operation of RocksDB means to the user.
Error error_of(const rocksdb::Status& status, const std::string& path);

class Database {
 public:
  // Creates what is missing, and upgrades a store of an earlier schema. Errors as of Store::open.
  static Result<std::unique_ptr<Database>> open_for_writing(const std::string& path,
                                                            const StoreOptions& options);
  // All groups that were acknowledged before the call, and those written up to one moment while it
  // opens. kBusy: it did not succeed for seconds beside a live writer; kCorrupt only when the store
  // is at rest.
  static Result<std::unique_ptr<Database>> open_snapshot(const std::string& path);
  explicit Database(std::string path) : path_(std::move(path)) {}  // not yet open
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  const std::string& path() const { return path_; }
  rocksdb::DB& db() { return *db_; }
  std::uint32_t schema() const { return schema_; }
  rocksdb::ColumnFamilyHandle* meta() { return meta_; }
  rocksdb::ColumnFamilyHandle* attempts() { return attempts_; }
  // Null in a store of schema 1, which only a reader sees.
  rocksdb::ColumnFamilyHandle* models() { return models_; }

 private:
  static Result<std::unique_ptr<Database>> try_snapshot(const std::string& path,
                                                        std::string& fingerprint);
  void take(rocksdb::DB* db, const std::vector<rocksdb::ColumnFamilyHandle*>& handles);
  Status read_schema();
  Status upgrade(const rocksdb::Options& options);
  Status write_schema();

  std::string path_;
  std::unique_ptr<WriterMark> mark_;        // of a writer
  std::unique_ptr<rocksdb::Env> snapshot_;  // of a reader
  std::unique_ptr<rocksdb::DB> db_;
  std::vector<rocksdb::ColumnFamilyHandle*> handles_;  // of all families
  rocksdb::ColumnFamilyHandle* meta_ = nullptr;
  rocksdb::ColumnFamilyHandle* attempts_ = nullptr;
  rocksdb::ColumnFamilyHandle* models_ = nullptr;
  std::uint32_t schema_ = 0;  // 0: not written yet
};

}  // namespace qstar::persistence

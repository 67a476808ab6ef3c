// The RocksDB database of a store: opening it for writing, or as a snapshot of a live one.
//
// Readers do not use RocksDB's secondary instances: those miss what was flushed between their
// reading of the MANIFEST and of the log. docs/decisions/live_readers.md.
#pragma once

#include <rocksdb/db.h>

#include <memory>
#include <string>

#include "core/result.hpp"
#include "persistence/store.hpp"
#include "persistence/writer_lock.hpp"

namespace qstar {

inline constexpr std::uint32_t kStoreSchema = 1;

// What a failed operation of RocksDB means to the user.
Error error_of(const rocksdb::Status& status, const std::string& path);

class Database {
 public:
  // Creates what is missing, and writes the schema into a new one. Errors as of Store::open.
  static Result<std::unique_ptr<Database>> open_for_writing(const std::string& path,
                                                            const StoreOptions& options);
  // All groups that were acknowledged before the call, and those written up to one moment while it
  // opens. The two column families may differ by what is written in that time. kBusy: it did not
  // succeed for seconds beside a live writer; kCorrupt only when the store is at rest.
  static Result<std::unique_ptr<Database>> open_snapshot(const std::string& path);
  explicit Database(std::string path) : path_(std::move(path)) {}  // not yet open
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  rocksdb::DB& db() { return *db_; }
  rocksdb::ColumnFamilyHandle* meta() { return meta_; }
  rocksdb::ColumnFamilyHandle* attempts() { return attempts_; }

 private:
  static Result<std::unique_ptr<Database>> try_snapshot(const std::string& path,
                                                        std::string& fingerprint);
  Result<std::string> schema() const;
  Status check_schema(const std::string& schema) const;
  Status begin_schema();

  std::string path_;
  std::unique_ptr<WriterMark> mark_;        // of a writer
  std::unique_ptr<rocksdb::Env> snapshot_;  // of a reader
  std::unique_ptr<rocksdb::DB> db_;
  rocksdb::ColumnFamilyHandle* meta_ = nullptr;
  rocksdb::ColumnFamilyHandle* attempts_ = nullptr;
};

}  // namespace qstar

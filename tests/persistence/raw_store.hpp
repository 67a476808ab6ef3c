// A store as RocksDB sees it: for tests that make the states that another version leaves.
#pragma once

#include <rocksdb/db.h>

#include <catch2/catch.hpp>
#include <memory>
#include <string>
#include <vector>

namespace qstar {

class RawStore {
 public:
  explicit RawStore(const std::string& path) {
    std::vector<std::string> names;
    REQUIRE(rocksdb::DB::ListColumnFamilies({}, path, &names).ok());
    std::vector<rocksdb::ColumnFamilyDescriptor> families;
    for (const auto& name : names) families.emplace_back(name, rocksdb::ColumnFamilyOptions());
    rocksdb::DB* raw = nullptr;
    REQUIRE(rocksdb::DB::Open({}, path, families, &handles_, &raw).ok());
    db_.reset(raw);
  }
  ~RawStore() {
    for (auto* handle : handles_) db_->DestroyColumnFamilyHandle(handle);
  }
  RawStore(const RawStore&) = delete;
  RawStore& operator=(const RawStore&) = delete;

  void create_family(const std::string& name) {
    handles_.push_back(nullptr);
    REQUIRE(db_->CreateColumnFamily({}, name, &handles_.back()).ok());
  }
  void put(const std::string& key, const std::string& value,
           const std::string& family = rocksdb::kDefaultColumnFamilyName) {
    for (auto* handle : handles_)
      if (handle->GetName() == family) REQUIRE(db_->Put({}, handle, key, value).ok());
  }
  std::vector<std::string> families() const {
    std::vector<std::string> names;
    for (auto* handle : handles_) names.push_back(handle->GetName());
    return names;
  }

 private:
  std::unique_ptr<rocksdb::DB> db_;
  std::vector<rocksdb::ColumnFamilyHandle*> handles_;
};

}  // namespace qstar

#include "persistence/model_table.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "trajectory.pb.h"

namespace qstar::persistence {
namespace {

// Big-endian, so that keys sort as numbers.
std::string key_of(std::uint64_t number) {
  std::string key(8, '\0');
  for (std::size_t i = 0; i < 8; ++i) key[i] = static_cast<char>(number >> (56 - 8 * i));
  return key;
}

// 0, which no row has, for a key of another length.
std::uint64_t number_at(const rocksdb::Slice& key) {
  std::uint64_t number = 0;
  for (std::size_t i = 0; key.size() == 8 && i < 8; ++i)
    number = number << 8 | static_cast<unsigned char>(key[i]);
  return number;
}

std::string encode(const ModelEntry& entry) {
  record::Model out;
  out.set_sha256(entry.hash.bytes.data(), entry.hash.bytes.size());
  out.set_role(entry.role);
  out.set_label(entry.label);
  out.set_version(entry.version);
  return out.SerializeAsString();
}

Result<ModelEntry> decode(const rocksdb::Slice& key, const rocksdb::Slice& value,
                          const std::string& path) {
  record::Model in;
  ModelEntry entry;
  entry.number = number_at(key);
  if (entry.number == 0 || !in.ParseFromArray(value.data(), static_cast<int>(value.size())) ||
      in.sha256().size() != entry.hash.bytes.size()) {
    return fail(Errc::kCorrupt,
                fmt::format("{}: row {} of its table of models is damaged: restore the store, or "
                            "choose another --run",
                            path, entry.number));
  }
  std::ranges::copy(in.sha256(), entry.hash.bytes.begin());
  entry.role = in.role();
  entry.label = in.label();
  entry.version = in.version();
  return entry;
}

}  // namespace

Result<std::vector<ModelEntry>> ModelTable::read(Database& database) {
  std::vector<ModelEntry> entries;
  if (database.models() == nullptr) return entries;
  const std::unique_ptr<rocksdb::Iterator> it(database.db().NewIterator({}, database.models()));
  for (it->SeekToFirst(); it->Valid(); it->Next()) {
    auto entry = decode(it->key(), it->value(), database.path());
    if (!entry) return tl::unexpected(entry.error());
    entries.push_back(std::move(*entry));
  }
  if (!it->status().ok()) return tl::unexpected(error_of(it->status(), database.path()));
  return entries;
}

Result<std::uint64_t> ModelTable::number_of(Database& database, ModelEntry entry, bool sync) {
  if (!numbers_) {
    const auto entries = read(database);
    if (!entries) return tl::unexpected(entries.error());
    numbers_.emplace();
    for (const auto& known : *entries)
      numbers_->emplace(Name{known.hash, known.role}, known.number);
    last_ = entries->empty() ? 0 : entries->back().number;
  }
  Name name{entry.hash, entry.role};
  if (const auto found = numbers_->find(name); found != numbers_->end()) return found->second;
  rocksdb::WriteOptions write;
  write.sync = sync;
  const auto status = database.db().Put(write, database.models(), key_of(last_ + 1), encode(entry));
  if (!status.ok()) return tl::unexpected(error_of(status, database.path()));
  numbers_->emplace(std::move(name), ++last_);
  return last_;
}

}  // namespace qstar::persistence

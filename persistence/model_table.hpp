// The store's table of models: small numbers in place of hashes in every step.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "persistence/database.hpp"

namespace qstar::persistence {

class ModelTable {
 public:
  // Ascending by number. kCorrupt: a row is damaged; kIo.
  static Result<std::vector<ModelEntry>> read(Database& database);
  // As Store::model_number; entry.number is ignored.
  Result<std::uint64_t> number_of(Database& database, ModelEntry entry, bool sync);

 private:
  using Name = std::pair<Sha256, std::string>;            // hash and role
  std::optional<std::map<Name, std::uint64_t>> numbers_;  // what the table holds; read when needed
  std::uint64_t last_ = 0;
};

}  // namespace qstar::persistence

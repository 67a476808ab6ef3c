// Writes a schema number into a store: set_schema STORE NUMBER. What a later qstar would have done.
#include <rocksdb/db.h>

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  rocksdb::DB* db = nullptr;
  std::vector<rocksdb::ColumnFamilyHandle*> families;
  std::vector<std::string> names;
  if (!rocksdb::DB::ListColumnFamilies({}, argv[1], &names).ok()) return 1;
  std::vector<rocksdb::ColumnFamilyDescriptor> there;
  for (const auto& name : names) there.push_back({name, {}});
  if (!rocksdb::DB::Open({}, argv[1], there, &families, &db).ok()) return 1;
  const bool written = db->Put({}, families[0], "schema", argv[2]).ok();
  for (auto* family : families) db->DestroyColumnFamilyHandle(family);
  delete db;
  return written ? 0 : 1;
}

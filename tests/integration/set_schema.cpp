// Writes a schema number into a store: set_schema STORE NUMBER. What a later qstar would have done.
#include <rocksdb/db.h>

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  rocksdb::DB* db = nullptr;
  std::vector<rocksdb::ColumnFamilyHandle*> families;
  const auto opened = rocksdb::DB::Open(
      {}, argv[1], {{rocksdb::kDefaultColumnFamilyName, {}}, {"attempts", {}}}, &families, &db);
  if (!opened.ok()) return 1;
  const bool written = db->Put({}, families[0], "schema", argv[2]).ok();
  for (auto* family : families) db->DestroyColumnFamilyHandle(family);
  delete db;
  return written ? 0 : 1;
}

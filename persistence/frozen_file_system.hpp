// RocksDB's view of frozen files: a file system that holds them and nothing else.
//
// Nothing can be written, renamed or deleted through it, whatever RocksDB wants to tidy up.
#pragma once

#include <rocksdb/env.h>

#include <memory>

#include "persistence/frozen_files.hpp"

namespace qstar::persistence {

// Files are found by the last part of their path. The environment has to outlive the database.
std::unique_ptr<rocksdb::Env> environment_of(FrozenFiles files);

}  // namespace qstar::persistence

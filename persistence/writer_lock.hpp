// Whether a process has a store open for writing.
//
// RocksDB holds a POSIX record lock on the file LOCK of an open database. Such a lock has two
// traps: a process does not see its own locks, and it loses them all when it closes any
// descriptor of the file. The folders that this process writes to are therefore kept in a list,
// and LOCK is opened only when the folder is not in it.
#pragma once

#include <sys/types.h>

#include <string>
#include <utility>

namespace qstar::persistence {

// Keeps a folder in the list of those that this process writes to, from before the database is
// opened until after it is closed.
class WriterMark {
 public:
  explicit WriterMark(const std::string& folder);
  ~WriterMark();
  WriterMark(const WriterMark&) = delete;
  WriterMark& operator=(const WriterMark&) = delete;

 private:
  std::pair<dev_t, ino_t> folder_;
};

// True when a process of this machine, this one included, has the database in the folder open for
// writing. False when nothing can be said, as of a writer on another machine.
bool has_writer(const std::string& folder);

}  // namespace qstar::persistence

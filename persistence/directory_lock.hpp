// The lock of a run's directory.
#pragma once

#include <string>

#include "core/result.hpp"

namespace qstar::persistence {

// An exclusive lock on a run directory, held until destruction; kBusy names the holder's process
// id.
class DirectoryLock {
 public:
  static Result<DirectoryLock> acquire(const std::string& directory);
  ~DirectoryLock();
  DirectoryLock(DirectoryLock&& other) noexcept;
  DirectoryLock& operator=(DirectoryLock&&) = delete;

 private:
  explicit DirectoryLock(int fd) : fd_(fd) {}
  int fd_;
};

}  // namespace qstar::persistence

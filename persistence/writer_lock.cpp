#include "persistence/writer_lock.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <mutex>
#include <set>

namespace qstar::persistence {
namespace {

using FolderId = std::pair<dev_t, ino_t>;

// Names are no help: one folder has several.
FolderId id_of(const std::string& folder) {
  struct stat status {};
  if (::stat(folder.c_str(), &status) != 0) return {};
  return {status.st_dev, status.st_ino};
}

struct OpenHere {
  std::mutex mutex;
  std::multiset<FolderId> folders;
};

OpenHere& open_here() {
  static OpenHere all;
  return all;
}

bool is_locked(const std::string& file) {
  const int fd = ::open(file.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  if (fd < 0) return false;
  struct flock lock {};
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  const bool known = ::fcntl(fd, F_GETLK, &lock) == 0;
  ::close(fd);
  return known && lock.l_type != F_UNLCK;
}

}  // namespace

WriterMark::WriterMark(const std::string& folder) : folder_(id_of(folder)) {
  auto& here = open_here();
  const std::lock_guard guard(here.mutex);
  here.folders.insert(folder_);
}

WriterMark::~WriterMark() {
  auto& here = open_here();
  const std::lock_guard guard(here.mutex);
  here.folders.erase(here.folders.find(folder_));
}

bool has_writer(const std::string& folder) {
  auto& here = open_here();
  const std::lock_guard guard(here.mutex);  // nobody here begins to write while LOCK is open
  return here.folders.contains(id_of(folder)) || is_locked(folder + "/LOCK");
}

}  // namespace qstar::persistence

#include "persistence/directory_lock.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <string_view>
#include <utility>

#include "core/files.hpp"
#include "core/printable.hpp"

namespace qstar::persistence {
namespace {

// The process that wrote its number into the lock's file.
std::string holder_of(int fd) {
  char text[32];
  const auto n = ::pread(fd, text, sizeof(text), 0);
  const std::string_view pid(text, n > 0 ? static_cast<std::size_t>(n) : 0);
  const bool known = !pid.empty() && pid.find_first_not_of("0123456789") == std::string_view::npos;
  return known ? fmt::format("process {}", pid) : "another process";
}

// Whether the path still names the open file: a process whose start failed may have removed it.
bool is_same_file(int fd, const std::string& path) {
  struct stat open_file {
  }, named{};
  return ::fstat(fd, &open_file) == 0 && ::stat(path.c_str(), &named) == 0 &&
         open_file.st_dev == named.st_dev && open_file.st_ino == named.st_ino;
}

tl::unexpected<Error> cannot_lock(int fd, const std::string& directory, int error) {
  if (error != EWOULDBLOCK) return io_error("cannot lock", directory + "/LOCK", error);
  return fail(Errc::kBusy, fmt::format("{} is in use by {}: wait for it, or choose another --run",
                                       printable(directory), holder_of(fd)));
}

}  // namespace

Result<DirectoryLock> DirectoryLock::acquire(const std::string& directory) {
  const std::string path = directory + "/LOCK";
  for (;;) {
    DirectoryLock lock(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644));
    if (lock.fd_ < 0) return io_error("cannot open", path, errno);
    if (::flock(lock.fd_, LOCK_EX | LOCK_NB) != 0) return cannot_lock(lock.fd_, directory, errno);
    if (!is_same_file(lock.fd_, path)) continue;
    const std::string pid = std::to_string(::getpid());
    if (::ftruncate(lock.fd_, 0) != 0 || ::pwrite(lock.fd_, pid.data(), pid.size(), 0) < 0)
      return io_error("cannot write", path, errno);
    return lock;
  }
}

DirectoryLock::~DirectoryLock() {
  if (fd_ >= 0) ::close(fd_);
}
DirectoryLock::DirectoryLock(DirectoryLock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

}  // namespace qstar::persistence

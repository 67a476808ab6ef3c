// Whole files written atomically, and the lock of a run directory.
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "persistence/checkpoint.hpp"

namespace qstar {
namespace {

tl::unexpected<Error> io_error(const std::string& what, const std::string& path) {
  if (errno == ENOSPC || errno == EDQUOT || errno == EFBIG) {
    return fail(Errc::kDiskFull,
                fmt::format("{} {}: no space left; free some and resume", what, path));
  }
  return fail(Errc::kIo, fmt::format("{} {}: {}", what, path, std::strerror(errno)));
}

bool write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::write(fd, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return ::fsync(fd) == 0;
}

}  // namespace

void sync_directory(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return;
  ::fsync(fd);
  ::close(fd);
}

std::ofstream append_lines(const std::string& path) {
  std::ifstream old(path, std::ios::binary | std::ios::ate);
  const bool torn = old && old.tellg() > 0 && (old.seekg(-1, std::ios::end), old.get() != '\n');
  std::ofstream file(path, std::ios::binary | std::ios::app);
  if (torn) file << '\n';
  return file;
}

Status write_file_atomically(const std::string& path, std::string_view bytes) {
  const std::string temporary = path + ".tmp";
  const int fd = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (fd < 0) return io_error("cannot write", temporary);
  const bool written = write_all(fd, bytes);
  if (!written) {
    auto error = io_error("cannot write", temporary);
    ::close(fd);
    ::unlink(temporary.c_str());
    return error;
  }
  ::close(fd);
  if (::rename(temporary.c_str(), path.c_str()) != 0) return io_error("cannot rename to", path);
  const std::string folder = std::filesystem::path(path).parent_path();
  sync_directory(folder.empty() ? "." : folder);
  return {};
}

Result<std::string> read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) {
    return fail(errno == ENOENT ? Errc::kMissingFile : Errc::kIo,
                fmt::format("cannot read {}: {}", path, std::strerror(errno)));
  }
  std::string bytes;
  char block[65536];
  while (in.read(block, sizeof(block)) || in.gcount() > 0)
    bytes.append(block, static_cast<std::size_t>(in.gcount()));
  if (in.bad()) return fail(Errc::kIo, fmt::format("cannot read {}", path));
  return bytes;
}

Result<DirectoryLock> DirectoryLock::acquire(const std::string& directory) {
  const std::string path = directory + "/LOCK";
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (fd < 0) return io_error("cannot open", path);
  if (::flock(fd, LOCK_EX | LOCK_NB) != 0) {
    char holder[32] = {};
    const auto n = ::pread(fd, holder, sizeof(holder) - 1, 0);
    ::close(fd);
    return fail(
        Errc::kBusy,
        fmt::format("{} is in use by process {}: wait for it, or choose another --run", directory,
                    n > 0 ? std::string(holder, static_cast<std::size_t>(n)) : "?"));
  }
  const std::string pid = std::to_string(::getpid());
  if (::ftruncate(fd, 0) != 0 || ::pwrite(fd, pid.data(), pid.size(), 0) < 0) {
    auto error = io_error("cannot write", path);
    ::close(fd);
    return error;
  }
  return DirectoryLock(fd);
}

DirectoryLock::~DirectoryLock() {
  if (fd_ >= 0) ::close(fd_);
}
DirectoryLock::DirectoryLock(DirectoryLock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

}  // namespace qstar

#include "persistence/files.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <new>
#include <utility>

#include "core/out_of_memory.hpp"

namespace qstar {
namespace {

tl::unexpected<Error> io_error(const std::string& what, const std::string& path) {
  if (errno == ENOSPC || errno == EDQUOT || errno == EFBIG) {
    return fail(Errc::kDiskFull,
                fmt::format("{} {}: no space left; free some and resume", what, path));
  }
  return fail(Errc::kIo, fmt::format("{} {}: {}", what, path, std::strerror(errno)));
}

// A descriptor that is closed when it is left behind.
struct OpenFile {
  explicit OpenFile(int descriptor) : fd(descriptor) {}
  ~OpenFile() {
    if (fd >= 0) ::close(fd);
  }
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;
  int fd;
};

// Up to the end, or one byte more than max_bytes; false with errno set.
bool read_all(int fd, std::uint64_t max_bytes, std::string& bytes) {
  char block[65536];
  while (bytes.size() <= max_bytes) {
    const auto n =
        ::read(fd, block, std::min<std::uint64_t>(sizeof(block), max_bytes + 1 - bytes.size()));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return false;
    if (n == 0) break;
    bytes.append(block, static_cast<std::size_t>(n));
  }
  return true;
}

tl::unexpected<Error> too_large(const std::string& path, std::uint64_t max_bytes) {
  return fail(Errc::kCorrupt,
              fmt::format("{} is larger than the {} bytes that it may have", path, max_bytes));
}

// The process that wrote its number into the lock's file.
std::string holder_of(int fd) {
  char text[32];
  const auto n = ::pread(fd, text, sizeof(text), 0);
  const std::string_view pid(text, n > 0 ? static_cast<std::size_t>(n) : 0);
  const bool known = !pid.empty() && pid.find_first_not_of("0123456789") == std::string_view::npos;
  return known ? fmt::format("process {}", pid) : "another process";
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
  if (::rename(temporary.c_str(), path.c_str()) != 0) {
    auto error = io_error("cannot write", path);
    ::unlink(temporary.c_str());
    return error;
  }
  const std::string folder = std::filesystem::path(path).parent_path();
  sync_directory(folder.empty() ? "." : folder);
  return {};
}

Result<PathKind> path_kind(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) == 0) {
    if (S_ISDIR(status.st_mode)) return PathKind::kFolder;
    return S_ISREG(status.st_mode) ? PathKind::kFile : PathKind::kOther;
  }
  if (errno == ENOENT || errno == ENOTDIR) return PathKind::kNothing;
  return io_error("cannot read", path);
}

Result<std::vector<std::string>> folder_names(const std::string& path) {
  namespace fs = std::filesystem;
  std::vector<std::string> names;
  std::error_code error;
  for (fs::directory_iterator it(path, error), end; !error && it != end; it.increment(error))
    names.push_back(it->path().filename().string());
  if (!error) return names;
  return fail(error == std::errc::no_such_file_or_directory ? Errc::kMissingFile : Errc::kIo,
              fmt::format("cannot read {}: {}", path, error.message()));
}

Result<std::string> read_file(const std::string& path, std::uint64_t max_bytes) {
  const OpenFile file(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  if (file.fd < 0 && errno == ENOENT)
    return fail(Errc::kMissingFile, fmt::format("cannot read {}: {}", path, std::strerror(errno)));
  struct stat status {};
  if (file.fd < 0 || ::fstat(file.fd, &status) != 0) return io_error("cannot read", path);
  if (S_ISDIR(status.st_mode))
    return fail(Errc::kIo, fmt::format("cannot read {}: it is a folder", path));
  if (!S_ISREG(status.st_mode))
    return fail(Errc::kIo, fmt::format("cannot read {}: it is not a regular file", path));
  const auto size = static_cast<std::uint64_t>(status.st_size);
  if (size > max_bytes) return too_large(path, max_bytes);
  const MayLackMemory may_lack_memory;
  try {
    std::string bytes;
    bytes.reserve(size);
    if (!read_all(file.fd, max_bytes, bytes)) return io_error("cannot read", path);
    if (bytes.size() > max_bytes) return too_large(path, max_bytes);  // it has grown meanwhile
    return bytes;
  } catch (const std::bad_alloc&) {
    return fail(Errc::kIo,
                fmt::format("cannot read {}: not enough memory for {} bytes", path, size));
  }
}

namespace {

// Whether the path still names the open file: a process whose start failed may have removed it.
bool is_same_file(int fd, const std::string& path) {
  struct stat open_file {
  }, named{};
  return ::fstat(fd, &open_file) == 0 && ::stat(path.c_str(), &named) == 0 &&
         open_file.st_dev == named.st_dev && open_file.st_ino == named.st_ino;
}

}  // namespace

Result<DirectoryLock> DirectoryLock::acquire(const std::string& directory) {
  const std::string path = directory + "/LOCK";
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (fd < 0) return io_error("cannot open", path);
  if (::flock(fd, LOCK_EX | LOCK_NB) != 0) {
    auto error = errno == EWOULDBLOCK
                     ? fail(Errc::kBusy, fmt::format("{} is in use by {}: wait for it, or choose "
                                                     "another --run",
                                                     directory, holder_of(fd)))
                     : io_error("cannot lock", path);
    ::close(fd);
    return error;
  }
  if (!is_same_file(fd, path)) {
    ::close(fd);
    return acquire(directory);
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

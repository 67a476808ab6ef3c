// Files of models: written in one go, read header first.
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "core/printable.hpp"
#include "learning/byte_source.hpp"

namespace qstar {
namespace {

tl::unexpected<Error> io_error(const std::string& path, std::string_view action) {
  const int code = errno;
  const Errc kind = code == ENOSPC || code == EDQUOT ? Errc::kDiskFull : Errc::kIo;
  return fail(kind, fmt::format("{}: cannot {}: {}", printable(path), action, std::strerror(code)));
}

bool write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::write(fd, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return true;
}

// Written, flushed to the disk and closed; errno says why not.
bool write_file(const std::string& path, std::string_view bytes) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (fd < 0) return false;
  const bool written = write_all(fd, bytes) && ::fsync(fd) == 0;
  const int code = errno;
  const bool closed = ::close(fd) == 0;
  if (!written) errno = code;
  return written && closed;
}

void sync_directory(const std::filesystem::path& directory) {
  const int fd = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return;
  ::fsync(fd);
  ::close(fd);
}

// The error of a path that does not open as a file.
tl::unexpected<Error> open_error(const std::string& path) {
  switch (errno) {
    case ENOENT:
    case ENOTDIR: return fail(Errc::kMissingFile, printable(path) + ": no such model file");
    case ELOOP:
    case ENAMETOOLONG:
      return fail(Errc::kMissingFile,
                  fmt::format("{}: no such model file: {}", printable(path), std::strerror(errno)));
    default: return io_error(path, "open the model");
  }
}

class OpenFile final : public ByteSource {
 public:
  OpenFile(int fd, const std::string& path) : fd_(fd), path_(path) {}
  ~OpenFile() override { ::close(fd_); }
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;

  // kCorrupt when it is no regular file.
  Status look() {
    struct stat about {};
    if (::fstat(fd_, &about) != 0) return io_error(path_, "read the model");
    if (!S_ISREG(about.st_mode))
      return corrupt_model(path_, "not a regular file; save the model to one and name that");
    size_ = static_cast<std::uint64_t>(about.st_size);
    return {};
  }
  std::uint64_t size() const override { return size_; }
  Status read(std::uint64_t offset, std::span<char> to) override {
    while (!to.empty()) {
      const ssize_t n = ::pread(fd_, to.data(), to.size(), static_cast<off_t>(offset));
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return io_error(path_, "read the model");
      if (n == 0) return corrupt_model(path_, "it became shorter while it was read");
      offset += static_cast<std::uint64_t>(n);
      to = to.subspan(static_cast<std::size_t>(n));
    }
    return {};
  }

 private:
  int fd_;
  const std::string& path_;
  std::uint64_t size_ = 0;
};

}  // namespace

Status write_model_bytes(std::string_view bytes, const std::string& path) {
  const std::string temporary = fmt::format("{}.{}.tmp", path, ::getpid());
  if (!write_file(temporary, bytes) || ::rename(temporary.c_str(), path.c_str()) != 0) {
    const auto error = io_error(path, "write the model");
    ::unlink(temporary.c_str());
    return error;
  }
  const auto parent = std::filesystem::path(path).parent_path();
  sync_directory(parent.empty() ? "." : parent);
  return {};
}

Result<TensorFile> read_tensors(const std::string& path) {
  // Without waiting for the other side of a FIFO.
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (fd < 0) return open_error(path);
  OpenFile file(fd, path);
  if (auto regular = file.look(); !regular) return tl::unexpected(regular.error());
  return read_tensors(file, path);
}

}  // namespace qstar

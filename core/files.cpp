#include "core/files.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <new>

#include "core/input_file.hpp"
#include "core/out_of_memory.hpp"
#include "core/printable.hpp"

namespace qstar {
namespace {

namespace fs = std::filesystem;

tl::unexpected<Error> cannot_read(const std::string& path, std::string_view why) {
  return fail(Errc::kIo, fmt::format("cannot read {}: {}", printable(path), why));
}

tl::unexpected<Error> cannot_open(const std::string& path, int error) {
  switch (error) {
    case ENOENT:
      return fail(Errc::kMissingFile,
                  fmt::format("cannot read {}: {}", printable(path), std::strerror(error)));
    case EISDIR: return cannot_read(path, "it is a folder");
    case EINVAL: return cannot_read(path, "it is not a regular file");
    default: return io_error("cannot read", path, error);
  }
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

// Written, flushed to the disk and closed. 0, or why not as a value of errno.
int write_bytes(const std::string& path, std::string_view bytes, int flags, unsigned permissions) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | flags, permissions);
  if (fd < 0) return errno;
  const int error = write_all(fd, bytes) && ::fsync(fd) == 0 ? 0 : errno;
  const bool closed = ::close(fd) == 0;
  return error == 0 && !closed ? errno : error;
}

}  // namespace

tl::unexpected<Error> io_error(std::string_view action, const std::string& path, int error) {
  const bool full = error == ENOSPC || error == EDQUOT || error == EFBIG;
  return fail(
      full ? Errc::kDiskFull : Errc::kIo,
      fmt::format("{} {}: {}", action, printable(path),
                  full ? "no space left; free some space and try again" : std::strerror(error)));
}

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

// The temporary is named after the process: two that write the same file do not mix their bytes.
Status write_file_atomically(const std::string& path, std::string_view bytes) {
  const std::string temporary = fmt::format("{}.{}.tmp", path, ::getpid());
  int error = write_bytes(temporary, bytes, O_TRUNC, 0644);
  if (error == 0 && ::rename(temporary.c_str(), path.c_str()) != 0) error = errno;
  if (error != 0) {
    ::unlink(temporary.c_str());
    return io_error("cannot write", path, error);
  }
  const std::string folder = fs::path(path).parent_path();
  sync_directory(folder.empty() ? "." : folder);
  return {};
}

void remove_old_temporaries(const std::string& folder) {
  for (const auto& name : folder_names(folder).value_or(std::vector<std::string>{})) {
    if (!name.ends_with(".tmp")) continue;
    const auto stem = std::string_view(name).substr(0, name.size() - 4);
    const auto digits = stem.substr(stem.rfind('.') + 1);
    pid_t pid = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), pid);
    if (error != std::errc() || end != digits.data() + digits.size() || pid <= 0) continue;
    if (::kill(pid, 0) != 0 && errno == ESRCH) ::unlink(fmt::format("{}/{}", folder, name).c_str());
  }
}

Status write_new_file(const std::string& path, std::string_view bytes, unsigned permissions) {
  const int error = write_bytes(path, bytes, O_EXCL, permissions);
  return error == 0 ? Status{} : io_error("cannot write", path, error);
}

Result<PathKind> path_kind(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) == 0) {
    if (S_ISDIR(status.st_mode)) return PathKind::kFolder;
    return S_ISREG(status.st_mode) ? PathKind::kFile : PathKind::kOther;
  }
  if (errno == ENOENT || errno == ENOTDIR) return PathKind::kNothing;
  return io_error("cannot read", path, errno);
}

bool is_there(const std::string& path) {
  std::error_code unreadable;
  return fs::symlink_status(path, unreadable).type() != fs::file_type::not_found;
}

Result<std::vector<std::string>> folder_names(const std::string& path) {
  std::vector<std::string> names;
  std::error_code error;
  for (fs::directory_iterator it(path, error), end; !error && it != end; it.increment(error))
    names.push_back(it->path().filename().string());
  if (!error) return names;
  return fail(error == std::errc::no_such_file_or_directory ? Errc::kMissingFile : Errc::kIo,
              fmt::format("cannot read {}: {}", printable(path), error.message()));
}

std::error_code make_folders(const std::string& path, std::vector<std::string>& made) {
  std::vector<std::string> missing;
  for (fs::path at = path; !at.empty() && !is_there(at.string()); at = at.parent_path())
    missing.push_back(at.string());
  std::error_code error;
  for (; !error && !missing.empty(); missing.pop_back())
    if (fs::create_directory(missing.back(), error)) made.insert(made.begin(), missing.back());
  if (!error && !fs::is_directory(path, error) && !error)
    error = std::make_error_code(std::errc::not_a_directory);
  return error;
}

void remove_empty_folders(const std::vector<std::string>& folders) {
  std::error_code not_empty;
  for (const auto& folder : folders) fs::remove(folder, not_empty);
}

Result<std::string> read_file(const std::string& path, std::uint64_t max_bytes) {
  const auto file = InputFile::open(path);
  if (!file) return cannot_open(path, file.error());
  if (file->size() > max_bytes)
    return fail(Errc::kCorrupt, fmt::format("{} is larger than the {} bytes that it may have",
                                            printable(path), max_bytes));
  const MayLackMemory may_lack_memory;
  try {
    std::string bytes(file->size(), '\0');
    const auto count = file->read(0, bytes);
    if (!count) return io_error("cannot read", path, count.error());
    bytes.resize(*count);  // it may have become shorter
    return bytes;
  } catch (const std::bad_alloc&) {
    return cannot_read(path, fmt::format("not enough memory for {} bytes", file->size()));
  }
}

}  // namespace qstar

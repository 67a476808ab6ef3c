#include "core/input_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace qstar {

tl::expected<InputFile, int> InputFile::open(const std::string& path) {
  InputFile file(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
  struct stat about {};
  if (file.descriptor_ < 0 || ::fstat(file.descriptor_, &about) != 0) return tl::unexpected(errno);
  if (!S_ISREG(about.st_mode)) return tl::unexpected(S_ISDIR(about.st_mode) ? EISDIR : EINVAL);
  file.size_ = static_cast<std::uint64_t>(about.st_size);
  file.inode_ = about.st_ino;
  return file;
}

InputFile::~InputFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

InputFile::InputFile(InputFile&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)), size_(other.size_), inode_(other.inode_) {}

tl::expected<std::size_t, int> InputFile::read(std::uint64_t offset, std::span<char> to) const {
  if (offset >= size_) return 0;
  const auto wanted = std::min<std::uint64_t>(to.size(), size_ - offset);
  std::size_t done = 0;
  while (done < wanted) {
    const auto got =
        ::pread(descriptor_, to.data() + done, wanted - done, static_cast<off_t>(offset + done));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return tl::unexpected(errno);
    if (got == 0) break;
    done += static_cast<std::size_t>(got);
  }
  return done;
}

}  // namespace qstar

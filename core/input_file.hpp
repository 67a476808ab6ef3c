// A regular file that can be read from any place in it.
//
// Opening never waits (a pipe is refused), and only the bytes that were there at that moment are
// read: what is appended or deleted later changes nothing. Callers put the errors in their own
// words.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "core/result.hpp"

namespace qstar {

class InputFile {
 public:
  // The error is a value of errno; EISDIR: a folder; EINVAL: anything else that is no regular file.
  static tl::expected<InputFile, int> open(const std::string& path);
  ~InputFile();
  InputFile(InputFile&& other) noexcept;
  InputFile& operator=(InputFile&&) = delete;

  std::uint64_t size() const { return size_; }
  std::uint64_t inode() const { return inode_; }
  // The number of bytes read, fewer than asked for at the end only; the error is a value of errno.
  tl::expected<std::size_t, int> read(std::uint64_t offset, std::span<char> to) const;

 private:
  explicit InputFile(int descriptor) : descriptor_(descriptor) {}

  int descriptor_;
  std::uint64_t size_ = 0, inode_ = 0;
};

}  // namespace qstar

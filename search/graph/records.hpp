// Memory for searches of up to billions of positions: zeroed regions, and fixed-size records in
// one.
//
// A region is address space taken from the kernel; a page of it costs memory when it is first
// touched, in 2 MiB pages beyond the first 2 MiB (random access to gigabytes is otherwise spent in
// page walks). So records are reserved up to the memory budget at once, never move, and are found
// by one multiplication.
//
// Errors: std::bad_alloc when the kernel refuses, or a record beyond the reserve is asked for;
// PuzzleSearch ends such a search as out of memory.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace qstar::search {

class Region {
 public:
  Region() = default;
  explicit Region(std::size_t bytes);
  ~Region();
  Region(Region&& other) noexcept;
  Region& operator=(Region&& other) noexcept;
  Region(const Region&) = delete;
  Region& operator=(const Region&) = delete;

  std::uint8_t* data() const { return data_; }
  std::size_t size() const { return size_; }

 private:
  std::uint8_t* data_ = nullptr;
  std::size_t size_ = 0;
};

// Records numbered from 0, all of the same size, zeroed when new.
class Records {
 public:
  // `reserve_bytes` is rounded up to whole records, one at least.
  Records(std::size_t record_bytes, std::size_t reserve_bytes);

  std::uint8_t* at(std::size_t index) const { return region_.data() + index * record_bytes_; }
  std::size_t record_bytes() const { return record_bytes_; }
  // Makes the records below `count` usable; fewer than before changes nothing.
  void grow_to(std::size_t count);
  // Of the records in use.
  std::size_t bytes() const { return count_ * record_bytes_; }

 private:
  std::size_t record_bytes_;
  Region region_;
  std::size_t count_ = 0;
};

}  // namespace qstar::search

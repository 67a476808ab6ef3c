#include "search/graph/records.hpp"

#include <sys/mman.h>

#include <new>
#include <utility>

namespace qstar::search {
namespace {

constexpr std::size_t kHugePage = std::size_t{2} << 20;

}  // namespace

Region::Region(std::size_t bytes) : size_(bytes) {
  void* mapped = mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (mapped == MAP_FAILED) throw std::bad_alloc();
  data_ = static_cast<std::uint8_t*>(mapped);
  // A wish only: where the kernel has no such pages, small ones do. Small searches are spared the
  // zeroing of 2 MiB.
  if (bytes > 2 * kHugePage) madvise(data_ + kHugePage, bytes - kHugePage, MADV_HUGEPAGE);
}

Region::~Region() {
  if (data_ != nullptr) munmap(data_, size_);
}

Region::Region(Region&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}

Region& Region::operator=(Region&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  return *this;
}

Records::Records(std::size_t record_bytes, std::size_t reserve_bytes)
    : record_bytes_(record_bytes),
      region_(std::max<std::size_t>(1, (reserve_bytes + record_bytes - 1) / record_bytes) *
              record_bytes) {}

void Records::grow_to(std::size_t count) {
  if (count * record_bytes_ > region_.size()) throw std::bad_alloc();
  count_ = std::max(count_, count);
}

}  // namespace qstar::search

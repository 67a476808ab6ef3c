#include "search/graph/node_table.hpp"

#include <new>
#include <string_view>
#include <utility>

namespace qstar::search {
namespace {

std::uint32_t tag_of(std::uint64_t hash) { return static_cast<std::uint32_t>(hash >> 32); }
std::uint32_t tag_in(std::uint64_t slot) { return static_cast<std::uint32_t>(slot >> 32); }
NodeIndex index_in(std::uint64_t slot) { return static_cast<NodeIndex>(slot) - 1; }

std::size_t record_bytes(std::size_t state_bytes) {
  return (sizeof(Node) + state_bytes + 3) / 4 * 4;
}

}  // namespace

NodeTable::NodeTable(std::size_t state_bytes, std::size_t reserve_bytes)
    : state_bytes_(state_bytes),
      nodes_(record_bytes(state_bytes), reserve_bytes),
      slots_(slot_count() * sizeof(std::uint64_t)) {}

std::uint64_t NodeTable::hash_of(std::span<const std::uint8_t> state) {
  const std::string_view bytes(reinterpret_cast<const char*>(state.data()), state.size());
  return std::hash<std::string_view>{}(bytes);
}

void NodeTable::prefetch_slot(std::uint64_t hash) const {
  __builtin_prefetch(slots() + place_of(tag_of(hash)));
}

void NodeTable::prefetch_record(std::uint64_t hash) const {
  const std::uint64_t slot = slots()[place_of(tag_of(hash))];
  if (slot != 0) prefetch(index_in(slot));
}

NodeTable::Found NodeTable::insert(std::span<const std::uint8_t> state, std::uint64_t hash) {
  if (4 * (size_ + 1) > 3 * slot_count()) grow();
  const std::uint32_t tag = tag_of(hash);
  std::size_t place = place_of(tag);
  for (; slots()[place] != 0; place = (place + 1) & (slot_count() - 1)) {
    const std::uint64_t slot = slots()[place];
    if (tag_in(slot) == tag &&
        std::memcmp(this->state(index_in(slot)).data(), state.data(), state_bytes_) == 0) {
      return {index_in(slot), false};
    }
  }
  const auto index = static_cast<NodeIndex>(size_);
  nodes_.grow_to(size_ + 1);
  std::memcpy(nodes_.at(index) + state_offset_, state.data(), state_bytes_);
  set_node(index, Node{});
  slots()[place] = std::uint64_t{tag} << 32 | (index + 1);
  ++size_;
  return {index, true};
}

// Slots lie in the order of their hashes, but for those that wrapped around the end; so the larger
// table is filled from front to back.
void NodeTable::grow() {
  if (bits_ == 32) throw std::bad_alloc();
  Region larger(2 * slots_.size());
  const Region old = std::exchange(slots_, std::move(larger));
  ++bits_;
  const auto* from = reinterpret_cast<const std::uint64_t*>(old.data());
  for (std::size_t i = 0; i < slot_count() / 2; ++i) {
    if (from[i] == 0) continue;
    std::size_t place = place_of(tag_in(from[i]));
    while (slots()[place] != 0) place = (place + 1) & (slot_count() - 1);
    slots()[place] = from[i];
  }
}

std::size_t NodeTable::bytes_to_add(std::size_t more) const {
  std::size_t slots = slot_count();
  while (4 * (size_ + more) > 3 * slots) slots *= 2;
  const std::size_t table = slots == slot_count() ? 0 : slots * sizeof(std::uint64_t);
  return more * nodes_.record_bytes() + table;
}

}  // namespace qstar::search

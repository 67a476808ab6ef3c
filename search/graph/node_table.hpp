// Every position that a search has met, once: found by its bytes, named by a number.
//
// A node is one record: the packed position and 16 bytes of what the search knows of it. Positions
// are found by an open-addressing table (linear probing, at most 3/4 full) of 8-byte slots: 32 bits
// of the hash and the node's number. The slot's place is the hash's leading bits, so the table
// grows in one sequential pass that looks at no position, and most probes touch no record but the
// right one.
//
// Memory: state_bytes + 16 per node, rounded up to 4, and 10.7 to 21.3 bytes of slots; while the
// table doubles, both sizes exist. Limits: 2^32 - 2 nodes. Nothing is ever removed.
#pragma once

#include <cstring>
#include <span>
#include <vector>

#include "environment/puzzle/puzzle.hpp"
#include "search/graph/records.hpp"

namespace qstar::search {

using NodeIndex = std::uint32_t;

// What a search knows of a position.
struct Node {
  float g = 0;           // cost of the cheapest path found from the start
  float value = -1;      // A*: the estimate; Q*: the estimate of the best edge left; < 0 not scored
  NodeIndex parent = 0;  // the position before it on that path (the start: itself)
  environment::Move move = 0;  // from there
  std::uint16_t taken = 0;     // A*: 1 once expanded; Q*: edges taken; kSolved: needs neither
  static constexpr std::uint16_t kSolved = 0xFFFF;
};
static_assert(sizeof(Node) == 16);

class NodeTable {
 public:
  // Nodes may take `reserve_bytes` at most; more throws std::bad_alloc.
  NodeTable(std::size_t state_bytes, std::size_t reserve_bytes);

  struct Found {
    NodeIndex index;
    bool added;
  };
  // `hash` is hash_of(state). A new node is default-constructed.
  Found insert(std::span<const std::uint8_t> state, std::uint64_t hash);
  static std::uint64_t hash_of(std::span<const std::uint8_t> state);

  // Two hints ahead of insert(): first the slot, some inserts later the record that it names.
  void prefetch_slot(std::uint64_t hash) const;
  void prefetch_record(std::uint64_t hash) const;
  void prefetch(NodeIndex index) const { __builtin_prefetch(nodes_.at(index) + state_offset_); }

  std::span<const std::uint8_t> state(NodeIndex index) const {
    return {nodes_.at(index) + state_offset_, state_bytes_};
  }
  Node node(NodeIndex index) const {
    Node node;
    std::memcpy(&node, nodes_.at(index), sizeof(Node));
    return node;
  }
  void set_node(NodeIndex index, const Node& node) {
    std::memcpy(nodes_.at(index), &node, sizeof(Node));
  }

  std::size_t size() const { return size_; }
  std::size_t bytes() const { return nodes_.bytes() + slots_.size(); }
  // More that is needed, at its peak, while `more` nodes are added.
  std::size_t bytes_to_add(std::size_t more) const;

 private:
  std::uint64_t* slots() const { return reinterpret_cast<std::uint64_t*>(slots_.data()); }
  std::size_t slot_count() const { return std::size_t{1} << bits_; }
  std::size_t place_of(std::uint32_t tag) const { return tag >> (32 - bits_); }
  void grow();

  static constexpr std::size_t state_offset_ = sizeof(Node);
  std::size_t state_bytes_;
  Records nodes_;
  unsigned bits_ = 10;  // the table has 2^bits slots
  Region slots_;        // hash << 32 | (index + 1); 0 is free
  std::size_t size_ = 0;
};

}  // namespace qstar::search

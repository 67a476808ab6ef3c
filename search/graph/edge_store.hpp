// The scored edges of Q*'s nodes, in the order in which they will be taken.
//
// Queueing every edge of every node, as Q* is written down, costs |A| entries a node: 1872 of them
// for a node of which a search takes one or two. But the edges of a node leave the queue in a known
// order, so the queue needs only the next one. Here a node's cheapest `kept` edges are stored, in
// 6 bytes each; the others are forgotten. A node whose kept edges are used up is scored again and
// gets four times as many. It is then as if every edge had been queued: until it is scored again it
// stands in the queue at the cost of its last kept edge, which no forgotten one undercuts; and
// edges already taken are left out by their move, so none is lost or taken twice even when the
// network gives slightly other numbers in another batch.
//
// Memory: 6 bytes × kept per node; 8 bytes for each further edge of the few that are scored again.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>

#include <span>
#include <vector>

#include "search/graph/edge_sieve.hpp"
#include "search/graph/node_table.hpp"

namespace qstar::search {

class EdgeStore {
 public:
  // All of `moves` are kept when there are no more than `kept`.
  EdgeStore(std::size_t moves, std::size_t kept, std::size_t reserve_bytes);

  // Stores the first edges of a node: costs [moves], infinite where there is no edge.
  void add(NodeIndex node, std::span<const float> costs);
  // Stores further edges of a node that was scored again, four times as many as it had.
  void add_more(NodeIndex node, std::span<const float> costs);

  // The i-th cheapest edge of a scored node. When it is not stored: `cost` is a lower bound of what
  // it would be, kNoEdge when it is known that the node has no more than i edges.
  struct Found {
    ScoredEdge edge;
    bool stored;
  };
  Found at(NodeIndex node, std::size_t i) const;
  void prefetch(NodeIndex node) const {
    __builtin_prefetch(first_.at(node));
    __builtin_prefetch(first_.at(node) + first_.record_bytes() - 1);
  }

  std::size_t bytes() const { return first_.bytes() + more_bytes_; }
  std::size_t bytes_to_add(std::size_t nodes) const { return nodes * first_.record_bytes(); }

 private:
  ScoredEdge first_at(NodeIndex node, std::size_t i) const;
  void set_first(NodeIndex node, std::size_t i, const ScoredEdge& edge);

  std::size_t moves_;
  std::size_t kept_;
  Records first_;  // costs [kept] float, moves [kept]; unused ones cost kNoEdge, at the end
  // Of nodes scored again: what follows the kept ones; an edge of cost kNoEdge ends a complete
  // list.
  boost::unordered_flat_map<NodeIndex, std::vector<ScoredEdge>> more_;
  std::size_t more_bytes_ = 0;
  EdgeSieve sieve_;
  std::vector<float> remaining_;  // scratch
};

}  // namespace qstar::search

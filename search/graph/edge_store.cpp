#include "search/graph/edge_store.hpp"

#include <algorithm>

namespace qstar::search {

EdgeStore::EdgeStore(std::size_t moves, std::size_t kept, std::size_t reserve_bytes)
    : moves_(moves),
      kept_(std::min(moves, std::max<std::size_t>(1, kept))),
      first_(kept_ * (sizeof(float) + sizeof(environment::Move)), reserve_bytes) {}

ScoredEdge EdgeStore::first_at(NodeIndex node, std::size_t i) const {
  const std::uint8_t* record = first_.at(node);
  ScoredEdge edge;
  std::memcpy(&edge.cost, record + i * sizeof(float), sizeof(float));
  std::memcpy(&edge.move, record + kept_ * sizeof(float) + i * sizeof(environment::Move),
              sizeof(environment::Move));
  return edge;
}

void EdgeStore::set_first(NodeIndex node, std::size_t i, const ScoredEdge& edge) {
  std::uint8_t* record = first_.at(node);
  std::memcpy(record + i * sizeof(float), &edge.cost, sizeof(float));
  std::memcpy(record + kept_ * sizeof(float) + i * sizeof(environment::Move), &edge.move,
              sizeof(environment::Move));
}

void EdgeStore::add(NodeIndex node, std::span<const float> costs) {
  first_.grow_to(node + std::size_t{1});
  const auto edges = sieve_.cheapest(costs, kept_);
  for (std::size_t i = 0; i < kept_; ++i)
    set_first(node, i, i < edges.size() ? edges[i] : ScoredEdge{kNoEdge, 0});
}

void EdgeStore::add_more(NodeIndex node, std::span<const float> costs) {
  auto& more = more_[node];
  remaining_.assign(costs.begin(), costs.end());
  for (std::size_t i = 0; i < kept_; ++i) remaining_[first_at(node, i).move] = kNoEdge;
  for (const auto& edge : more) remaining_[edge.move] = kNoEdge;
  const std::size_t wanted = 3 * (kept_ + more.size());
  const auto edges = sieve_.cheapest(remaining_, wanted);
  const std::size_t before = more.capacity();
  more.insert(more.end(), edges.begin(), edges.end());
  if (edges.size() < wanted) more.push_back({kNoEdge, 0});
  more_bytes_ += (more.capacity() - before) * sizeof(ScoredEdge);
}

EdgeStore::Found EdgeStore::at(NodeIndex node, std::size_t i) const {
  if (i < kept_) return {first_at(node, i), true};
  ScoredEdge last = first_at(node, kept_ - 1);
  std::size_t stored = kept_;
  if (const auto more = more_.find(node); more != more_.end()) {
    if (i - kept_ < more->second.size()) return {more->second[i - kept_], true};
    last = more->second.back();
    stored += more->second.size();
  }
  if (stored >= moves_) last.cost = kNoEdge;
  return {last, false};
}

}  // namespace qstar::search

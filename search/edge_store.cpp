#include "search/edge_store.hpp"

#include <algorithm>

namespace qstar {

void select_edges(std::span<const float> costs, std::span<const std::uint8_t> allowed,
                  std::size_t count, std::vector<ScoredEdge>& selected) {
  selected.clear();
  if (count == 0) return;
  // Edges at or above the cut cannot be among the smallest. It falls each time that four times as
  // many as are wanted have come together, so most of many edges cost one comparison.
  float cut = EdgeStore::kNone;
  const auto keep_smallest = [&] {
    const auto last = selected.begin() + static_cast<std::ptrdiff_t>(count) - 1;
    std::nth_element(selected.begin(), last, selected.end());
    cut = last->cost;
    selected.resize(count);
  };
  for (std::size_t m = 0; m < costs.size(); ++m) {
    if (!(costs[m] < cut) || allowed[m] == 0) continue;
    selected.push_back({costs[m], static_cast<Move>(m)});
    if (selected.size() == 4 * count) keep_smallest();
  }
  if (selected.size() > count) keep_smallest();
  std::sort(selected.begin(), selected.end());
}

EdgeStore::EdgeStore(std::size_t moves, std::size_t kept, std::size_t reserve_bytes)
    : moves_(moves),
      kept_(std::min(moves, std::max<std::size_t>(1, kept))),
      first_(kept_ * (sizeof(float) + sizeof(Move)), reserve_bytes) {}

ScoredEdge EdgeStore::first_at(NodeIndex node, std::size_t i) const {
  ScoredEdge edge{};
  const std::uint8_t* record = first_.at(node);
  std::memcpy(&edge.cost, record + i * sizeof(float), sizeof(float));
  std::memcpy(&edge.move, record + kept_ * sizeof(float) + i * sizeof(Move), sizeof(Move));
  return edge;
}

void EdgeStore::add(NodeIndex node, std::span<const float> costs,
                    std::span<const std::uint8_t> allowed) {
  select_edges(costs, allowed, kept_, selected_);
  selected_.resize(kept_, {kNone, 0});
  first_.grow_to(node + std::size_t{1});
  std::uint8_t* record = first_.at(node);
  for (std::size_t i = 0; i < kept_; ++i) {
    std::memcpy(record + i * sizeof(float), &selected_[i].cost, sizeof(float));
    std::memcpy(record + kept_ * sizeof(float) + i * sizeof(Move), &selected_[i].move,
                sizeof(Move));
  }
}

void EdgeStore::add_more(NodeIndex node, std::span<const float> costs,
                         std::span<const std::uint8_t> allowed) {
  auto& more = more_[node];
  remaining_.assign(allowed.begin(), allowed.end());
  for (std::size_t i = 0; i < kept_; ++i) remaining_[first_at(node, i).move] = 0;
  for (const auto& edge : more) remaining_[edge.move] = 0;
  const std::size_t wanted = 3 * (kept_ + more.size());
  select_edges(costs, remaining_, wanted, selected_);
  if (selected_.size() < wanted) selected_.push_back({kNone, 0});
  const std::size_t before = more.capacity();
  more.insert(more.end(), selected_.begin(), selected_.end());
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
  if (stored >= moves_) last.cost = kNone;
  return {last, false};
}

}  // namespace qstar

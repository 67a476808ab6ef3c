#include "search/edge_store.hpp"

#include <algorithm>

namespace qstar {

namespace {

// The `count` smallest edges, in any order.
void keep_smallest(std::size_t count, std::vector<ScoredEdge>& edges) {
  if (edges.size() <= count) return;
  std::nth_element(edges.begin(), edges.begin() + static_cast<std::ptrdiff_t>(count) - 1,
                   edges.end());
  edges.resize(count);
}

void find_edges(std::span<const float> costs, std::span<const std::uint8_t> allowed,
                std::size_t count, std::vector<ScoredEdge>& found) {
  found.clear();
  if (count == 0) return;
  // Edges at or above the cut cannot be among the smallest. It falls each time that four times as
  // many as are wanted have come together, so most of many edges cost one comparison.
  float cut = EdgeStore::kNone;
  for (std::size_t m = 0; m < costs.size(); ++m) {
    if (!(costs[m] < cut) || allowed[m] == 0) continue;
    found.push_back({costs[m], static_cast<Move>(m)});
    if (found.size() < 4 * count) continue;
    keep_smallest(count, found);
    cut = found[count - 1].cost;
  }
  keep_smallest(count, found);
}

}  // namespace

void select_edges(std::span<const float> costs, std::span<const std::uint8_t> allowed,
                  std::size_t count, std::vector<ScoredEdge>& selected) {
  find_edges(costs, allowed, count, selected);
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

void EdgeStore::set_first(NodeIndex node, std::size_t i, const ScoredEdge& edge) {
  std::uint8_t* record = first_.at(node);
  std::memcpy(record + i * sizeof(float), &edge.cost, sizeof(float));
  std::memcpy(record + kept_ * sizeof(float) + i * sizeof(Move), &edge.move, sizeof(Move));
}

ScoredEdge EdgeStore::settle(NodeIndex node, std::size_t i) {
  const ScoredEdge before = first_at(node, i);
  ScoredEdge least = before;
  std::size_t place = i;
  for (std::size_t j = i + 1; j < kept_; ++j) {
    const ScoredEdge edge = first_at(node, j);
    if (least <= edge) continue;
    least = edge;
    place = j;
  }
  if (place == i) return before;
  set_first(node, place, before);
  set_first(node, i, least);
  return least;
}

void EdgeStore::add(NodeIndex node, std::span<const float> costs,
                    std::span<const std::uint8_t> allowed) {
  first_.grow_to(node + std::size_t{1});
  find_edges(costs, allowed, kept_, selected_);
  selected_.resize(kept_, {kNone, 0});
  for (std::size_t i = 0; i < kept_; ++i) set_first(node, i, selected_[i]);
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

EdgeStore::Found EdgeStore::at(NodeIndex node, std::size_t i) {
  if (i < kept_) return {settle(node, i), true};
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

#include "search/edge_store.hpp"

#include <algorithm>

namespace qstar {

namespace {

// Of a record of kept edges: their costs, then their moves.
inline float cost_in(const std::uint8_t* record, std::size_t i) {
  float cost = 0;
  std::memcpy(&cost, record + i * sizeof(float), sizeof(float));
  return cost;
}
inline Move move_in(const std::uint8_t* record, std::size_t kept, std::size_t i) {
  Move move = 0;
  std::memcpy(&move, record + kept * sizeof(float) + i * sizeof(Move), sizeof(Move));
  return move;
}

constexpr std::size_t kBlock = 32;  // costs that are looked at together, in vectors

// The `count` smallest edges, in any order.
void keep_smallest(std::size_t count, std::vector<ScoredEdge>& edges) {
  if (edges.size() <= count) return;
  std::nth_element(edges.begin(), edges.begin() + static_cast<std::ptrdiff_t>(count) - 1,
                   edges.end());
  edges.resize(count);
}

// A cost that at least `count` of many do not exceed, and few more: the count-th smallest of the
// minima of about twice as many columns.
float cut_of(std::span<const float> costs, std::size_t count) {
  const std::size_t columns = (2 * count + kBlock - 1) / kBlock * kBlock;
  std::vector<float> minima(columns, EdgeStore::kNone);
  for (std::size_t m = 0; m < costs.size(); m += columns) {
    const std::size_t width = std::min(columns, costs.size() - m);
    for (std::size_t i = 0; i < width; ++i)
      minima[i] = costs[m + i] < minima[i] ? costs[m + i] : minima[i];
  }
  const auto last = minima.begin() + static_cast<std::ptrdiff_t>(count) - 1;
  std::nth_element(minima.begin(), last, minima.end());
  return *last;
}

void find_edges(std::span<const float> costs, std::size_t count, std::vector<ScoredEdge>& found) {
  found.clear();
  if (count == 0) return;
  const float cut = costs.size() > 4 * count ? cut_of(costs, count) : EdgeStore::kNone;
  for (std::size_t block = 0; block < costs.size(); block += kBlock) {
    const auto some = costs.subspan(block, std::min(kBlock, costs.size() - block));
    int below = 0;
    for (const float cost : some) below |= static_cast<int>(cost <= cut);
    if (below == 0) continue;
    for (std::size_t i = 0; i < some.size(); ++i)
      if (some[i] <= cut && some[i] < EdgeStore::kNone)
        found.push_back({some[i], static_cast<Move>(block + i)});
  }
  keep_smallest(count, found);
}

}  // namespace

void select_edges(std::span<const float> costs, std::size_t count,
                  std::vector<ScoredEdge>& selected) {
  find_edges(costs, count, selected);
  std::sort(selected.begin(), selected.end());
}

EdgeStore::EdgeStore(std::size_t moves, std::size_t kept, std::size_t reserve_bytes)
    : moves_(moves),
      kept_(std::min(moves, std::max<std::size_t>(1, kept))),
      first_(kept_ * (sizeof(float) + sizeof(Move)), reserve_bytes) {}

ScoredEdge EdgeStore::first_at(NodeIndex node, std::size_t i) const {
  const std::uint8_t* record = first_.at(node);
  return {cost_in(record, i), move_in(record, kept_, i)};
}

void EdgeStore::set_first(NodeIndex node, std::size_t i, const ScoredEdge& edge) {
  std::uint8_t* record = first_.at(node);
  std::memcpy(record + i * sizeof(float), &edge.cost, sizeof(float));
  std::memcpy(record + kept_ * sizeof(float) + i * sizeof(Move), &edge.move, sizeof(Move));
}

void EdgeStore::settle(NodeIndex node, std::size_t i) {
  const std::uint8_t* record = first_.at(node);
  // Which edge is the cheapest cannot be guessed: first what it costs, without a branch.
  float cost = kNone;
  for (std::size_t j = i; j < kept_; ++j)
    cost = cost_in(record, j) < cost ? cost_in(record, j) : cost;
  std::size_t place = i;
  ScoredEdge least{cost, kNoMove};
  for (std::size_t j = i; j < kept_; ++j) {
    if (cost_in(record, j) != cost || move_in(record, kept_, j) >= least.move) continue;
    least.move = move_in(record, kept_, j);
    place = j;
  }
  if (place == i) return;
  set_first(node, place, first_at(node, i));
  set_first(node, i, least);
}

void EdgeStore::add(NodeIndex node, std::span<const float> costs) {
  first_.grow_to(node + std::size_t{1});
  find_edges(costs, kept_, selected_);
  selected_.resize(kept_, {kNone, 0});
  for (std::size_t i = 0; i < kept_; ++i) set_first(node, i, selected_[i]);
}

void EdgeStore::add_more(NodeIndex node, std::span<const float> costs) {
  auto& more = more_[node];
  remaining_.assign(costs.begin(), costs.end());
  for (std::size_t i = 0; i < kept_; ++i) remaining_[first_at(node, i).move] = kNone;
  for (const auto& edge : more) remaining_[edge.move] = kNone;
  const std::size_t wanted = 3 * (kept_ + more.size());
  select_edges(remaining_, wanted, selected_);
  if (selected_.size() < wanted) selected_.push_back({kNone, 0});
  const std::size_t before = more.capacity();
  more.insert(more.end(), selected_.begin(), selected_.end());
  more_bytes_ += (more.capacity() - before) * sizeof(ScoredEdge);
}

EdgeStore::Found EdgeStore::at(NodeIndex node, std::size_t i) {
  if (i < kept_) settle(node, i);
  return again(node, i);
}

EdgeStore::Found EdgeStore::again(NodeIndex node, std::size_t i) const {
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

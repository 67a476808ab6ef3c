#include "search/graph/best_first.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <new>

#include "core/finite.hpp"
#include "core/out_of_memory.hpp"

namespace qstar::search {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr std::size_t kAhead = 8;  // inserts between a prefetch and its use
constexpr std::size_t kChunk =
    4096;  // nodes made, or entries taken, between two looks at the clock

std::vector<float> costs_of_moves(const environment::Puzzle& puzzle) {
  std::vector<float> costs(puzzle.moves());
  for (std::size_t m = 0; m < costs.size(); ++m)
    costs[m] = puzzle.cost(static_cast<environment::Move>(m));
  return costs;
}

template <class T>
std::size_t capacity_bytes(const std::vector<T>& v) {
  return v.capacity() * sizeof(T);
}

}  // namespace

BestFirst::BestFirst(const SearchTask& task)
    : task_(task),
      state_bytes_(task.puzzle.state_bytes()),
      move_costs_(costs_of_moves(task.puzzle)),
      table_(state_bytes_, task.options.budget.memory_bytes),
      cost_(kInfinity),
      bound_(kInfinity) {}

Result<PuzzleSolution> BestFirst::run(std::span<const std::uint8_t> start) {
  started_ = lapped_ = now();
  const MayLackMemory may_lack_memory;
  try {
    add_start(start);
    while (!ended() && has_next()) {
      if (!task_.beam) lower_bound_ = std::max(lower_bound_, open_.top().priority);
      advance();
    }
  } catch (const std::bad_alloc&) {
    end_ = SearchEnd::kMemory;
  }
  if (fault_) {
    return fail(Errc::kCorrupt,
                fmt::format("estimates a cost of {}, which no search can use{}", *fault_,
                            task_.options.learned
                                ? ": its weights are too large to compute with; train it again"
                                : ""));
  }
  statistics_.seconds = now() - started_;
  return solution();
}

void BestFirst::add_start(std::span<const std::uint8_t> start) {
  const auto index = table_.insert(start, NodeTable::hash_of(start)).index;
  ++statistics_.nodes_generated;
  Node node;
  add(node, index);
  open_children();
}

std::size_t BestFirst::bytes() const {
  return table_.bytes() + open_.bytes() + capacity_bytes(fresh_) + capacity_bytes(improved_) +
         capacity_bytes(states_) + capacity_bytes(children_) + capacity_bytes(legal_) +
         capacity_bytes(moves_) + capacity_bytes(hashes_) + capacity_bytes(estimates_);
}

std::size_t BestFirst::bytes_to_add(std::size_t nodes) const {
  return table_.bytes_to_add(nodes) + nodes * 2 * sizeof(std::uint64_t);
}

// In double the product is exact, so that a priority is the same number wherever it is worked out,
// whether or not the compiler fuses the sum.
float BestFirst::priority_of(const Node& node) const {
  return static_cast<float>(static_cast<double>(task_.options.weight) * node.g + node.value);
}

bool BestFirst::has_next() {
  while (!open_.empty() && !ended()) {
    const auto [priority, index] = open_.top();
    if (priority >= bound_) return false;
    const Node node = table_.node(index);
    if (priority == priority_of(node) && is_open(node)) return true;
    open_.pop();
    count_pop();
  }
  return false;
}

NodeIndex BestFirst::pop() {
  const NodeIndex index = open_.top().node;
  open_.pop();
  count_pop();
  table_.prefetch(open_.upcoming());
  return index;
}

void BestFirst::push(const Node& node, NodeIndex index) {
  const float priority = priority_of(node);
  if (priority < bound_) open_.push(priority, index);
}

void BestFirst::count_pop() {
  if (++pops_ % kChunk == 0) overdue();
}

bool BestFirst::overdue() {
  if (ended()) return true;
  const double seconds = task_.options.budget.seconds;
  if (task_.options.stop()) {
    end_ = SearchEnd::kStopped;
  } else if (seconds > 0 && now() - started_ >= seconds) {
    end_ = SearchEnd::kSeconds;
  }
  return ended();
}

std::size_t BestFirst::afford(std::size_t wanted) {
  const auto& budget = task_.options.budget;
  const auto end = [this](SearchEnd why) {
    end_ = why;
    return std::size_t{0};
  };
  if (overdue()) return 0;
  if (budget.nodes > 0) {
    if (statistics_.nodes_generated >= budget.nodes) return end(SearchEnd::kNodes);
    wanted = std::min<std::size_t>(wanted, budget.nodes - statistics_.nodes_generated);
  }
  const std::size_t held = bytes();
  while (wanted > 0 && held + bytes_to_add(wanted) > budget.memory_bytes) wanted /= 2;
  return wanted > 0 ? wanted : end(SearchEnd::kMemory);
}

void BestFirst::generate(std::span<const Edge> edges) {
  for (std::size_t at = 0; at < edges.size() && (at == 0 || !overdue()); at += kChunk)
    make(edges.subspan(at, std::min(kChunk, edges.size() - at)));
}

void BestFirst::make(std::span<const Edge> edges) {
  const std::size_t n = edges.size();
  lap(&SearchStatistics::seconds_queue);
  build(edges);
  for (std::size_t i = 0; i < n + 2 * kAhead; ++i) {
    if (i < n) table_.prefetch_slot(hashes_[i]);
    if (i >= kAhead && i - kAhead < n) table_.prefetch_record(hashes_[i - kAhead]);
    if (i >= 2 * kAhead) relax(edges[i - 2 * kAhead], i - 2 * kAhead);
  }
  statistics_.nodes_generated += n;
  lap(&SearchStatistics::seconds_queue);
}

void BestFirst::build(std::span<const Edge> edges) {
  const std::size_t n = edges.size();
  children_.resize(n * state_bytes_);
  moves_.resize(n);
  hashes_.resize(n);
  for (std::size_t i = 0; i < n; ++i) {
    if (i + kAhead < n) table_.prefetch(edges[i + kAhead].parent);
    std::memcpy(children_.data() + i * state_bytes_, table_.state(edges[i].parent).data(),
                state_bytes_);
    moves_[i] = edges[i].move;
  }
  task_.puzzle.apply(children_, moves_, children_);
  for (std::size_t i = 0; i < n; ++i) {
    hashes_[i] = NodeTable::hash_of({children_.data() + i * state_bytes_, state_bytes_});
  }
  lap(&SearchStatistics::seconds_environment);
}

void BestFirst::relax(const Edge& edge, std::size_t child) {
  const float g = table_.node(edge.parent).g + move_costs_[edge.move];
  if (g >= cost_) return;
  const std::span<const std::uint8_t> state{children_.data() + child * state_bytes_, state_bytes_};
  const auto [index, added] = table_.insert(state, hashes_[child]);
  Node node = table_.node(index);
  if (!added && g >= node.g) return;
  node.g = g;
  node.parent = edge.parent;
  node.move = edge.move;
  added ? add(node, index) : improve(node, index);
}

void BestFirst::add(Node& node, NodeIndex index) {
  if (task_.puzzle.solved(table_.state(index))) {
    node.taken = Node::kSolved;
    found(index, node.g);
  } else {
    fresh_.push_back(index);
  }
  table_.set_node(index, node);
}

void BestFirst::improve(Node& node, NodeIndex index) {
  if (node.taken == Node::kSolved) {
    found(index, node.g);
  } else if (node.value >= 0 && task_.options.weight > 0) {
    // Without a weight the priority does not know of the path: nothing is gained by going again.
    if (node.taken > 0) ++statistics_.reopened;
    reopen(node, index);
    improved_.push_back(index);
  }
  table_.set_node(index, node);
}

void BestFirst::found(NodeIndex index, float cost) {
  goal_ = index;
  cost_ = cost;
  bound_ = static_cast<float>(static_cast<double>(task_.options.weight) * cost);
}

void BestFirst::open_children() {
  if (!fresh_.empty() && !ended()) score(fresh_);
  if (!ended()) {
    open(fresh_);
    open(improved_);
  }
  fresh_.clear();
  improved_.clear();
  statistics_.peak_memory_bytes = std::max<std::uint64_t>(statistics_.peak_memory_bytes, bytes());
  lap(&SearchStatistics::seconds_queue);
}

void BestFirst::open(std::span<const NodeIndex> nodes) {
  for (const NodeIndex index : nodes) push(table_.node(index), index);
}

std::span<const std::uint8_t> BestFirst::gather(std::span<const NodeIndex> nodes) {
  states_.resize(nodes.size() * state_bytes_);
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    std::memcpy(states_.data() + i * state_bytes_, table_.state(nodes[i]).data(), state_bytes_);
  }
  return states_;
}

std::span<float> BestFirst::estimate(std::span<const std::uint8_t> states) {
  estimates_.resize(states.size() / state_bytes_ * task_.heuristic.outputs());
  lap(&SearchStatistics::seconds_queue);
  task_.heuristic.costs(states, estimates_);
  statistics_.edges_scored += estimates_.size();
  ++statistics_.batches;
  lap(&SearchStatistics::seconds_network);
  check_estimates();
  return estimates_;
}

void BestFirst::check_estimates() {
  const auto first = first_not_finite(estimates_);
  if (!first) return;
  const auto unusable = [this](float x) {
    return std::isnan(x) || x == -kInfinity || (x == kInfinity && task_.options.learned);
  };
  const auto begin = estimates_.begin() + static_cast<std::ptrdiff_t>(*first);
  const auto found = std::find_if(begin, estimates_.end(), unusable);
  if (found == estimates_.end()) return;
  fault_ = *found;
  end_ = SearchEnd::kStopped;
}

std::span<const std::uint8_t> BestFirst::legal_of(std::span<const std::uint8_t> states) {
  legal_.resize(states.size() / state_bytes_ * move_costs_.size());
  lap(&SearchStatistics::seconds_queue);
  task_.puzzle.legal(states, legal_);
  lap(&SearchStatistics::seconds_environment);
  return legal_;
}

void BestFirst::lap(Lap to) {
  const double time = now();
  statistics_.*to += time - lapped_;
  lapped_ = time;
}

PuzzleSolution BestFirst::solution() {
  PuzzleSolution solution;
  const float weight = task_.options.weight;
  double bound = lower_bound_ / std::max(1.0F, weight);
  if (goal_) {
    solution.solved = true;
    solution.cost = cost_;
    for (NodeIndex i = *goal_; i != 0; i = table_.node(i).parent) {
      solution.moves.push_back(table_.node(i).move);
    }
    std::reverse(solution.moves.begin(), solution.moves.end());
    if (!end_ && !task_.beam) bound = std::max(bound, std::min(1.0, double{weight}) * cost_);
    bound = std::min(bound, solution.cost);
  }
  solution.lower_bound = bound;
  solution.end = end_.value_or(goal_ ? SearchEnd::kFinished : SearchEnd::kExhausted);
  statistics_.nodes_stored = table_.size();
  solution.statistics = statistics_;
  return solution;
}

}  // namespace qstar::search

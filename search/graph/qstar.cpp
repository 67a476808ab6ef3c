// Q*: takes edges, makes the one child of each, has all the child's edges valued at once.
#include <algorithm>

#include "search/graph/best_first.hpp"
#include "search/graph/edge_store.hpp"

namespace qstar::search {
namespace {

// Nodes that are scored together: enough for a network, which takes multiples of 64, and with up to
// 1024 moves few enough for their costs (256 KiB) to stay in the cache from the network to the
// store.
constexpr std::size_t kGroup = 64;
constexpr std::size_t kGroupCosts = std::size_t{64} << 10;

class QStar final : public BestFirst {
 public:
  explicit QStar(const SearchTask& task)
      : BestFirst(task),
        edges_(task.puzzle.moves(), task.options.kept_edges, task.options.budget.memory_bytes) {}

 private:
  bool is_open(const Node&) const override { return true; }  // its value is its next edge's cost
  void reopen(Node& node, NodeIndex index) override {
    node.taken = 0;
    node.value = edges_.at(index, 0).edge.cost;
  }
  std::size_t bytes() const override { return BestFirst::bytes() + edges_.bytes(); }
  std::size_t bytes_to_add(std::size_t nodes) const override {
    return BestFirst::bytes_to_add(nodes) + edges_.bytes_to_add(nodes);
  }

  void score(std::span<const NodeIndex> nodes) override { score_edges(nodes, &EdgeStore::add); }

  // A network that says less than the move's own cost is not believed.
  void correct(std::span<float> costs, std::span<const std::uint8_t> legal) const {
    for (std::size_t m = 0; m < costs.size(); ++m) {
      const float raised = costs[m] > move_costs_[m] ? costs[m] : move_costs_[m];
      costs[m] = legal[m] != 0 ? raised : kNoEdge;
    }
  }

  using AddEdges = void (EdgeStore::*)(NodeIndex, std::span<const float>);
  void score_edges(std::span<const NodeIndex> nodes, AddEdges store) {
    const std::size_t groups = kGroupCosts / (kGroup * move_costs_.size());
    const std::size_t group = kGroup * std::max<std::size_t>(1, groups);
    for (std::size_t at = 0; at < nodes.size() && (at == 0 || !overdue()); at += group)
      score_group(nodes.subspan(at, std::min(group, nodes.size() - at)), store);
  }
  void score_group(std::span<const NodeIndex> nodes, AddEdges store) {
    const auto states = gather(nodes);
    const auto legal = legal_of(states);
    const auto costs = estimate(states);
    const std::size_t moves = move_costs_.size();
    for (std::size_t i = 0; i < nodes.size(); ++i) {
      const auto row = costs.subspan(i * moves, moves);
      correct(row, legal.subspan(i * moves, moves));
      (edges_.*store)(nodes[i], row);
      Node node = table_.node(nodes[i]);
      node.value = edges_.at(nodes[i], node.taken).edge.cost;
      table_.set_node(nodes[i], node);
    }
  }

  void advance() override {
    const std::size_t batch = task_.options.batch;
    // A beam of B positions: many of the best B edges lead to positions met before.
    do {
      const std::size_t room = afford(batch - fresh_.size());
      take(room);
      generate(taken_);
    } while (task_.beam && !ended() && !taken_.empty() && fresh_.size() < batch && has_next());
    if (task_.beam) open_.clear();
    if (!used_up_.empty()) {
      score_edges(used_up_, &EdgeStore::add_more);
      if (!ended()) open(used_up_);
      used_up_.clear();
    }
    open_children();
  }

  void take(std::size_t room) {
    taken_.clear();
    while (taken_.size() + used_up_.size() < room && has_next()) {
      const NodeIndex index = pop();
      edges_.prefetch(open_.upcoming());
      take_edge(index);
    }
  }

  void take_edge(NodeIndex index) {
    Node node = table_.node(index);
    const auto next = edges_.at(index, node.taken);
    if (!next.stored) {
      used_up_.push_back(index);
      return;
    }
    taken_.push_back({index, next.edge.move});
    if (node.taken == 0) ++statistics_.expanded;
    ++node.taken;
    node.value = edges_.at(index, node.taken).edge.cost;
    table_.set_node(index, node);
    push(node, index);
  }

  EdgeStore edges_;
  std::vector<Edge> taken_;
  std::vector<NodeIndex> used_up_;  // nodes whose stored edges have all been taken
};

}  // namespace

std::unique_ptr<BestFirst> make_qstar(const SearchTask& task) {
  return std::make_unique<QStar>(task);
}

}  // namespace qstar::search

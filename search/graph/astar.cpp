// A*: takes nodes, makes all their children, has each child valued.
#include <algorithm>

#include "search/graph/best_first.hpp"

namespace qstar::search {
namespace {

// Children made, and nodes asked for their legal moves, at a time. Bounds the buffers when a batch
// of nodes has millions of children.
constexpr std::size_t kExpandedAtOnce = 4096;
constexpr std::size_t kNodes = 256;

class AStar final : public BestFirst {
 public:
  using BestFirst::BestFirst;

 private:
  bool is_open(const Node& node) const override { return node.taken == 0; }
  void reopen(Node& node, NodeIndex) override { node.taken = 0; }

  void score(std::span<const NodeIndex> nodes) override {
    const auto values = estimate(gather(nodes));
    for (std::size_t i = 0; i < nodes.size(); ++i) {
      Node node = table_.node(nodes[i]);
      node.value = std::max(0.0F, values[i]);
      table_.set_node(nodes[i], node);
    }
  }

  void advance() override {
    take();
    if (task_.beam) open_.clear();
    const std::span<const NodeIndex> taken = taken_;
    for (std::size_t at = 0; at < taken.size() && !ended(); at += kNodes) {
      list_edges(taken.subspan(at, std::min(kNodes, taken.size() - at)));
      make_children(kExpandedAtOnce);
    }
    make_children(1);
  }

  void list_edges(std::span<const NodeIndex> nodes) {
    const std::size_t moves = move_costs_.size();
    const auto legal = legal_of(gather(nodes));
    for (std::size_t i = 0; i < nodes.size(); ++i) {
      for (std::size_t m = 0; m < moves; ++m)
        if (legal[i * moves + m] != 0)
          edges_.push_back({nodes[i], static_cast<environment::Move>(m)});
    }
  }

  void take() {
    taken_.clear();
    while (taken_.size() < task_.options.batch && has_next()) {
      const NodeIndex index = pop();
      Node node = table_.node(index);
      node.taken = 1;
      table_.set_node(index, node);
      taken_.push_back(index);
    }
    statistics_.expanded += taken_.size();
  }

  // Of the listed edges, as long as at least `least` are left.
  void make_children(std::size_t least) {
    std::span<const Edge> left = edges_;
    while (left.size() >= least && !ended()) {
      const std::size_t n = afford(std::min(left.size(), kExpandedAtOnce));
      generate(left.first(n));
      open_children();
      left = left.subspan(n);
    }
    edges_.erase(edges_.begin(), edges_.end() - static_cast<std::ptrdiff_t>(left.size()));
  }

  std::vector<NodeIndex> taken_;
  std::vector<Edge> edges_;
};

}  // namespace

std::unique_ptr<BestFirst> make_astar(const SearchTask& task) {
  return std::make_unique<AStar>(task);
}

}  // namespace qstar::search

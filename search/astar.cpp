// A*: takes nodes, makes all their children, has each child valued.
#include <algorithm>

#include "search/best_first.hpp"

namespace qstar {
namespace {

// Children made at a time. Bounds the buffers when a batch of nodes has millions of children.
constexpr std::size_t kChunk = 4096;

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
      node.value = std::max(0.0F, values[i]);  // 0 also when it is NaN
      table_.set_node(nodes[i], node);
    }
  }

  void advance() override {
    take();
    if (task_.beam) open_.clear();
    const auto legal = legal_of(gather(taken_));
    const std::size_t moves = move_costs_.size();
    for (std::size_t i = 0; i < taken_.size(); ++i) {
      for (std::size_t m = 0; m < moves; ++m) {
        if (legal[i * moves + m] != 0) edges_.push_back({taken_[i], static_cast<Move>(m)});
        if (edges_.size() == kChunk) make_children();
      }
    }
    make_children();
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

  void make_children() {
    std::span<const Edge> left = edges_;
    while (!left.empty() && !ended()) {
      const std::size_t n = afford(left.size());
      generate(left.first(n));
      open_children();
      left = left.subspan(n);
    }
    edges_.clear();
  }

  std::vector<NodeIndex> taken_;
  std::vector<Edge> edges_;
};

}  // namespace

std::unique_ptr<BestFirst> make_astar(const SearchTask& task) {
  return std::make_unique<AStar>(task);
}

}  // namespace qstar

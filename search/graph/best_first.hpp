// What A* and Q* share: nodes, the open list, the incumbent, the budget and the clock.
//
// A derived search says what is taken from the open list (advance) and how nodes are valued (score,
// reopen). Priorities are λ·g + value; an entry of the open list counts only while it states its
// node's present priority, so entries are never looked for and changed.
//
// As a beam: after a batch is taken, what is left open is forgotten.
#pragma once

#include <optional>

#include "search/graph/node_table.hpp"
#include "search/graph/open_list.hpp"
#include "search/graph/puzzle_search.hpp"

namespace qstar::search {

struct SearchTask {
  const environment::Puzzle& puzzle;
  model::CostToGo& heuristic;
  const PuzzleSearchOptions& options;
  bool beam = false;
};

class BestFirst {
 public:
  explicit BestFirst(const SearchTask& task);
  virtual ~BestFirst() = default;
  // kCorrupt: the heuristic gave an estimate that cannot be used.
  Result<PuzzleSolution> run(std::span<const std::uint8_t> start);

 protected:
  struct Edge {
    NodeIndex parent;
    environment::Move move;
  };
  using Lap = double SearchStatistics::*;

  // Takes a batch from the open list, makes children with generate() and opens them.
  virtual void advance() = 0;
  // Sets the value of nodes that have none.
  virtual void score(std::span<const NodeIndex> nodes) = 0;
  // Whether a node has something to take at its present priority.
  virtual bool is_open(const Node& node) const = 0;
  // A cheaper path to a valued node was found: makes all that was taken available again.
  virtual void reopen(Node& node, NodeIndex index) = 0;
  virtual std::size_t bytes() const;
  virtual std::size_t bytes_to_add(std::size_t nodes) const;

  // Whether an entry is left that may lead to a better solution than the incumbent.
  bool has_next();
  // Takes the first such entry's node.
  NodeIndex pop();
  void push(const Node& node, NodeIndex index);
  // How many of `wanted` > 0 nodes the budget allows to be made; when none, the search has ended.
  std::size_t afford(std::size_t wanted);
  bool ended() const { return end_.has_value(); }
  // Whether the search has ended, after a look at the clock and at the wish to stop.
  bool overdue();
  // Makes the children of `edges`: new ones are appended to fresh_, those with a cheaper path than
  // before to improved_. Fewer when the search has ended in the middle of them.
  void generate(std::span<const Edge> edges);
  // Scores the fresh nodes and opens them and the improved ones; both lists are empty then. Nothing
  // is opened once the search has ended: some nodes may have no value then.
  void open_children();
  void open(std::span<const NodeIndex> nodes);

  // states [n, state_bytes] of nodes; valid until the next call.
  std::span<const std::uint8_t> gather(std::span<const NodeIndex> nodes);
  // [n, outputs]; valid until the next call. What cannot be used ends the search.
  std::span<float> estimate(std::span<const std::uint8_t> states);
  // legal [n, moves]; valid until the next call.
  std::span<const std::uint8_t> legal_of(std::span<const std::uint8_t> states);
  // Adds the time since the last lap.
  void lap(Lap to);

  const SearchTask task_;
  const std::size_t state_bytes_;
  const std::vector<float> move_costs_;
  NodeTable table_;
  OpenList open_;
  SearchStatistics statistics_;
  std::vector<NodeIndex> fresh_, improved_;

 private:
  float priority_of(const Node& node) const;
  double now() const { return task_.options.clock ? task_.options.clock() : 0; }
  void add_start(std::span<const std::uint8_t> start);
  void count_pop();
  void check_estimates();
  void make(std::span<const Edge> edges);
  void build(std::span<const Edge> edges);
  void relax(const Edge& edge, std::size_t child);
  void add(Node& node, NodeIndex index);
  void improve(Node& node, NodeIndex index);
  void found(NodeIndex index, float cost);
  PuzzleSolution solution();

  std::optional<NodeIndex> goal_;
  float cost_;   // of the incumbent; infinity before there is one
  float bound_;  // λ·cost_: entries at or above it are of no use
  float lower_bound_ = 0;
  std::optional<SearchEnd> end_;
  std::optional<float> fault_;  // an estimate that cannot be used
  std::uint64_t pops_ = 0;
  double started_ = 0, lapped_ = 0;
  std::vector<std::uint8_t> states_, children_, legal_;
  std::vector<environment::Move> moves_;
  std::vector<std::uint64_t> hashes_;
  std::vector<float> estimates_;
};

std::unique_ptr<BestFirst> make_astar(const SearchTask& task);
std::unique_ptr<BestFirst> make_qstar(const SearchTask& task);

}  // namespace qstar::search

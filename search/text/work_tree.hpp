// The steps that were proposed in the search of one problem, as a tree.
//
// A node is the work so far: the problem and the steps down to it, as the policy and the guide see
// it. Equal steps proposed in the same state are one node. Nodes are numbered in the order in which
// they are made; 0 is the problem itself. Nothing is ever removed.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "search/text/problem_search.hpp"

namespace qstar::search {

using WorkId = std::uint32_t;

struct WorkNode {
  WorkId parent = 0;
  std::int32_t depth = 0;   // steps
  std::int32_t tokens = 0;  // generated on the way here
  bool finished = false;    // the last step closed the work
  bool open = false;        // the work can continue from here; neither: it was cut off
  std::string text;         // ";problem=step=…", closing separator included
  Step step;
  float logprob = 0;           // of the step, nats
  std::optional<float> score;  // the guide's, of the step
  double value = 1;            // aggregated over the steps; 0 of work that was cut off
  std::vector<WorkId> children;

  bool usable() const { return finished || open; }
};

class WorkTree {
 public:
  explicit WorkTree(const ProblemTask& task);

  // Adds the steps generated at an open node; the new nodes among them that are usable.
  std::vector<WorkId> add(WorkId at, std::span<const model::Generation> proposals);
  void set_score(WorkId id, float score);

  const WorkNode& operator[](WorkId id) const { return nodes_[id]; }
  WorkId size() const { return static_cast<WorkId>(nodes_.size()); }

  // A request for one more proposal at a node; every call has another seed.
  model::GenerateRequest propose(WorkId at);
  model::StepQuery query(WorkId id) const;
  // Nodes without children, in order: the ends of all paths.
  std::vector<WorkId> leaves() const;
  // The path to a leaf as an attempt, judged.
  Trajectory attempt(WorkId leaf, std::uint32_t sample) const;

 private:
  std::optional<WorkId> insert(WorkId at, const model::Generation& proposal);

  const ProblemTask& task_;
  std::uint64_t seed_;
  std::uint64_t proposals_ = 0;
  std::vector<WorkNode> nodes_;
};

}  // namespace qstar::search

#include "search/text/work_tree.hpp"

#include <algorithm>
#include <numeric>

#include "core/rng.hpp"
#include "data/attempt.hpp"
#include "model/generated_steps.hpp"

namespace qstar::search {

WorkTree::WorkTree(const ProblemTask& task)
    : task_(task), seed_(derive_seed(task.options.seed, "group", task.options.first_group)) {
  WorkNode root;
  root.open = true;
  root.text = prompt_of(task.problem, {});
  nodes_.push_back(std::move(root));
}

std::vector<WorkId> WorkTree::add(WorkId at, std::span<const model::Generation> proposals) {
  std::vector<WorkId> fresh;
  for (const auto& proposal : proposals) {
    if (const auto id = insert(at, proposal); id && nodes_[*id].usable()) fresh.push_back(*id);
  }
  return fresh;
}

std::optional<WorkId> WorkTree::insert(WorkId at, const model::Generation& proposal) {
  auto steps = model::steps_of(proposal, task_.policy_version, 0);
  if (steps.empty()) return std::nullopt;  // the policy could not take the prompt
  WorkNode node;
  node.text = nodes_[at].text + proposal.text;
  for (const WorkId sibling : nodes_[at].children)
    if (nodes_[sibling].text == node.text) return std::nullopt;
  node.parent = at;
  node.step = std::move(steps.front());
  node.depth = nodes_[at].depth + 1;
  node.tokens = nodes_[at].tokens + static_cast<std::int32_t>(node.step.tokens.size());
  node.finished = node.text.back() == kEndSeparator;
  node.open = node.text.back() == kStepSeparator && node.tokens < task_.options.max_tokens;
  if (!node.usable()) node.value = 0;
  node.logprob = std::accumulate(node.step.logprobs.begin(), node.step.logprobs.end(), 0.0F);
  const WorkId id = size();
  nodes_[at].children.push_back(id);
  nodes_.push_back(std::move(node));
  return id;
}

void WorkTree::set_score(WorkId id, float score) {
  auto& node = nodes_[id];
  node.score = score;
  node.value = task_.aggregated(nodes_[node.parent].value, score);
  score_of(node.step, task_.guide) = score;
}

model::GenerateRequest WorkTree::propose(WorkId at) {
  const auto& node = nodes_[at];
  return {node.text, derive_seed(seed_, "proposal", proposals_++),
          static_cast<float>(task_.options.temperature), task_.options.max_tokens - node.tokens,
          true};
}

model::StepQuery WorkTree::query(WorkId id) const {
  const auto& state = nodes_[nodes_[id].parent].text;
  return {state, nodes_[id].text.substr(state.size())};
}

std::vector<WorkId> WorkTree::leaves() const {
  std::vector<WorkId> leaves;
  for (WorkId id = 0; id < size(); ++id)
    if (nodes_[id].children.empty()) leaves.push_back(id);
  return leaves;
}

Trajectory WorkTree::attempt(WorkId leaf, std::uint32_t sample) const {
  Trajectory attempt;
  attempt.id = {task_.options.first_group, sample};
  attempt.environment = task_.environment.name();
  attempt.problem = task_.problem;
  for (WorkId id = leaf; id != 0; id = nodes_[id].parent) attempt.steps.push_back(nodes_[id].step);
  std::reverse(attempt.steps.begin(), attempt.steps.end());
  attempt.seed = seed_;
  attempt.temperature = static_cast<float>(task_.options.temperature);
  environment::judge(task_.environment, nodes_[leaf].finished, attempt);
  return attempt;
}

}  // namespace qstar::search

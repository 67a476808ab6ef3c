#include "experiment/puzzle/greedy_records.hpp"

namespace qstar::experiment {
namespace {

Trajectory attempt_of(const environment::Puzzle& puzzle, const learning::PuzzleWalk& walk,
                      const RecordInfo& info) {
  Trajectory attempt;
  attempt.environment = std::string(puzzle.name());
  attempt.problem = puzzle.text(walk.start);
  for (std::size_t i = 0; i < walk.moves.size(); ++i) {
    Step step;
    step.text = puzzle.move_name(walk.moves[i]);
    step.policy_version = info.updates;
    step.verdict = Verdict::kRight;  // a legal move
    step.q = walk.values[i];
    step.model = info.model;
    attempt.steps.push_back(std::move(step));
  }
  attempt.outcome = walk.solved ? Outcome::kWon : Outcome::kUnfinished;
  attempt.answer = walk.solved ? "solved" : "";
  attempt.temperature = 0;
  attempt.critic_version = info.target_version;
  attempt.critic_model = info.model;
  attempt.provenance = info.provenance;
  return attempt;
}

}  // namespace

std::vector<AttemptGroup> records_of(const environment::Puzzle& puzzle,
                                     std::span<const learning::PuzzleWalk> walks,
                                     const RecordInfo& info) {
  std::vector<AttemptGroup> groups;
  for (const learning::PuzzleWalk& walk : walks) {
    if (walk.moves.empty()) continue;
    const std::uint64_t id = info.first_group + groups.size();
    groups.push_back({id, {attempt_of(puzzle, walk, info)}});
    groups.back().attempts.front().id = {id, 0};
  }
  return groups;
}

}  // namespace qstar::experiment

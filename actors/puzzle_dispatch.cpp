#include "actors/puzzle_dispatch.hpp"

#include "learning/puzzle_targets.hpp"

namespace qstar {

PuzzleDispatch::PuzzleDispatch(const PuzzleExperiment& config)
    : config_(config), book_(config.training.lease_seconds) {}

bool PuzzleDispatch::may_lease() const {
  const std::int64_t unit = config_.training.batches_per_lease;
  return weights_.newest() > 0 &&
         held() + (book_.outstanding() + 1) * unit <= config_.replay.capacity;
}

ScrambleLease PuzzleDispatch::lease(const std::string& holder, double now) {
  const auto unit = static_cast<std::uint64_t>(config_.training.batches_per_lease);
  ScrambleLease lease;
  lease.task = book_.hand_out(holder, now);
  lease.first_batch = lease.task * unit;
  lease.batches = unit;
  lease.target_version = weights_.newest();
  // Double Q-learning needs the online network, which only the learner has.
  lease.make_targets = !config_.learner.double_q;
  return lease;
}

Result<bool> PuzzleDispatch::accept(const InsertExamples& message, const Puzzle& puzzle) {
  if (message.batches.size() != static_cast<std::size_t>(config_.training.batches_per_lease))
    return fail(Errc::kCorrupt, "a peer sent a lease without all of its batches");
  const std::size_t taught = taught_outputs(config_.learner);
  for (const ExampleBatch& batch : message.batches) {
    if (auto sound = check(batch, puzzle, taught); !sound) return tl::unexpected(sound.error());
  }
  if (!book_.done(message.task)) return false;
  accepted_ += static_cast<std::int64_t>(message.batches.size());
  return true;
}

void CpuLedger::report(const std::string& process, double seconds) {
  double& last = last_[process];
  if (seconds <= last) return;
  total_ += seconds - last;
  last = seconds;
}

}  // namespace qstar

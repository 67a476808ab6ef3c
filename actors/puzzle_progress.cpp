#include "actors/puzzle_progress.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace qstar {

double share_done(const PuzzleRunState& run, const PuzzleExperiment& config, double cpu_seconds) {
  const auto& limits = config.training;
  const double by_updates = static_cast<double>(run.updates) / static_cast<double>(limits.updates);
  const double by_time = limits.cpu_seconds > 0 ? cpu_seconds / limits.cpu_seconds : 0;
  return std::min(1.0, std::max(by_updates, by_time));
}

Report PuzzleProgress::trained(const PuzzleRunState& run, const PuzzleTrained& slice,
                               const PuzzleQueues& queues, double cpu_seconds, double now) {
  const double rate = examples_.rate(now, static_cast<double>(run.examples));
  const double done = share_done(run, config_, cpu_seconds);
  const double pace = share_.rate(now, done);
  MetricsRow row{"train",
                 static_cast<std::uint64_t>(run.updates),
                 {{"examples", static_cast<double>(run.examples)},
                  {"examples_per_second", rate},
                  {"target_version", static_cast<double>(run.target_version)},
                  {"replay.held", static_cast<double>(queues.batches_held)},
                  {"replay.dropped_stale", static_cast<double>(run.dropped_stale)},
                  {"leases.outstanding", static_cast<double>(queues.leases_outstanding)},
                  {"scramblers.waiting", static_cast<double>(queues.scramblers_waiting)}}};
  if (slice.updates > 0) row.values["loss"] = slice.loss;
  if (slice.check) {
    row.values["loss"] = slice.check->loss;
    row.values["solved"] = slice.check->solved;
  }
  return {
      std::move(row),
      fmt::format("train {}/{}  solved {:.3f}  loss {:.4f}  target {}{}{}", run.updates,
                  config_.training.updates, run.newest.solved, run.newest.loss, run.target_version,
                  rate <= 0 ? "" : fmt::format("  {:.1f} k examples/s", rate / 1e3),
                  pace <= 0 ? "" : fmt::format("  {:.0f} s left", (1 - done) / pace)),
      {}};
}

std::string PuzzleProgress::status(const PuzzleRunState& run, const PuzzleQueues& queues,
                                   double cpu_seconds) const {
  return nlohmann::json{
      {"phase", "train"},
      {"progress", share_done(run, config_, cpu_seconds)},
      {"versions", {{"target", run.target_version}, {"updates", run.updates}}},
      {"queues",
       {{"leases_outstanding", queues.leases_outstanding},
        {"scramblers_waiting", queues.scramblers_waiting},
        {"batches_held", queues.batches_held}}},
      {"staleness", {{"bound", config_.replay.staleness}, {"dropped", run.dropped_stale}}},
      {"figures",
       {{"solved", run.newest.solved}, {"loss", run.newest.loss}, {"examples", run.examples}}}}
      .dump();
}

}  // namespace qstar

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
  const auto solved = run.checks > 0 ? std::optional(run.newest.solved) : std::nullopt;
  auto loss = run.checks > 0 ? std::optional(run.newest.loss) : std::nullopt;
  if (!loss && slice.updates > 0) loss = slice.loss;
  std::string line =
      fmt::format("train {}/{}  solved {}  loss {}  target {}", run.updates,
                  config_.training.updates, figure(solved), figure(loss, 4), run.target_version);
  if (rate > 0) line += fmt::format("  {:.1f} k examples/s", rate / 1e3);
  if (pace > 0) line += "  " + time_left(1 - done, pace);
  return {std::move(row), std::move(line), {}};
}

std::string PuzzleProgress::status(const PuzzleRunState& run, const PuzzleQueues& queues,
                                   double cpu_seconds) const {
  using nlohmann::json;
  const bool measured = run.checks > 0;
  return json{{"phase", "train"},
              {"progress", share_done(run, config_, cpu_seconds)},
              {"versions", {{"target", run.target_version}, {"updates", run.updates}}},
              {"queues",
               {{"leases_outstanding", queues.leases_outstanding},
                {"scramblers_waiting", queues.scramblers_waiting},
                {"batches_held", queues.batches_held}}},
              {"staleness", {{"bound", config_.replay.staleness}, {"dropped", run.dropped_stale}}},
              {"figures",
               {{"solved", measured ? json(run.newest.solved) : json(nullptr)},
                {"loss", measured ? json(run.newest.loss) : json(nullptr)},
                {"examples", run.examples}}}}
      .dump();
}

}  // namespace qstar

#include "actors/puzzle_run_state.hpp"

#include <fmt/format.h>

namespace qstar {

void SolvedCurve::add(const SolvedPoint& point) {
  if (seen++ % stride == 0) points.push_back(point);
  if (points.size() <= kMost) return;
  for (std::size_t i = 0; 2 * i < points.size(); ++i) points[i] = points[2 * i];
  points.resize((points.size() + 1) / 2);
  stride *= 2;
}

NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(SolvedCurve, points, stride, seen)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(PuzzleRunState, finished, updates, examples, batches, checks,
                                   records, target_version, next_task, unfinished, dropped_stale,
                                   cpu_seconds, wall_seconds, newest, curve)

Status extend(PuzzleRunState& run, const PuzzleExperiment& config) {
  const auto& limits = config.training;
  if (limits.updates < run.updates)
    return fail(Errc::kConfig,
                fmt::format("training.updates = {}: the run has made {} updates already; give at "
                            "least that many",
                            limits.updates, run.updates));
  const bool out_of_time = limits.cpu_seconds > 0 && run.cpu_seconds >= limits.cpu_seconds;
  run.finished = run.finished && (out_of_time || limits.updates == run.updates);
  return {};
}

std::string save(const PuzzleRunState& state) { return nlohmann::json(state).dump(); }

Result<PuzzleRunState> load_puzzle_run_state(std::string_view bytes) {
  try {
    return nlohmann::json::parse(bytes).get<PuzzleRunState>();
  } catch (const nlohmann::json::exception& e) {
    return fail(Errc::kCorrupt, std::string("the checkpoint's run.json is damaged: ") + e.what());
  }
}

}  // namespace qstar

#include "experiment/puzzle/cost_to_go_state.hpp"

namespace qstar::experiment {

void SolvedCurve::add(const SolvedPoint& point) {
  if (seen++ % stride == 0) points.push_back(point);
  if (points.size() <= kMost) return;
  for (std::size_t i = 0; 2 * i < points.size(); ++i) points[i] = points[2 * i];
  points.resize((points.size() + 1) / 2);
  stride *= 2;
}

NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(EngineTimes, now, stage_waited, executors_busy, executors_idle)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(SolvedCurve, points, stride, seen)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(OrderedBatches, first, count, target_version)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(CostToGoState, updates, examples, batches, checks, records,
                                   target_version, ordered, amid, cpu_seconds, times, newest, curve)

std::string save(const CostToGoState& state) { return nlohmann::json(state).dump(); }

Result<CostToGoState> load_cost_to_go_state(std::string_view bytes) {
  try {
    return nlohmann::json::parse(bytes).get<CostToGoState>();
  } catch (const nlohmann::json::exception& e) {
    return fail(Errc::kCorrupt, std::string("the saved state is damaged: ") + e.what());
  }
}

}  // namespace qstar::experiment

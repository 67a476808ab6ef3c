// Hands every report to its sink: files, terminal, gateway.
#include "actors/actors.hpp"

namespace qstar::actors {
namespace {

MetricsActor::behavior_type metrics(MetricsActor::pointer self,
                                    const std::function<void(const ProgressUpdate&)>& sink) {
  explain_exceptions(*self);
  return {[sink](const ProgressUpdate& update) { sink(update); }};
}

}  // namespace

MetricsActor spawn_metrics(caf::actor_system& system,
                           std::function<void(const ProgressUpdate&)> sink) {
  return system.spawn<caf::detached>(metrics, std::move(sink));
}

}  // namespace qstar::actors

// Hands every report to its sink: files, terminal, gateway.
#include "actors/actors.hpp"

namespace qstar {
namespace {

MetricsActor::behavior_type metrics(MetricsActor::pointer,
                                    const std::function<void(const Report&)>& sink) {
  return {[sink](const Report& report) { sink(report); }};
}

}  // namespace

MetricsActor spawn_metrics(caf::actor_system& system, std::function<void(const Report&)> sink) {
  return system.spawn(metrics, std::move(sink));
}

}  // namespace qstar

#include "experiment/story/tell.hpp"

#include "experiment/story/stages.hpp"
#include "experiment/story/targets.hpp"

namespace qstar::experiment {
namespace {

Status run_stage(Story& story, const Stage& stage, const FinishedStages& finished) {
  if (auto done = finished.restore(stage.name, story); !done || *done) return done.map([](bool) {});
  const double cpu = story.cpu_seconds();
  if (auto done = stage.run(story); !done) return done;
  story.report["stages"][std::string(stage.name)] = story.cpu_seconds() - cpu;
  return finished.keep(stage.name, story);
}

}  // namespace

Status tell(Story& story, const FinishedStages& finished) {
  auto config = story.config();
  story.report.update({{"kind", "story"},
                       {"name", config.name},
                       {"family", config.environment.family},
                       {"long_work", config.environment.long_work},
                       {"seed", config.seed},
                       {"config_hash", config_hash(describe_of(config))},
                       {"code_version", QSTAR_VERSION}});
  for (const auto& stage : stages()) {
    if (stage.wanted != nullptr && !(config.stages.*stage.wanted)) continue;
    if (auto done = run_stage(story, stage, finished); !done) return done;
  }
  double cpu = 0;
  for (const auto& [name, seconds] : story.report.at("stages").items())
    cpu += seconds.get<double>();
  story.report["cpu_seconds"] = cpu;
  story.report["failed"] = missed_targets(story.report, config);
  return {};
}

}  // namespace qstar::experiment

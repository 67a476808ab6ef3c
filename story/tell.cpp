#include "story/tell.hpp"

#include <fmt/format.h>

#include "story/stages.hpp"

namespace qstar {
namespace {

using nlohmann::json;

Status run_stage(Story& story, const Stage& stage, const FinishedStages& finished) {
  if (auto done = finished.restore(stage.name, story); !done || *done) return done.map([](bool) {});
  const double cpu = story.cpu_seconds();
  if (auto done = stage.run(story); !done) return done;
  story.report["stages"][std::string(stage.name)] = story.cpu_seconds() - cpu;
  return finished.keep(stage.name, story);
}

double number(const json& report, const std::string& pointer) {
  const json::json_pointer at(pointer);
  return report.contains(at) && report.at(at).is_number() ? report.at(at).get<double>() : -1;
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
  story.report["failed"] = missed_targets(story.report);
  return {};
}

json missed_targets(const json& report) {
  json missed = json::array();
  const auto target = [&](const std::string& what, const std::string& pointer, double least) {
    const double reached = number(report, pointer);
    if (reached >= 0 && reached < least)
      missed.push_back(fmt::format("{}: {:.4f}, target {}", what, reached, least));
  };
  target("final policy, greedy accuracy", "/final/greedy/accuracy", 0.995);
  for (std::size_t i = 0; i < report.value("out_of_domain", json::array()).size(); ++i) {
    const auto& row = report["out_of_domain"][i];
    target("final policy, accuracy on " + row.value("name", ""),
           fmt::format("/out_of_domain/{}/final/accuracy", i), 0.9);
  }
  for (const auto* reward : {"process", "both", "screened"}) {
    const double lucky = number(report, fmt::format("/rewards/{}/lucky", reward));
    if (lucky >= 0.005)
      missed.push_back(
          fmt::format("right answers with a wrong step under the reward \"{}\": {:.2f} %, "
                      "target below 0.5 %",
                      reward, 100 * lucky));
  }
  if (report.contains("/selfplay/ratio"_json_pointer) && report["selfplay"]["ratio"].is_null())
    missed.push_back(
        "self-play and uniform problems: at least one run did not reach the target accuracy");
  const double ratio = number(report, "/selfplay/ratio");
  if (ratio >= 1)
    missed.push_back(
        fmt::format("self-play: {:.2f} times the generated tokens of uniform problems, target "
                    "below 1",
                    ratio));
  return missed;
}

}  // namespace qstar

#include "serving/puzzle_report.hpp"

#include <fmt/format.h>

#include "serving/learning_curve.hpp"
#include "serving/report.hpp"

namespace qstar {

using nlohmann::json;

std::string puzzle_report_markdown(const json& report) {
  std::string out = fmt::format(
      "# {}\n\n{}, seed {}, configuration {}, qstar {}.\n\n![learning curve](learning_curve.svg)\n",
      report.value("name", ""), report.value("puzzle", ""), report.value("seed", std::int64_t{0}),
      report.value("config_hash", ""), report.value("code_version", ""));
  const json last = report.value("final", json::object());
  if (!last.empty()) {
    out += fmt::format(
        "\n## Greedy play\n\nSolves {:.4f} of {} fixed positions within {} moves, after {} updates "
        "and {} examples.\n",
        last.value("solved", 0.0), last.value("positions", 0), last.value("moves", 0),
        last.value("updates", std::int64_t{0}), last.value("examples", std::int64_t{0}));
  }
  if (report.contains("network")) out += "\n## Network\n" + figures_table(report["network"]);
  if (report.contains("cost")) out += "\n## Cost\n" + figures_table(report["cost"]);
  return out;
}

std::string solved_curve_of(const json& report) {
  std::vector<CurvePoint> points;
  for (const auto& point : report.value("curve", json::array()))
    points.push_back({point.value("updates", 0.0), point.value("solved", 0.0)});
  return learning_curve_svg(
      points, {fmt::format("{}, seed {}: share that greedy play solves", report.value("name", ""),
                           report.value("seed", std::int64_t{0})),
               "updates"});
}

}  // namespace qstar

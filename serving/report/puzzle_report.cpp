#include "serving/report/puzzle_report.hpp"

#include <fmt/format.h>

#include "serving/report/learning_curve.hpp"
#include "serving/report/report_parts.hpp"
#include "serving/report/report_values.hpp"

namespace qstar::serving {

using nlohmann::json;

std::string puzzle_report_markdown(const json& report) {
  std::string out = report_heading(report, words_of(member(report, "puzzle"))) +
                    "\n![Learning curve](learning_curve.svg)\n";
  const json& last = member(report, "final");
  if (!last.empty()) {
    const auto figure = [&last](const char* key, int decimals) {
      return shown(member(last, key), decimals);
    };
    out += fmt::format(
        "\n## Greedy play\n\nAfter {3} updates on {4} examples, greedy play solves a share of {0} "
        "of "
        "{1} fixed positions within {2} moves each.\n",
        figure("solved", 4), figure("positions", 0), figure("moves", 0), figure("updates", 0),
        figure("examples", 0));
  }
  if (report.contains("network")) out += "\n## Network\n" + figures_table(report["network"]);
  if (report.contains("cost")) out += "\n## Cost\n" + figures_table(report["cost"]);
  return out;
}

std::string solved_curve_of(const json& report) {
  return learning_curve_svg(
      points_of(member(report, "curve"), "updates", "solved"),
      {fmt::format("{}: share of positions that greedy play solves", run_name(report)), "updates"});
}

}  // namespace qstar::serving

// Shares as groups of lying bars in a standalone SVG: a row has room for any name.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace qstar {

struct ChartBar {
  double share = 0;                                   // what lies outside [0, 1] ends there
  std::optional<std::pair<double, double>> interval;  // drawn as a whisker
};

struct ChartGroup {
  std::string name;  // to the left of its bars; more than 40 characters are cut
  std::vector<std::optional<ChartBar>> bars;  // one a series; nothing: no bar, but its room
};

struct BarChart {
  std::string title;
  std::vector<std::string> series;  // in the legend, unless there is one alone
  std::vector<ChartGroup> groups;
};

std::string bar_chart_svg(const BarChart& chart);

}  // namespace qstar

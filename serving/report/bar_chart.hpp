// Shares as groups of horizontal bars in a standalone SVG.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace qstar::serving {

struct ChartBar {
  double share = 0;                                   // clamped to [0, 1]
  std::optional<std::pair<double, double>> interval;  // drawn as a whisker
};

struct ChartGroup {
  std::string name;                           // to the left of its bars, cut to 40 characters
  std::vector<std::optional<ChartBar>> bars;  // one per series; nullopt leaves an empty row
};

struct BarChart {
  std::string title;
  std::vector<std::string> series;  // in the legend, if there is more than one
  std::vector<ChartGroup> groups;
};

std::string bar_chart_svg(const BarChart& chart);

}  // namespace qstar::serving

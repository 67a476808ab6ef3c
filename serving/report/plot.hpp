// Lines and points over two axes as a standalone SVG, with several panels below each other.
#pragma once

#include <string>
#include <vector>

#include "serving/report/plot_axis.hpp"

namespace qstar::serving {

struct PlotPoint {
  double x = 0, y = 0;
};

struct PlotSeries {
  std::string name;  // in the legend, once for all series of this name; "": not in the legend
  std::vector<PlotPoint> points;
  std::string colour;  // an SVG colour
  std::string label;   // beside the last point, in its colour, where there is room
  bool marked = true;  // one circle per point
  bool dashed = false;
};

struct PlotPanel {
  std::string title;
  PlotAxis x, y;
  std::vector<PlotSeries> series;
};

// Each panel is 640 by 360, the legend beside the first; names and labels of more than 32
// characters are cut. Points outside the range of an axis (PlotScale::holds) are left out.
std::string plot_svg(const std::vector<PlotPanel>& panels);

}  // namespace qstar::serving

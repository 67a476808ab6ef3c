// The learning curve of a run as a standalone SVG.
#pragma once

#include <string>
#include <vector>

#include "serving/report/plot.hpp"

namespace qstar::serving {

struct CurveLabels {
  std::string title;
  std::string x_axis;
};

// Accuracy (y, in [0, 1]) against x, 640 by 360; axes from 0 to the largest x and from 0 to 1.
// Readable on light and dark backgrounds. Texts are escaped.
std::string learning_curve_svg(const std::vector<PlotPoint>& points, const CurveLabels& labels);

}  // namespace qstar::serving

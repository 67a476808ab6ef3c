// The learning curve of a run as a standalone SVG.
#pragma once

#include <string>
#include <vector>

namespace qstar {

struct CurvePoint {
  double x = 0;         // as the axis label says
  double accuracy = 0;  // in [0, 1]
};

struct CurveLabels {
  std::string title;
  std::string x_axis;
};

// Accuracy against x, 640 by 360; axes from 0 to the largest x and from 0 to 1. Neutral on light
// and dark. Texts are escaped.
std::string learning_curve_svg(const std::vector<CurvePoint>& points, const CurveLabels& labels);

}  // namespace qstar

#include "serving/report/learning_curve.hpp"

#include "serving/report/drawing.hpp"

namespace qstar::serving {

std::string learning_curve_svg(const std::vector<PlotPoint>& points, const CurveLabels& labels) {
  PlotPanel panel;
  panel.title = labels.title;
  panel.x.label = labels.x_axis;
  panel.y.high = 1;
  panel.series = {{.name = "", .points = points, .colour = drawing::colour(0), .label = ""}};
  return plot_svg({panel});
}

}  // namespace qstar::serving

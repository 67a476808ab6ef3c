#include "serving/report/plot.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "serving/report/drawing.hpp"
#include "serving/report/label_places.hpp"

namespace qstar::serving {
namespace {

constexpr double kPanelWidth = 640, kPanelHeight = 360;
constexpr double kLeft = 60, kTop = 40, kWidth = 550, kHeight = 260;
constexpr double kLegendMark = 24, kLegendLine = 20;
constexpr double kLinePiece = 4;
constexpr std::size_t kNameLength = 32;

std::vector<double> values_of(const PlotPanel& panel, double PlotPoint::*coordinate) {
  std::vector<double> values;
  for (const auto& series : panel.series) {
    for (const auto& point : series.points) values.push_back(point.*coordinate);
  }
  return values;
}

std::string dashes(const PlotSeries& series) {
  return series.dashed ? " stroke-dasharray=\"5 4\"" : "";
}

// One panel, whose upper edge is at `top`.
class PanelDrawing {
 public:
  PanelDrawing(const PlotPanel& panel, double top)
      : panel_(panel),
        top_(top + kTop),
        x_(panel.x, values_of(panel, &PlotPoint::x)),
        y_(panel.y, values_of(panel, &PlotPoint::y)) {}

  std::string svg() const {
    std::string out = frame();
    for (const auto& series : panel_.series) out += line_of(series);
    return out + labels();
  }

 private:
  PlotPoint place(double share_x, double share_y) const {
    return {kLeft + kWidth * share_x, top_ + kHeight * (1 - share_y)};
  }

  std::vector<PlotPoint> places(const PlotSeries& series) const {
    std::vector<PlotPoint> out;
    for (const auto& [x, y] : series.points) {
      if (x_.holds(x) && y_.holds(y)) out.push_back(place(x_.share(x), y_.share(y)));
    }
    return out;
  }

  std::string frame() const {
    std::string out = drawing::text(kLeft, top_ - 16, "start", panel_.title);
    out += drawing::text(kLeft + kWidth / 2, top_ + kHeight + 50, "middle", panel_.x.label);
    if (!panel_.y.label.empty())
      out += drawing::upright_text(14, top_ + kHeight / 2, panel_.y.label);
    for (const auto& tick : y_.ticks()) {
      const double y = place(0, tick.share).y;
      out += drawing::line(kLeft, y, kLeft + kWidth, y, "#8884");
      out += drawing::text(kLeft - 8, y + 4, "end", tick.text);
    }
    for (const auto& tick : x_.ticks())
      out += drawing::text(place(tick.share, 0).x, top_ + kHeight + 20, "middle", tick.text);
    return out;
  }

  std::string line_of(const PlotSeries& series) const {
    const auto points = places(series);
    std::string line, circles;
    for (const auto& [x, y] : points) {
      line += fmt::format("{:.1f},{:.1f} ", x, y);
      if (series.marked) circles += drawing::circle(x, y, series.colour);
    }
    return fmt::format(
               "<polyline fill=\"none\" stroke=\"{}\" stroke-width=\"2\"{} points=\"{}\"/>\n",
               series.colour, dashes(series), line) +
           circles;
  }

  std::string labels() const {
    LabelPlaces free({kLeft, top_, kPanelWidth, top_ + kHeight});
    for (const auto& series : panel_.series) {
      block(places(series), free);
    }
    std::string out;
    for (const auto& series : panel_.series) {
      const auto points = places(series);
      if (!series.label.empty() && !points.empty()) out += label_of(series, points.back(), free);
    }
    return out;
  }

  // Blocks the circles and, in small pieces, the line between them.
  static void block(const std::vector<PlotPoint>& points, LabelPlaces& free) {
    for (std::size_t i = 0; i < points.size(); ++i) {
      const auto [x, y] = points[i];
      free.block({x - 4, y - 4, x + 4, y + 4});
      if (i == 0) continue;
      const double dx = points[i - 1].x - x, dy = points[i - 1].y - y;
      const double length = std::hypot(dx, dy);
      for (double at = 0; at < length; at += kLinePiece) {
        const double to_x = x + dx * at / length, to_y = y + dy * at / length;
        free.block({to_x - 2, to_y - 2, to_x + 2, to_y + 2});
      }
    }
  }

  static std::string label_of(const PlotSeries& series, const PlotPoint& at, LabelPlaces& free) {
    const std::string label = drawing::shortened(series.label, kNameLength);
    const auto place = free.place(at.x, at.y, drawing::width_of(label));
    if (!place) return "";
    const double middle = place->y - 4;  // of the text; the line ends at its edge
    const double end = std::abs(middle - at.y) < 8 ? middle : middle + (middle > at.y ? -7 : 7);
    return (place->needs_line ? drawing::line(at.x, at.y, place->x, end, "#8888") : "") +
           drawing::text(place->x, place->y, place->anchor, label, series.colour);
  }

  const PlotPanel& panel_;
  double top_;
  PlotScale x_, y_;
};

struct Legend {
  std::string svg;
  double right = kPanelWidth;
  double bottom = 0;
};

Legend legend_of(const std::vector<PlotPanel>& panels) {
  Legend legend;
  std::set<std::string> seen;
  double y = kTop + 8;
  for (const auto& panel : panels) {
    for (const auto& series : panel.series) {
      if (series.name.empty() || !seen.insert(series.name).second) continue;
      const std::string name = drawing::shortened(series.name, kNameLength);
      const double x = kPanelWidth + kLegendMark + 6;
      legend.svg +=
          fmt::format("<path stroke=\"{}\" stroke-width=\"3\"{} d=\"M{:.1f} {:.1f}h{:.1f}\"/>\n",
                      series.colour, dashes(series), kPanelWidth, y - 4, kLegendMark);
      legend.svg += drawing::text(x, y, "start", name);
      legend.right = std::max(legend.right, x + drawing::width_of(name));
      legend.bottom = y + kLegendLine;
      y += kLegendLine;
    }
  }
  return legend;
}

}  // namespace

std::string plot_svg(const std::vector<PlotPanel>& panels) {
  std::string content;
  double top = 0;
  for (const auto& panel : panels) {
    content += PanelDrawing(panel, top).svg();
    top += kPanelHeight;
  }
  const Legend legend = legend_of(panels);
  return drawing::document(legend.right, std::max(top, legend.bottom), content + legend.svg);
}

}  // namespace qstar::serving

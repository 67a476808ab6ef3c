#include "serving/report/bar_chart.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "serving/report/drawing.hpp"
#include "serving/report/plot_axis.hpp"

namespace qstar::serving {
namespace {

constexpr std::size_t kNameWidth = 40;
constexpr double kBarLength = 420, kValueWidth = 60;
constexpr double kBar = 14, kBetween = 3, kBetweenGroups = 12;

class ChartDrawing {
 public:
  explicit ChartDrawing(const BarChart& chart) : chart_(chart) {
    for (const auto& group : chart.groups) {
      left_ = std::max(left_, 20 + drawing::width_of(drawing::shortened(group.name, kNameWidth)));
      height_ += kBetweenGroups + (kBar + kBetween) * static_cast<double>(group.bars.size());
    }
    if (chart.series.size() > 1) top_ += 24;
  }

  std::string svg() {
    std::string out = drawing::text(12, 24, "start", chart_.title) + legend() + grid();
    double y = top_ + kBetweenGroups / 2;
    for (const auto& group : chart_.groups) {
      const double bars = (kBar + kBetween) * static_cast<double>(group.bars.size());
      out += drawing::text(left_ - 8, y + (bars - kBetween) / 2 + 4, "end",
                           drawing::shortened(group.name, kNameWidth));
      for (std::size_t i = 0; i < group.bars.size(); ++i) {
        if (group.bars[i]) out += bar_of(*group.bars[i], y, drawing::colour(i));
        y += kBar + kBetween;
      }
      y += kBetweenGroups;
    }
    const double right = std::max(left_ + kBarLength + kValueWidth, legend_right_);
    return drawing::document(std::max(right, 24 + drawing::width_of(chart_.title)),
                             top_ + height_ + 32, out);
  }

 private:
  double x_of(double share) const { return left_ + kBarLength * std::clamp(share, 0.0, 1.0); }

  // A row below the title.
  std::string legend() {
    std::string out;
    if (chart_.series.size() < 2) return out;
    legend_right_ = left_;
    for (std::size_t i = 0; i < chart_.series.size(); ++i) {
      const std::string name = drawing::shortened(chart_.series[i], kNameWidth);
      out += drawing::bar(legend_right_, 36, 12, 12, drawing::colour(i));
      out += drawing::text(legend_right_ + 18, 46, "start", name);
      legend_right_ += 18 + drawing::width_of(name) + 16;
    }
    return out;
  }

  std::string grid() const {
    std::string out;
    for (const auto& tick : PlotScale({.label = "", .high = 1.0}, {}).ticks()) {
      const double x = x_of(tick.share);
      out += drawing::line(x, top_, x, top_ + height_, "#8884");
      out += drawing::text(x, top_ + height_ + 18, "middle", tick.text);
    }
    return out;
  }

  std::string bar_of(const ChartBar& bar, double y, const char* colour) const {
    std::string out = drawing::bar(left_, y, x_of(bar.share) - left_, kBar, colour);
    double right = x_of(bar.share);
    if (bar.interval) {
      const double low = x_of(bar.interval->first), high = x_of(bar.interval->second);
      out += drawing::line(low, y + kBar / 2, high, y + kBar / 2, drawing::kGrey);
      for (const double x : {low, high})
        out += drawing::line(x, y + 3, x, y + kBar - 3, drawing::kGrey);
      right = std::max(right, high);
    }
    return out + drawing::text(right + 6, y + kBar - 3, "start", fmt::format("{:.3f}", bar.share));
  }

  const BarChart& chart_;
  double left_ = 60, top_ = 40, height_ = 0, legend_right_ = 0;
};

}  // namespace

std::string bar_chart_svg(const BarChart& chart) { return ChartDrawing(chart).svg(); }

}  // namespace qstar::serving

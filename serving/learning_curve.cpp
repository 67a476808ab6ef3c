#include "serving/learning_curve.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace qstar {
namespace {

constexpr double kLeft = 60, kTop = 40, kWidth = 550, kHeight = 260;

std::string escaped(const std::string& text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '&': out += "&amp;"; break;
      default: out += c;
    }
  }
  return out;
}

double y_of(double accuracy) { return kTop + kHeight * (1 - std::clamp(accuracy, 0.0, 1.0)); }

std::string text(double x, double y, const char* anchor, const std::string& content) {
  return fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"{}\">{}</text>\n", x, y, anchor,
                     escaped(content));
}

// 1, 2 or 5 times a power of ten: four to ten of them reach `largest`.
double tick_step(double largest) {
  const double power = std::pow(10.0, std::floor(std::log10(largest / 4)));
  for (const double factor : {5.0, 2.0}) {
    if (largest / (factor * power) >= 4) return factor * power;
  }
  return power;
}

// 1500000 as "1.5 M".
std::string short_number(double x) {
  if (x >= 1e6) return fmt::format("{:g} M", x / 1e6);
  if (x >= 1e3) return fmt::format("{:g} k", x / 1e3);
  return fmt::format("{:g}", x);
}

}  // namespace

std::string learning_curve_svg(const std::vector<CurvePoint>& points, const CurveLabels& labels) {
  double largest = 1;
  for (const auto& point : points) largest = std::max(largest, point.x);
  const auto x_of = [largest](double x) { return kLeft + kWidth * x / largest; };
  std::string svg =
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 640 360\" "
      "font-family=\"sans-serif\" font-size=\"12\" "
      "fill=\"#888\">\n";
  svg += text(kLeft, 24, "start", labels.title);
  svg += text(kLeft + kWidth / 2, 350, "middle", labels.x_axis);
  for (int i = 0; i <= 5; ++i) {
    const double share = i / 5.0;
    svg += fmt::format(
        "<line x1=\"{:.1f}\" y1=\"{:.1f}\" x2=\"{:.1f}\" y2=\"{:.1f}\" stroke=\"#8884\"/>\n", kLeft,
        y_of(share), kLeft + kWidth, y_of(share));
    svg += text(kLeft - 8, y_of(share) + 4, "end", fmt::format("{:.1f}", share));
  }
  const double step = tick_step(largest);
  for (int i = 0; i * step <= largest; ++i)
    svg += text(x_of(i * step), kTop + kHeight + 20, "middle", short_number(i * step));
  std::string line;
  for (const auto& point : points)
    line += fmt::format("{:.1f},{:.1f} ", x_of(point.x), y_of(point.accuracy));
  svg +=
      "<polyline fill=\"none\" stroke=\"#2a7ae2\" stroke-width=\"2\" points=\"" + line + "\"/>\n";
  for (const auto& point : points) {
    svg += fmt::format("<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"3\" fill=\"#2a7ae2\"/>\n",
                       x_of(point.x), y_of(point.accuracy));
  }
  return svg + "</svg>\n";
}

}  // namespace qstar

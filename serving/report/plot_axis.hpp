// An axis of a plot: the mapping from values to positions, and its ticks.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace qstar::serving {

struct PlotAxis {
  std::string label;
  bool logarithmic = false;
  std::optional<double> high;  // end of a linear axis; nullopt: the largest value
};

class PlotScale {
 public:
  // Linear: includes 0 and all values. Logarithmic: ends at 1, 2 or 5 times a power of ten around
  // all positive values; other values cannot be drawn. Without values: 0 to 1, or 1 to 10.
  PlotScale(const PlotAxis& axis, const std::vector<double>& values);

  // Whether the value can be drawn: finite, below 1e18, and positive on a logarithmic axis.
  bool holds(double value) const;
  // 0 at the low end, 1 at the high end; values outside are clamped.
  double share(double value) const;

  struct Tick {
    double share = 0;
    std::string text;  // 1500000 as "1.5 M"
  };
  // Linear: four to ten, at multiples of 1, 2 or 5 times a power of ten. Logarithmic: at 1, 2 and 5
  // times the powers of ten, or only at some powers when these would be more than twelve.
  std::vector<Tick> ticks() const;

 private:
  std::vector<Tick> linear_ticks() const;
  std::vector<Tick> logarithmic_ticks() const;

  bool logarithmic_;
  double low_ = 0;
  double high_ = 0;
};

}  // namespace qstar::serving

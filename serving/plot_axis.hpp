// An axis of a plot: from values to places, and where the ticks are.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace qstar {

struct PlotAxis {
  std::string label;
  bool logarithmic = false;
  std::optional<double> high;  // of a linear axis: where it ends; nothing: at the largest value
};

class PlotScale {
 public:
  // Linear: holds 0 and all values. Logarithmic: ends at 1, 2 or 5 times a power of ten around all
  // positive values; the others cannot be drawn. Without a value: 0 to 1, or 1 to 10.
  PlotScale(const PlotAxis& axis, const std::vector<double>& values);

  // Whether the value has a place: it is finite, below 1e18, and positive on a logarithmic axis.
  bool holds(double value) const;
  // 0 at the low end, 1 at the high end; what lies outside is at the nearer end.
  double share(double value) const;

  struct Tick {
    double share = 0;
    std::string text;  // 1500000 as "1.5 M"
  };
  // Linear: four to ten, at multiples of 1, 2 or 5 times a power of ten. Logarithmic: at 1, 2 and 5
  // times the powers of ten, or some of the powers alone when these would be more than twelve.
  std::vector<Tick> ticks() const;

 private:
  std::vector<Tick> linear_ticks() const;
  std::vector<Tick> logarithmic_ticks() const;

  bool logarithmic_;
  double low_ = 0;
  double high_ = 0;
};

}  // namespace qstar

#include "serving/report/plot_axis.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace qstar::serving {
namespace {

constexpr double kLargest = 1e18;
constexpr std::size_t kTicks =
    12;  // maximum on a logarithmic axis, so that their texts do not overlap

// The step between ticks: 1, 2 or 5 times a power of ten, four to ten of them in `span`.
double tick_step(double span) {
  const double power = std::pow(10.0, std::floor(std::log10(span / 4)));
  for (const double factor : {5.0, 2.0}) {
    if (span / (factor * power) >= 4) return factor * power;
  }
  return power;
}

std::string tick_text(double value, double step) {
  const double size = std::abs(value);
  if (size >= 1e9) return fmt::format("{:g} G", value / 1e9);
  if (size >= 1e6) return fmt::format("{:g} M", value / 1e6);
  if (size >= 1e3) return fmt::format("{:g} k", value / 1e3);
  if (step < 1e-4) return fmt::format("{:g}", value);
  const int decimals = std::max(0, static_cast<int>(std::ceil(-std::log10(step) - 1e-9)));
  return fmt::format("{:.{}f}", value, decimals);
}

// Multiples of powers of ten: the ticks between two values and the next tick outwards on each side.
std::vector<double> round_values(double low, double high) {
  std::vector<double> all;
  const int first = static_cast<int>(std::floor(std::log10(low)));
  const int last = static_cast<int>(std::floor(std::log10(high))) + 1;
  for (int power = first; power <= last; ++power) {
    for (const double factor : {1.0, 2.0, 5.0}) all.push_back(factor * std::pow(10.0, power));
  }
  const auto from = std::upper_bound(all.begin(), all.end(), low * (1 + 1e-9));
  const auto to = std::lower_bound(from, all.end(), high * (1 - 1e-9));
  return {from == all.begin() ? from : from - 1, to == all.end() ? to : to + 1};
}

}  // namespace

PlotScale::PlotScale(const PlotAxis& axis, const std::vector<double>& values)
    : logarithmic_(axis.logarithmic) {
  std::vector<double> held;
  std::copy_if(values.begin(), values.end(), std::back_inserter(held),
               [this](double value) { return holds(value); });
  if (!logarithmic_) held.push_back(0);
  if (held.empty()) held = {1, 10};
  const auto [smallest, largest] = std::minmax_element(held.begin(), held.end());
  if (logarithmic_) {
    const auto ends = round_values(*smallest, *largest);
    low_ = ends.front();
    high_ = ends.back();
  } else {
    low_ = axis.high ? 0 : *smallest;
    high_ = axis.high.value_or(*largest);
    if (high_ - low_ < 1e-12) high_ = low_ + 1;
  }
}

bool PlotScale::holds(double value) const {
  if (!std::isfinite(value) || std::abs(value) >= kLargest) return false;
  return !logarithmic_ || value > 1 / kLargest;
}

double PlotScale::share(double value) const {
  const double share = logarithmic_ ? std::log(value / low_) / std::log(high_ / low_)
                                    : (value - low_) / (high_ - low_);
  return std::clamp(share, 0.0, 1.0);
}

std::vector<PlotScale::Tick> PlotScale::ticks() const {
  return logarithmic_ ? logarithmic_ticks() : linear_ticks();
}

std::vector<PlotScale::Tick> PlotScale::linear_ticks() const {
  std::vector<Tick> ticks;
  const double step = tick_step(high_ - low_);
  const auto first = static_cast<int>(std::ceil(low_ / step - 1e-9));
  for (int i = first; i * step <= high_ + step * 1e-9; ++i)
    ticks.push_back({share(i * step), tick_text(i * step, step)});
  return ticks;
}

std::vector<PlotScale::Tick> PlotScale::logarithmic_ticks() const {
  auto values = round_values(low_, high_);
  if (values.size() > kTicks) {
    std::erase_if(values, [](double value) {
      const double power = std::log10(value);
      return std::abs(power - std::round(power)) > 1e-6;
    });
  }
  std::vector<Tick> ticks;
  const std::size_t every = (values.size() + kTicks - 1) / kTicks;
  for (std::size_t i = 0; i < values.size(); i += every)
    ticks.push_back({share(values[i]), tick_text(values[i], values[i])});
  return ticks;
}

}  // namespace qstar::serving

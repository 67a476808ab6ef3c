#include "experiment/text/ratings.hpp"

#include <cmath>
#include <cstddef>

namespace qstar::experiment {

std::vector<double> elo_ratings(const std::vector<std::vector<bool>>& right) {
  const std::size_t n = right.size();
  std::vector<double> points(n, 0.0);
  std::vector<double> strength(n, 1.0);
  double met = 1;  // games per pair, including the added draw
  for (std::size_t p = 0; p < n; ++p) {
    for (std::size_t q = 0; q < n; ++q) {
      if (p == q) continue;
      points[p] += 0.5;
      for (std::size_t i = 0; i < right[p].size(); ++i)
        points[p] += 0.5 + 0.5 * (right[p][i] - right[q][i]);
    }
    met = 1 + static_cast<double>(right[p].size());
  }
  // Zermelo's iteration (Hunter 2004, "MM algorithms for generalized Bradley–Terry models").
  for (int sweep = 0; sweep < 1000; ++sweep) {
    for (std::size_t p = 0; p < n; ++p) {
      double expected = 0;
      for (std::size_t q = 0; q < n; ++q)
        if (p != q) expected += met / (strength[p] + strength[q]);
      if (expected > 0) strength[p] = points[p] / expected;
    }
  }
  std::vector<double> ratings;
  for (const double s : strength) ratings.push_back(400 * std::log10(s / strength.front()));
  return ratings;
}

}  // namespace qstar::experiment

#include <algorithm>
#include <bit>

#include "environment/puzzle/lights_out.hpp"

namespace qstar::environment {
namespace {

using Lamps = LightsOutSolver::Lamps;

// One equation: the cells pressed and the lamps lit have the same parity.
struct Equation {
  Lamps presses;
  Lamps lamps;
};

// Brings the first rows to the identity in the pivots' cells, which it returns.
std::vector<std::size_t> eliminate(std::vector<Equation>& rows) {
  std::vector<std::size_t> pivots;
  for (std::size_t cell = 0; cell < rows.size(); ++cell) {
    const auto first = rows.begin() + static_cast<std::ptrdiff_t>(pivots.size());
    const auto pivot =
        std::find_if(first, rows.end(), [&](const Equation& row) { return row.presses[cell]; });
    if (pivot == rows.end()) continue;
    std::swap(*first, *pivot);
    for (auto row = rows.begin(); row != rows.end(); ++row) {
      if (row == first || !row->presses[cell]) continue;
      row->presses ^= first->presses;
      row->lamps ^= first->lamps;
    }
    pivots.push_back(cell);
  }
  return pivots;
}

bool odd(const Lamps& lamps) { return lamps.count() % 2 == 1; }

}  // namespace

LightsOutSolver::LightsOutSolver(const std::vector<Lamps>& toggles) {
  std::vector<Equation> rows;
  for (std::size_t lamp = 0; lamp < toggles.size(); ++lamp) {
    rows.push_back({toggles[lamp], Lamps().set(lamp)});
  }
  const auto cells = eliminate(rows);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (i < cells.size()) {
      pivots_.push_back({cells[i], rows[i].lamps});
    } else {
      checks_.push_back(rows[i].lamps);
    }
  }
  for (std::size_t cell = 0; cell < rows.size(); ++cell) {
    if (std::binary_search(cells.begin(), cells.end(), cell)) continue;
    Lamps nothing = Lamps().set(cell);
    for (std::size_t i = 0; i < cells.size(); ++i) nothing[cells[i]] = rows[i].presses[cell];
    null_space_.push_back(nothing);
  }
}

bool LightsOutSolver::solvable(const Lamps& lit) const {
  return std::none_of(checks_.begin(), checks_.end(),
                      [&](const Lamps& check) { return odd(check & lit); });
}

Lamps LightsOutSolver::shortest(const Lamps& lit) const {
  Lamps presses;
  for (const Pivot& pivot : pivots_) presses[pivot.cell] = odd(pivot.sum & lit);
  Lamps best = presses;
  // Gray code: each step adds one vector of the basis, and all sums come up.
  for (std::size_t step = 1; step < std::size_t{1} << null_space_.size(); ++step) {
    presses ^= null_space_[static_cast<std::size_t>(std::countr_zero(step))];
    if (presses.count() < best.count()) best = presses;
  }
  return best;
}

}  // namespace qstar::environment

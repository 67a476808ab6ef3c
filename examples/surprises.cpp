// Reads a replay store, also while training writes to it, and shows the steps that surprised the
// critic most: highly valued in attempts that were lost, or hardly valued in attempts that were
// won.
//
//   build/release/examples/surprises runs/quickstart-seed1/store 10
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "core/printable.hpp"
#include "persistence/store.hpp"

using namespace qstar;

namespace {

struct Surprise {
  float size = 0;  // |Q − win|
  TrajectoryId id;
  std::string line;
};

void collect(const Trajectory& attempt, std::vector<Surprise>& surprises) {
  std::string before = attempt.problem;
  for (const auto& step : attempt.steps) {
    if (step.q) {
      const float win = attempt.win() ? 1.0F : 0.0F;
      surprises.push_back({std::abs(*step.q - win), attempt.id,
                           fmt::format("{:>24} = {:<24} Q {:.3f}  {:<13} {}", printable(before),
                                       printable(step.text), *step.q, to_string(step.verdict),
                                       to_string(attempt.outcome))});
    }
    before = step.text;
  }
}

int show(const std::string& path, std::size_t n) {
  const auto store = persistence::Store::open(path, persistence::Store::Mode::kRead);
  if (!store)
    return fmt::print(stderr, "{}\n", store.error().message), exit_code(store.error().code);
  std::vector<Surprise> surprises;
  const auto scanned = store->scan(0, [&](const AttemptGroup& group) {
    for (const auto& attempt : group.attempts) collect(attempt, surprises);
    return true;
  });
  if (!scanned)
    return fmt::print(stderr, "{}\n", scanned.error().message), exit_code(scanned.error().code);
  fmt::print("{} valued steps\n", surprises.size());
  n = std::min(n, surprises.size());
  std::partial_sort(surprises.begin(), surprises.begin() + static_cast<std::ptrdiff_t>(n),
                    surprises.end(), [](const auto& a, const auto& b) { return a.size > b.size; });
  for (std::size_t i = 0; i < n; ++i)
    fmt::print("{:>8}/{}  {}\n", surprises[i].id.group, surprises[i].id.sample, surprises[i].line);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) return fmt::print(stderr, "usage: surprises STORE [COUNT]\n"), 2;
  return show(argv[1], argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 10);
}

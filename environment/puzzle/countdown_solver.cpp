#include "environment/puzzle/countdown_solver.hpp"

#include <unordered_set>

namespace qstar::environment::countdown {
namespace {

using Numbers = decltype(Position::numbers);

struct HashOfNumbers {
  std::size_t operator()(const Numbers& numbers) const {
    std::uint64_t hash = 0;
    for (const std::uint32_t number : numbers) hash = mix64(hash ^ number);
    return static_cast<std::size_t>(hash);
  }
};

class DeepeningSearch {
 public:
  // Whether exactly `steps` steps, at least 1, reach the target; then they are in path().
  bool run(const Position& start, std::size_t steps) {
    failed_.clear();
    return reaches(start, steps);
  }
  const std::vector<Combination>& path() const { return path_; }

 private:
  bool reaches(const Position& position, std::size_t steps) {
    // As many numbers left are as many steps left, so the numbers alone are the key.
    if (steps > 1 && !failed_.insert(position.numbers).second) return false;
    for (std::size_t i = 0; i < position.count; ++i) {
      for (std::size_t j = i + 1; j < position.count; ++j) {
        for (const char op : kOperators) {
          if (reaches_by(position, {i, j, op}, steps)) return true;
        }
      }
    }
    return false;
  }

  bool reaches_by(const Position& position, const Combination& c, std::size_t steps) {
    const std::uint32_t a = position.numbers[c.first], b = position.numbers[c.second];
    const auto value = combined(a, c.op, b);
    if (!value || *value == a || *value == b) return false;
    if (steps == 1 && *value != position.target) return false;
    path_.push_back(c);
    if (steps == 1) return true;
    Position next = position;
    next.replace(c, *value);
    if (reaches(next, steps - 1)) return true;
    path_.pop_back();
    return false;
  }

  std::unordered_set<Numbers, HashOfNumbers> failed_;
  std::vector<Combination> path_;
};

}  // namespace

std::optional<std::vector<Combination>> shortest_solution(const Position& start) {
  if (start.solved()) return std::vector<Combination>{};
  DeepeningSearch search;
  for (std::size_t steps = 1; steps < start.count; ++steps) {
    if (search.run(start, steps)) return search.path();
  }
  return std::nullopt;
}

}  // namespace qstar::environment::countdown

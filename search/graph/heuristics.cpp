#include "search/graph/heuristics.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

#include "environment/puzzle/pancake.hpp"
#include "environment/puzzle/sliding_tiles.hpp"

namespace qstar::search {
namespace {

using Position = std::span<const std::uint8_t>;

struct HeuristicRow {
  std::string_view name;
  std::string_view puzzle;  // empty: every puzzle
  float (*estimate)(const environment::Puzzle&, Position);
};

// To add a heuristic, add its row.
constexpr std::array kHeuristics = {
    HeuristicRow{"zero", "", [](const environment::Puzzle&, Position) { return 0.0F; }},
    HeuristicRow{"manhattan", "sliding_tiles",
        [](const environment::Puzzle& puzzle, Position position) {
          const auto side = std::lround(std::sqrt(puzzle.cells()));
          return static_cast<float>(
              environment::manhattan_distance(position, static_cast<std::size_t>(side)));
        }},
    HeuristicRow{"gaps", "pancake",
        [](const environment::Puzzle&, Position position) {
          return static_cast<float>(environment::pancake_gaps(position));
        }},
};

bool offers(const environment::Puzzle& puzzle, const HeuristicRow& row) {
  return row.puzzle.empty() || row.puzzle == puzzle.name();
}

class HeuristicEstimate final : public model::CostToGo {
 public:
  HeuristicEstimate(std::shared_ptr<const environment::Puzzle> puzzle, const HeuristicRow& row)
      : puzzle_(std::move(puzzle)), row_(row) {}
  std::size_t outputs() const override { return 1; }
  void costs(Position states, std::span<float> costs) override {
    const std::size_t bytes = puzzle_->state_bytes();
    for (std::size_t i = 0; i < costs.size(); ++i)
      costs[i] = row_.estimate(*puzzle_, states.subspan(i * bytes, bytes));
  }

 private:
  std::shared_ptr<const environment::Puzzle> puzzle_;
  const HeuristicRow& row_;
};

}  // namespace

ZeroEstimate::ZeroEstimate(const environment::Puzzle& puzzle, EstimateKind kind) {
  if (kind == EstimateKind::kValue) {
    row_ = {0};
    return;
  }
  for (std::size_t m = 0; m < puzzle.moves(); ++m) {
    row_.push_back(puzzle.cost(static_cast<environment::Move>(m)));
  }
}

void ZeroEstimate::costs(std::span<const std::uint8_t>, std::span<float> costs) {
  for (std::size_t i = 0; i < costs.size(); i += row_.size()) {
    std::copy(row_.begin(), row_.end(), costs.begin() + static_cast<std::ptrdiff_t>(i));
  }
}

MovesByValue::MovesByValue(std::shared_ptr<const environment::Puzzle> puzzle,
                           std::unique_ptr<model::CostToGo> value)
    : puzzle_(std::move(puzzle)),
      value_(std::move(value)),
      moves_(puzzle_->moves()),
      children_(puzzle_->moves() * puzzle_->state_bytes()) {
  std::iota(moves_.begin(), moves_.end(), environment::Move{0});
}

void MovesByValue::costs(std::span<const std::uint8_t> states, std::span<float> costs) {
  const std::size_t bytes = puzzle_->state_bytes(), moves = moves_.size();
  for (std::size_t i = 0; i < costs.size() / moves; ++i) {
    for (std::size_t m = 0; m < moves; ++m) {
      std::copy_n(states.begin() + static_cast<std::ptrdiff_t>(i * bytes), bytes,
                  children_.begin() + static_cast<std::ptrdiff_t>(m * bytes));
    }
    puzzle_->apply(children_, moves_, children_);
    const auto row = costs.subspan(i * moves, moves);
    value_->costs(children_, row);
    for (std::size_t m = 0; m < moves; ++m) row[m] += puzzle_->cost(moves_[m]);
  }
}

std::vector<std::string> heuristic_names() {
  std::vector<std::string> names;
  for (const HeuristicRow& row : kHeuristics) names.emplace_back(row.name);
  return names;
}

std::vector<std::string> heuristic_names(const environment::Puzzle& puzzle) {
  std::vector<std::string> names;
  for (const HeuristicRow& row : kHeuristics) {
    if (offers(puzzle, row)) names.emplace_back(row.name);
  }
  return names;
}

Result<std::unique_ptr<model::CostToGo>> make_heuristic(
    std::string_view name, std::shared_ptr<const environment::Puzzle> puzzle, EstimateKind kind) {
  for (const HeuristicRow& row : kHeuristics) {
    if (row.name != name || !offers(*puzzle, row)) continue;
    auto value = std::make_unique<HeuristicEstimate>(puzzle, row);
    if (kind == EstimateKind::kValue) return value;
    return std::make_unique<MovesByValue>(std::move(puzzle), std::move(value));
  }
  return fail(Errc::kUsage,
              fmt::format("{} has no heuristic '{}'; choose one of {}", puzzle->name(), name,
                          fmt::join(heuristic_names(*puzzle), ", ")));
}

}  // namespace qstar::search

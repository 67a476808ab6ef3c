// Five places in a row with the goal at place 0: `down` costs 1, `up` costs 2; the ends are walls,
// and place 4 can be made a dead end. Small enough to work every target out by hand.
#pragma once

#include <algorithm>
#include <string>

#include "environment/puzzle/puzzle.hpp"
#include "model/models.hpp"

namespace qstar::testing {
using namespace environment;

class Corridor final : public Puzzle {
 public:
  static constexpr Move kDown = 0, kUp = 1;
  explicit Corridor(bool trap = false) : trap_(trap) {}
  std::string_view name() const override { return "corridor"; }
  std::size_t state_bytes() const override { return 1; }
  std::size_t moves() const override { return 2; }
  std::string move_name(Move move) const override { return move == kDown ? "down" : "up"; }
  std::optional<Move> move_of(std::string_view) const override { return std::nullopt; }
  float cost(Move move) const override { return move == kDown ? 1 : 2; }
  std::optional<Move> inverse(Move move) const override {
    if (trap_) return std::nullopt;
    return move ^ 1U;
  }
  void apply(std::span<const std::uint8_t> states, std::span<const Move> moves,
             std::span<std::uint8_t> next) const override {
    for (std::size_t i = 0; i < moves.size(); ++i)
      next[i] = can(states[i], moves[i]) ? (moves[i] == kDown ? states[i] - 1 : states[i] + 1)
                                         : states[i];
  }
  void legal(std::span<const std::uint8_t> states, std::span<std::uint8_t> legal) const override {
    for (std::size_t i = 0; i < states.size(); ++i)
      for (Move m = 0; m < 2; ++m) legal[2 * i + m] = can(states[i], m) ? 1 : 0;
  }
  bool solved(std::span<const std::uint8_t> state) const override { return state[0] == 0; }
  std::size_t cells() const override { return 1; }
  std::size_t symbols() const override { return 5; }
  void encode(std::span<const std::uint8_t> states, std::span<std::uint8_t> cells) const override {
    std::copy(states.begin(), states.end(), cells.begin());
  }
  std::vector<std::uint8_t> scrambled(std::size_t steps, Rng& rng) const override {
    return {static_cast<std::uint8_t>(rng.below(std::min<std::size_t>(steps, 4) + 1))};
  }
  Result<std::vector<std::uint8_t>> parse(std::string_view) const override {
    return fail(Errc::kBadProblem, "positions of tests have no text");
  }
  std::string text(std::span<const std::uint8_t>) const override { return {}; }
  std::string render(std::span<const std::uint8_t>) const override { return {}; }

 private:
  bool can(std::uint8_t place, Move move) const {
    if (trap_ && place == 4) return false;
    return move == kDown ? place > 0 : place < 4;
  }
  bool trap_;
};

// Costs written down a place: [5, outputs].
class PlaceTable final : public model::CostToGo {
 public:
  PlaceTable(std::size_t outputs, std::vector<float> table)
      : outputs_(outputs), table_(std::move(table)) {}
  std::size_t outputs() const override { return outputs_; }
  void costs(std::span<const std::uint8_t> states, std::span<float> costs) override {
    for (std::size_t i = 0; i < states.size(); ++i)
      std::copy_n(table_.begin() + static_cast<std::ptrdiff_t>(states[i] * outputs_), outputs_,
                  costs.begin() + static_cast<std::ptrdiff_t>(i * outputs_));
    evaluated += states.size();
  }
  std::size_t evaluated = 0;

 private:
  std::size_t outputs_;
  std::vector<float> table_;
};

}  // namespace qstar::testing

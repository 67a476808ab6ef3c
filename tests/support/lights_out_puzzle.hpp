// Lights Out on n × n squares, for tests. On 3 × 3 every position has exactly one set of presses
// that solves it, so the distance of pressed(set) is the size of the set.
#pragma once

#include <algorithm>
#include <string>

#include "environment/puzzle/puzzle.hpp"

namespace qstar::testing {

class SmallLightsOut final : public environment::Puzzle {
 public:
  explicit SmallLightsOut(std::size_t n = 3, std::string name = "small_lights_out")
      : n_(n), name_(std::move(name)) {}
  std::string_view name() const override { return name_; }
  std::size_t state_bytes() const override { return n_ * n_; }
  std::size_t moves() const override { return n_ * n_; }
  std::string move_name(environment::Move move) const override { return std::to_string(move); }
  std::optional<environment::Move> move_of(std::string_view) const override { return std::nullopt; }
  std::optional<environment::Move> inverse(environment::Move move) const override { return move; }
  void apply(std::span<const std::uint8_t> states, std::span<const environment::Move> moves,
             std::span<std::uint8_t> next) const override {
    std::copy(states.begin(), states.end(), next.begin());
    for (std::size_t i = 0; i < moves.size(); ++i) press(moves[i], next.data() + i * n_ * n_);
  }
  void legal(std::span<const std::uint8_t>, std::span<std::uint8_t> legal) const override {
    std::fill(legal.begin(), legal.end(), std::uint8_t{1});
  }
  bool solved(std::span<const std::uint8_t> state) const override {
    return std::all_of(state.begin(), state.end(), [](std::uint8_t c) { return c == 0; });
  }
  std::size_t cells() const override { return n_ * n_; }
  std::size_t symbols() const override { return 2; }
  void encode(std::span<const std::uint8_t> states, std::span<std::uint8_t> cells) const override {
    std::copy(states.begin(), states.end(), cells.begin());
  }
  std::vector<std::uint8_t> scrambled(std::size_t steps, Rng& rng) const override {
    std::vector<std::uint8_t> state(n_ * n_);
    for (std::size_t i = 0; i < steps; ++i) press(rng.below(n_ * n_), state.data());
    return state;
  }
  Result<std::vector<std::uint8_t>> parse(std::string_view) const override {
    return fail(Errc::kBadProblem, "positions of tests have no text");
  }
  std::string text(std::span<const std::uint8_t>) const override { return {}; }
  std::string render(std::span<const std::uint8_t>) const override { return {}; }

  // The position after pressing every cell whose bit is set.
  std::vector<std::uint8_t> pressed(std::uint32_t cells) const {
    std::vector<std::uint8_t> state(n_ * n_);
    for (std::size_t i = 0; i < n_ * n_; ++i)
      if ((cells >> i & 1U) != 0) press(i, state.data());
    return state;
  }

 private:
  void press(std::size_t cell, std::uint8_t* state) const {
    const std::size_t row = cell / n_, column = cell % n_;
    state[cell] ^= 1;
    if (row > 0) state[cell - n_] ^= 1;
    if (row + 1 < n_) state[cell + n_] ^= 1;
    if (column > 0) state[cell - 1] ^= 1;
    if (column + 1 < n_) state[cell + 1] ^= 1;
  }
  std::size_t n_;
  std::string name_;
};

}  // namespace qstar::testing

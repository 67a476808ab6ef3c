// The rules of Countdown: positive integers and a target. A step takes two of the numbers away and
// puts their sum, product, difference or quotient in their place; it is solved when one of the
// numbers is the target, whether or not others are left.
//
// Every result is a positive integer: a difference has to be positive, a quotient exact, as in the
// television game. Numbers are at most kMaxValue: six numbers of that game never exceed it
// (100·75·50·25·10·10 is the most), so nothing is lost there; with other numbers a step beyond it
// is not allowed. The 24 game is four numbers and target 24, but for its rule that all have to be
// used and for its fractions.
//
// What the puzzle (countdown.hpp), the text (countdown_text.hpp) and the oracle
// (countdown_solver.hpp) share.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.hpp"
#include "core/rng.hpp"

namespace qstar::environment::countdown {

inline constexpr std::size_t kMaxNumbers = 6;
inline constexpr std::uint32_t kMaxValue = 0xffffffff;
inline constexpr std::uint32_t kMaxTarget = 0xffff;
inline constexpr std::string_view kOperators = "+*-/";
// Targets of the television game.
inline constexpr std::uint32_t kSmallestDrawn = 100, kLargestDrawn = 999;

// Two places, first < second, counted from 0, and what is done with the numbers there.
struct Combination {
  std::size_t first = 0, second = 1;
  char op = '+';
  friend bool operator==(const Combination&, const Combination&) = default;
};

struct Position {
  // The first `count` of them, the largest first; 0 behind. So equal sets are equal arrays.
  std::array<std::uint32_t, kMaxNumbers> numbers{};
  std::size_t count = 0;
  std::uint32_t target = 0;

  std::span<const std::uint32_t> left() const { return {numbers.data(), count}; }
  bool solved() const;
  // The value of two of the numbers, if both are there and the rules give one.
  std::optional<std::uint32_t> value_of(const Combination& combination) const;
  // Puts `value` in the place of the two numbers.
  void replace(const Combination& combination, std::uint32_t value);
  friend bool operator==(const Position&, const Position&) = default;
};

// a op b by the rules; none when there is no such value (or no such operator).
std::optional<std::uint32_t> combined(std::uint32_t a, char op, std::uint32_t b);

// All combinations of `numbers` places, the same order for ever: (1,2) (1,3) … (2,3) …, each with
// + * - /.
std::vector<Combination> combinations(std::size_t numbers);
// Those with a value here.
std::vector<Combination> combinations(const Position& position);

// Numbers drawn as on television, without a target: some of 25, 50, 75, 100 (how many is uniform),
// the rest from 1 to 10, each of which is there twice.
Position drawn_numbers(std::size_t count, Rng& rng);

// "100 75 25 3:952", the numbers in any order, spaces wherever one likes. kBadProblem says which
// number is wrong, or that there are none, or more than `most`.
Result<Position> parse(std::string_view text, std::size_t most);
// The same with the largest number first; a colon and no space before the target.
std::string text(const Position& position);
// For people: the numbers in a row, the target under them.
std::string drawing(const Position& position);

}  // namespace qstar::environment::countdown

#include "environment/puzzle/sliding_tiles.hpp"

#include <algorithm>

#include "environment/puzzle/puzzle_text.hpp"

namespace qstar::environment {
namespace {

constexpr std::string_view kNames = "UDLR";
enum : Move { kUp, kDown, kLeft, kRight };

// Rows and columns between two cells.
std::size_t distance(std::size_t a, std::size_t b, std::size_t side) {
  const auto gap = [](std::size_t x, std::size_t y) { return x < y ? y - x : x - y; };
  return gap(a / side, b / side) + gap(a % side, b % side);
}

}  // namespace

SlidingTiles::SlidingTiles(std::size_t side) : side_(side), goal_(side * side) {
  QSTAR_ASSERT(side >= kMinSide && side <= kMaxSide, std::to_string(side));
  for (std::size_t i = 0; i + 1 < goal_.size(); ++i) goal_[i] = static_cast<std::uint8_t>(i + 1);
}

std::string SlidingTiles::move_name(Move move) const { return {kNames[move]}; }

std::optional<Move> SlidingTiles::move_of(std::string_view name) const {
  const auto at = name.size() == 1 ? kNames.find(name[0]) : std::string_view::npos;
  if (at == std::string_view::npos) return std::nullopt;
  return static_cast<Move>(at);
}

std::optional<Move> SlidingTiles::inverse(Move move) const { return static_cast<Move>(move ^ 1); }

std::optional<std::size_t> SlidingTiles::source(std::size_t blank, Move move) const {
  const std::size_t row = blank / side_, column = blank % side_;
  switch (move) {
    case kUp: return row + 1 < side_ ? std::optional(blank + side_) : std::nullopt;
    case kDown: return row > 0 ? std::optional(blank - side_) : std::nullopt;
    case kLeft: return column + 1 < side_ ? std::optional(blank + 1) : std::nullopt;
    case kRight: return column > 0 ? std::optional(blank - 1) : std::nullopt;
    default: return std::nullopt;
  }
}

std::size_t SlidingTiles::blank_of(std::span<const std::uint8_t> state) const {
  return static_cast<std::size_t>(std::find(state.begin(), state.end(), 0) - state.begin());
}

void SlidingTiles::slide(std::span<std::uint8_t> state, Move move) const {
  const std::size_t blank = blank_of(state);
  if (blank == state.size()) return;
  if (const auto tile = source(blank, move)) std::swap(state[blank], state[*tile]);
}

void SlidingTiles::apply(std::span<const std::uint8_t> states, std::span<const Move> moves,
                         std::span<std::uint8_t> next) const {
  if (states.data() != next.data()) std::copy(states.begin(), states.end(), next.begin());
  for (std::size_t i = 0; i < moves.size(); ++i) {
    slide(next.subspan(i * goal_.size(), goal_.size()), moves[i]);
  }
}

void SlidingTiles::legal(std::span<const std::uint8_t> states,
                         std::span<std::uint8_t> legal) const {
  for (std::size_t i = 0; i < states.size() / goal_.size(); ++i) {
    const std::size_t blank = blank_of(states.subspan(i * goal_.size(), goal_.size()));
    for (std::size_t move = 0; move < moves(); ++move) {
      legal[i * moves() + move] =
          blank < goal_.size() && source(blank, static_cast<Move>(move)).has_value();
    }
  }
}

bool SlidingTiles::solved(std::span<const std::uint8_t> state) const {
  return std::equal(state.begin(), state.end(), goal_.begin(), goal_.end());
}

void SlidingTiles::encode(std::span<const std::uint8_t> states,
                          std::span<std::uint8_t> cells) const {
  std::copy(states.begin(), states.end(), cells.begin());
}

std::vector<std::uint8_t> SlidingTiles::scrambled(std::size_t steps, Rng& rng) const {
  std::vector<std::uint8_t> state = goal_;
  std::optional<Move> undo;
  for (std::size_t i = 0; i < steps; ++i) {
    Move move = 0;
    do {
      move = static_cast<Move>(rng.below(moves()));
    } while (move == undo || !source(blank_of(state), move));
    slide(state, move);
    undo = inverse(move);
  }
  return state;
}

Result<std::vector<std::uint8_t>> SlidingTiles::parse(std::string_view text) const {
  auto state = parse_permutation(text, goal_.size());
  if (!state) return state;
  // Each move is one swap and moves the blank by one cell, so the two parities stay together.
  const std::size_t last = goal_.size() - 1;
  std::vector<std::uint8_t> places;  // where the goal has what is in each cell
  for (const std::uint8_t tile : *state) {
    places.push_back(static_cast<std::uint8_t>(tile == 0 ? last : tile - 1U));
  }
  if (is_even(places) != (distance(blank_of(*state), last, side_) % 2 == 0)) {
    return fail(Errc::kBadProblem,
                "the position cannot be solved: its parity is odd (two tiles are swapped)");
  }
  return state;
}

std::string SlidingTiles::text(std::span<const std::uint8_t> state) const {
  return permutation_text(state);
}

std::string SlidingTiles::render(std::span<const std::uint8_t> state) const {
  return permutation_table(state, side_, 0);
}

std::size_t manhattan_distance(std::span<const std::uint8_t> state, std::size_t side) {
  std::size_t sum = 0;
  for (std::size_t i = 0; i < state.size(); ++i) {
    if (state[i] != 0) sum += distance(i, state[i] - std::size_t{1}, side);
  }
  return sum;
}

}  // namespace qstar::environment

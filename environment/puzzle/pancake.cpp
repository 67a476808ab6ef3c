#include "environment/puzzle/pancake.hpp"

#include <algorithm>
#include <charconv>
#include <numeric>

#include "environment/puzzle/puzzle_text.hpp"

namespace qstar::environment {
namespace {

constexpr std::size_t kFewest = 2;  // pancakes that a move turns over at least

void flip(std::span<std::uint8_t> state, Move move) {
  std::reverse(state.begin(), state.begin() + static_cast<std::ptrdiff_t>(move + kFewest));
}

bool gap(std::size_t above, std::size_t below) { return above + 1 != below && below + 1 != above; }

}  // namespace

Pancake::Pancake(std::size_t pancakes) : pancakes_(pancakes) {
  QSTAR_ASSERT(pancakes >= kMinPancakes && pancakes <= kMaxPancakes, std::to_string(pancakes));
}

std::string Pancake::move_name(Move move) const { return std::to_string(move + kFewest); }

std::optional<Move> Pancake::move_of(std::string_view name) const {
  std::size_t count = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), count);
  const bool number = error == std::errc() && end == name.data() + name.size();
  if (!number || name[0] == '0' || count < kFewest || count > pancakes_) return std::nullopt;
  return static_cast<Move>(count - kFewest);
}

void Pancake::apply(std::span<const std::uint8_t> states, std::span<const Move> moves,
                    std::span<std::uint8_t> next) const {
  if (states.data() != next.data()) std::copy(states.begin(), states.end(), next.begin());
  for (std::size_t i = 0; i < moves.size(); ++i) {
    flip(next.subspan(i * pancakes_, pancakes_), moves[i]);
  }
}

void Pancake::legal(std::span<const std::uint8_t>, std::span<std::uint8_t> legal) const {
  std::fill(legal.begin(), legal.end(), std::uint8_t{1});
}

bool Pancake::solved(std::span<const std::uint8_t> state) const {
  return std::is_sorted(state.begin(), state.end());
}

void Pancake::encode(std::span<const std::uint8_t> states, std::span<std::uint8_t> cells) const {
  for (std::size_t at = 0; at < states.size(); at += pancakes_) {
    const auto stack = states.subspan(at, pancakes_);
    const auto seen = cells.subspan(3 * at, 3 * pancakes_);
    for (std::size_t i = 0; i < pancakes_; ++i) {
      const std::size_t below = i + 1 < pancakes_ ? stack[i + 1] : pancakes_;
      seen[i] = stack[i];
      seen[pancakes_ + i] = gap(stack[i], below) ? 1 : 0;
      seen[2 * pancakes_ + i] = gap(stack[0], below) ? 0 : 1;
    }
  }
}

std::vector<std::uint8_t> Pancake::scrambled(std::size_t steps, Rng& rng) const {
  std::vector<std::uint8_t> state(pancakes_);
  std::iota(state.begin(), state.end(), std::uint8_t{0});
  for (std::size_t i = 0; i < steps; ++i) flip(state, static_cast<Move>(rng.below(moves())));
  return state;
}

Result<std::vector<std::uint8_t>> Pancake::parse(std::string_view text) const {
  return parse_permutation(text, pancakes_, 1);
}

std::string Pancake::text(std::span<const std::uint8_t> state) const {
  return permutation_text(state, 1);
}

std::string Pancake::render(std::span<const std::uint8_t> state) const {
  std::string bars;
  for (const std::uint8_t size : state) {
    if (!bars.empty()) bars += '\n';
    bars.append(pancakes_ - std::min<std::size_t>(size + 1U, pancakes_), ' ')
        .append(2U * size + 1U, '=');
  }
  return bars;
}

std::size_t pancake_gaps(std::span<const std::uint8_t> state) {
  std::size_t gaps = 0;
  for (std::size_t i = 0; i < state.size(); ++i) {
    gaps += gap(state[i], i + 1 < state.size() ? state[i + 1] : state.size());
  }
  return gaps;
}

std::vector<Move> pancake_solution(std::span<const std::uint8_t> state) {
  std::vector<std::uint8_t> stack(state.begin(), state.end());
  std::vector<Move> moves;
  const auto turn_over = [&](std::size_t count) {
    if (count < kFewest) return;
    moves.push_back(static_cast<Move>(count - kFewest));
    flip(stack, moves.back());
  };
  for (std::size_t size = stack.size(); size-- > 1;) {
    if (stack[size] == size) continue;
    const auto at = std::find(stack.begin(), stack.end(), size) - stack.begin();
    turn_over(static_cast<std::size_t>(at) + 1);
    turn_over(size + 1);
  }
  return moves;
}

}  // namespace qstar::environment

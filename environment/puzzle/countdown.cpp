#include "environment/puzzle/countdown.hpp"

#include <algorithm>

#include "environment/puzzle/countdown_solver.hpp"

namespace qstar::environment {
namespace {

using countdown::Combination;
using countdown::Position;

constexpr std::size_t kNumberBytes = 4, kTargetBytes = 2;

std::uint32_t read_bytes(std::span<const std::uint8_t> bytes) {
  std::uint32_t value = 0;
  for (std::size_t i = bytes.size(); i-- > 0;) value = value << 8 | bytes[i];
  return value;
}

void write_bytes(std::uint32_t value, std::span<std::uint8_t> bytes) {
  for (auto& byte : bytes) {
    byte = static_cast<std::uint8_t>(value);
    value >>= 8;
  }
}

}  // namespace

Countdown::Countdown(std::size_t numbers)
    : numbers_(numbers), combinations_(countdown::combinations(numbers)) {
  QSTAR_ASSERT(numbers >= kMinNumbers && numbers <= kMaxNumbers, std::to_string(numbers));
}

std::size_t Countdown::state_bytes() const { return numbers_ * kNumberBytes + kTargetBytes; }

Position Countdown::unpacked(std::span<const std::uint8_t> state) const {
  Position position;
  for (; position.count < numbers_; ++position.count) {
    const auto number = read_bytes(state.subspan(position.count * kNumberBytes, kNumberBytes));
    if (number == 0) break;
    position.numbers[position.count] = number;
  }
  position.target = read_bytes(state.last(kTargetBytes));
  return position;
}

void Countdown::pack(const Position& position, std::span<std::uint8_t> state) const {
  for (std::size_t i = 0; i < numbers_; ++i) {
    write_bytes(position.numbers[i], state.subspan(i * kNumberBytes, kNumberBytes));
  }
  write_bytes(position.target, state.last(kTargetBytes));
}

std::vector<std::uint8_t> Countdown::packed(const Position& position) const {
  std::vector<std::uint8_t> state(state_bytes());
  pack(position, state);
  return state;
}

std::string Countdown::move_name(Move move) const {
  const Combination& c = combinations_[move];
  return std::to_string(c.first + 1) + c.op + std::to_string(c.second + 1);
}

std::optional<Move> Countdown::move_of(std::string_view name) const {
  for (std::size_t move = 0; move < moves(); ++move) {
    if (move_name(static_cast<Move>(move)) == name) return static_cast<Move>(move);
  }
  return std::nullopt;
}

Move Countdown::move_of(const Combination& combination) const {
  const auto at = std::find(combinations_.begin(), combinations_.end(), combination);
  return static_cast<Move>(at - combinations_.begin());
}

void Countdown::apply(std::span<const std::uint8_t> states, std::span<const Move> moves,
                      std::span<std::uint8_t> next) const {
  if (states.data() != next.data()) std::copy(states.begin(), states.end(), next.begin());
  for (std::size_t i = 0; i < moves.size(); ++i) {
    const auto state = next.subspan(i * state_bytes(), state_bytes());
    Position position = unpacked(state);
    const Combination& combination = combinations_[moves[i]];
    const auto value = position.value_of(combination);
    if (!value) continue;
    position.replace(combination, *value);
    pack(position, state);
  }
}

void Countdown::legal(std::span<const std::uint8_t> states, std::span<std::uint8_t> legal) const {
  for (std::size_t i = 0; i < states.size() / state_bytes(); ++i) {
    const Position position = unpacked(states.subspan(i * state_bytes(), state_bytes()));
    for (std::size_t move = 0; move < moves(); ++move) {
      legal[i * moves() + move] = position.value_of(combinations_[move]).has_value();
    }
  }
}

bool Countdown::solved(std::span<const std::uint8_t> state) const {
  return unpacked(state).solved();
}

std::size_t Countdown::cells() const {
  return numbers_ * countdown::kCellsOfNumber + countdown::kCellsOfTarget;
}

std::size_t Countdown::symbols() const { return countdown::kSymbols; }

void Countdown::encode(std::span<const std::uint8_t> states, std::span<std::uint8_t> cells) const {
  for (std::size_t i = 0; i < states.size() / state_bytes(); ++i) {
    countdown::write_cells(unpacked(states.subspan(i * state_bytes(), state_bytes())),
                           cells.subspan(i * this->cells(), this->cells()));
  }
}

std::vector<std::uint8_t> Countdown::scrambled(std::size_t steps, Rng& rng) const {
  steps = std::min(steps, numbers_ - 1);
  for (;;) {
    // The target is a result, so at least one move is made, also for a position that is solved.
    const std::size_t least = std::max<std::size_t>(steps, 1);
    std::vector<Position> way = {countdown::drawn_numbers(numbers_, rng)};
    std::uint32_t result = 0;
    for (std::size_t left = least + rng.below(numbers_ - least); left > 0; --left) {
      way.push_back(way.back());
      const auto choices = countdown::combinations(way.back());
      const Combination& chosen = choices[rng.below(choices.size())];
      result = *way.back().value_of(chosen);
      way.back().replace(chosen, result);
    }
    if (result < countdown::kSmallestDrawn || result > countdown::kLargestDrawn) continue;
    Position& position = way[way.size() - 1 - steps];
    position.target = result;
    return packed(position);
  }
}

Result<std::vector<std::uint8_t>> Countdown::parse(std::string_view text) const {
  return countdown::parse(text, numbers_).map([this](const Position& p) { return packed(p); });
}

std::string Countdown::text(std::span<const std::uint8_t> state) const {
  return countdown::text(unpacked(state));
}

std::string Countdown::render(std::span<const std::uint8_t> state) const {
  return countdown::drawing(unpacked(state));
}

std::optional<std::vector<Move>> Countdown::shortest_solution(
    std::span<const std::uint8_t> state) const {
  const auto solution = countdown::shortest_solution(unpacked(state));
  if (!solution) return std::nullopt;
  std::vector<Move> moves;
  for (const Combination& c : *solution) moves.push_back(move_of(c));
  return moves;
}

}  // namespace qstar::environment

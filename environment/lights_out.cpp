#include "environment/lights_out.hpp"

#include <algorithm>

namespace qstar {
namespace {

using Lamps = LightsOutSolver::Lamps;

constexpr std::string_view kSeparators = "/ ,\t\r\n";

bool lit(std::span<const std::uint8_t> state, std::size_t cell) {
  return (state[cell / 8] >> (cell % 8) & 1) != 0;
}

void toggle(std::span<std::uint8_t> state, std::size_t cell) {
  state[cell / 8] = static_cast<std::uint8_t>(state[cell / 8] ^ (1U << (cell % 8)));
}

std::vector<Lamps> crosses(std::size_t side) {
  std::vector<Lamps> toggles(side * side);
  for (std::size_t cell = 0; cell < toggles.size(); ++cell) {
    toggles[cell].set(cell);
    if (cell % side > 0) toggles[cell].set(cell - 1);
    if (cell % side + 1 < side) toggles[cell].set(cell + 1);
    if (cell >= side) toggles[cell].set(cell - side);
    if (cell + side < toggles.size()) toggles[cell].set(cell + side);
  }
  return toggles;
}

}  // namespace

LightsOut::LightsOut(std::size_t side) : side_(side), toggles_(crosses(side)), solver_(toggles_) {
  for (const Lamps& cross : toggles_) {
    auto& mask = byte_masks_.emplace_back(state_bytes());
    for (std::size_t cell = 0; cell < toggles_.size(); ++cell) {
      if (cross[cell]) toggle(mask, cell);
    }
  }
}

std::string LightsOut::move_name(Move move) const {
  return {static_cast<char>('1' + move / side_), ',', static_cast<char>('1' + move % side_)};
}

std::optional<Move> LightsOut::move_of(std::string_view name) const {
  if (name.size() != 3 || name[1] != ',') return std::nullopt;
  const auto row = static_cast<std::size_t>(name[0] - '1');
  const auto column = static_cast<std::size_t>(name[2] - '1');
  if (row >= side_ || column >= side_) return std::nullopt;
  return static_cast<Move>(row * side_ + column);
}

void LightsOut::apply(std::span<const std::uint8_t> states, std::span<const Move> moves,
                      std::span<std::uint8_t> next) const {
  const std::size_t bytes = state_bytes();
  for (std::size_t i = 0; i < moves.size(); ++i) {
    const std::uint8_t* mask = byte_masks_[moves[i]].data();
    for (std::size_t b = 0; b < bytes; ++b) {
      next[i * bytes + b] = static_cast<std::uint8_t>(states[i * bytes + b] ^ mask[b]);
    }
  }
}

void LightsOut::legal(std::span<const std::uint8_t>, std::span<std::uint8_t> legal) const {
  std::fill(legal.begin(), legal.end(), std::uint8_t{1});
}

bool LightsOut::solved(std::span<const std::uint8_t> state) const {
  return std::all_of(state.begin(), state.end(), [](std::uint8_t byte) { return byte == 0; });
}

void LightsOut::encode(std::span<const std::uint8_t> states, std::span<std::uint8_t> cells) const {
  const std::size_t bytes = state_bytes(), count = toggles_.size();
  for (std::size_t i = 0; i < states.size() / bytes; ++i) {
    const auto state = states.subspan(i * bytes, bytes);
    for (std::size_t cell = 0; cell < count; ++cell) cells[i * count + cell] = lit(state, cell);
  }
}

std::vector<std::uint8_t> LightsOut::scrambled(std::size_t steps, Rng& rng) const {
  std::vector<std::uint8_t> state(state_bytes());
  for (std::size_t i = 0; i < steps; ++i) {
    const std::vector<Move> press = {static_cast<Move>(rng.below(moves()))};
    apply(state, press, state);
  }
  return state;
}

Result<std::vector<std::uint8_t>> LightsOut::parse(std::string_view text) const {
  std::vector<std::uint8_t> state(state_bytes());
  std::size_t lamps = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (kSeparators.find(text[i]) != std::string_view::npos) continue;
    if (text[i] != '0' && text[i] != '1') {
      return fail(Errc::kBadProblem, "0 or 1 is expected at character " + std::to_string(i + 1));
    }
    if (text[i] == '1' && lamps < toggles_.size()) toggle(state, lamps);
    ++lamps;
  }
  if (lamps != toggles_.size()) {
    return fail(Errc::kBadProblem, "a position has " + std::to_string(toggles_.size()) +
                                       " lamps, 0 or 1, row by row, and this has " +
                                       std::to_string(lamps));
  }
  if (!solver_.solvable(lamps_of(state))) {
    return fail(Errc::kBadProblem, "the position cannot be solved: no presses turn all lamps off");
  }
  return state;
}

std::string LightsOut::text(std::span<const std::uint8_t> state) const { return rows(state, '/'); }

std::string LightsOut::render(std::span<const std::uint8_t> state) const {
  return rows(state, '\n');
}

std::string LightsOut::rows(std::span<const std::uint8_t> state, char row_end) const {
  std::string text;
  for (std::size_t cell = 0; cell < toggles_.size(); ++cell) {
    if (cell > 0 && cell % side_ == 0) text += row_end;
    text += lit(state, cell) ? '1' : '0';
  }
  return text;
}

Lamps LightsOut::lamps_of(std::span<const std::uint8_t> state) const {
  Lamps lamps;
  for (std::size_t cell = 0; cell < toggles_.size(); ++cell) lamps[cell] = lit(state, cell);
  return lamps;
}

std::vector<Move> LightsOut::shortest_solution(std::span<const std::uint8_t> state) const {
  const Lamps presses = solver_.shortest(lamps_of(state));
  std::vector<Move> moves;
  for (std::size_t cell = 0; cell < toggles_.size(); ++cell) {
    if (presses[cell]) moves.push_back(static_cast<Move>(cell));
  }
  return moves;
}

}  // namespace qstar

#include "environment/puzzle/lights_out.hpp"

#include <algorithm>
#include <unordered_map>

namespace qstar::environment {
namespace {

using Lamps = LightsOutSolver::Lamps;

constexpr std::string_view kCellSeparators = "/ ,\t\r\n";

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

LightsOut::LightsOut(std::size_t side, std::size_t presses, bool chase)
    : side_(side), chase_(chase), toggles_(crosses(side)), solver_(toggles_) {
  for (std::size_t count = 1; count <= presses; ++count) add_moves(count);
  for (const Lamps& pressed : moves_) {
    Lamps toggled;
    for (std::size_t cell = 0; cell < toggles_.size(); ++cell) {
      if (pressed[cell]) toggled ^= toggles_[cell];
    }
    auto& mask = byte_masks_.emplace_back(state_bytes());
    for (std::size_t cell = 0; cell < toggles_.size(); ++cell) {
      if (toggled[cell]) toggle(mask, cell);
    }
  }
  find_parts();
}

// All sets of `presses` cells, in lexicographic order.
void LightsOut::add_moves(std::size_t presses) {
  std::vector<char> chosen(toggles_.size());
  std::fill_n(chosen.begin(), std::min(presses, chosen.size()), 1);
  do {
    Lamps& move = moves_.emplace_back();
    for (std::size_t cell = 0; cell < chosen.size(); ++cell) move[cell] = chosen[cell] != 0;
  } while (std::prev_permutation(chosen.begin(), chosen.end()));
}

void LightsOut::find_parts() {
  std::unordered_map<Lamps, Move> numbers;
  for (const Lamps& pressed : moves_) {
    numbers.emplace(pressed, static_cast<Move>(numbers.size()));
    std::size_t first = 0;
    while (!pressed[first]) ++first;
    Lamps others = pressed;
    others.reset(first);
    auto& parts = parts_.emplace_back();
    if (others.any()) parts = Parts{static_cast<Move>(first), numbers.at(others)};
  }
}

std::string LightsOut::move_name(Move move) const {
  std::string name;
  for (std::size_t cell = 0; cell < toggles_.size(); ++cell) {
    if (!moves_[move][cell]) continue;
    if (!name.empty()) name += ' ';
    name += {static_cast<char>('1' + cell / side_), ',', static_cast<char>('1' + cell % side_)};
  }
  return name;
}

std::optional<Move> LightsOut::move_of(std::string_view name) const {
  Lamps pressed;
  for (std::size_t at = 0; at + 3 <= name.size(); at += 4) {
    const auto row = static_cast<std::size_t>(name[at] - '1');
    const auto column = static_cast<std::size_t>(name[at + 2] - '1');
    if (row >= side_ || column >= side_) return std::nullopt;
    pressed.set(row * side_ + column);
  }
  const auto found = std::find(moves_.begin(), moves_.end(), pressed);
  if (found == moves_.end()) return std::nullopt;
  const auto move = static_cast<Move>(found - moves_.begin());
  // Its only name: cells in order, each once, nothing between or after them that is not its own.
  return move_name(move) == name ? std::optional(move) : std::nullopt;
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

std::size_t LightsOut::cells() const {
  return chase_ ? 2 * toggles_.size() + (std::size_t{1} << side_) : toggles_.size();
}

void LightsOut::encode(std::span<const std::uint8_t> states, std::span<std::uint8_t> cells) const {
  const std::size_t bytes = state_bytes(), count = this->cells(), lamps = toggles_.size();
  for (std::size_t i = 0; i < states.size() / bytes; ++i) {
    const auto state = states.subspan(i * bytes, bytes);
    const auto seen = cells.subspan(i * count, count);
    for (std::size_t cell = 0; cell < lamps; ++cell) seen[cell] = lit(state, cell);
    if (chase_) encode_chase(lamps_of(state), seen.subspan(lamps));
  }
}

void LightsOut::encode_chase(Lamps lamps, std::span<std::uint8_t> cells) const {
  std::fill(cells.begin(), cells.end(), std::uint8_t{0});
  for (std::size_t cell = side_; cell < toggles_.size(); ++cell) {
    if (!lamps[cell - side_]) continue;
    lamps ^= toggles_[cell];
    cells[cell] = 1;
  }
  const std::size_t last_row = (lamps >> (toggles_.size() - side_)).to_ulong();
  cells[toggles_.size() + last_row] = 1;
}

std::vector<std::uint8_t> LightsOut::scrambled(std::size_t steps, Rng& rng) const {
  std::vector<std::uint8_t> state(state_bytes());
  for (std::size_t i = 0; i < steps; ++i) {
    const std::vector<Move> press = {static_cast<Move>(rng.below(toggles_.size()))};
    apply(state, press, state);
  }
  return state;
}

Result<std::vector<std::uint8_t>> LightsOut::parse(std::string_view text) const {
  std::vector<std::uint8_t> state(state_bytes());
  std::size_t lamps = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (kCellSeparators.find(text[i]) != std::string_view::npos) continue;
    if (text[i] != '0' && text[i] != '1') {
      return fail(Errc::kBadProblem, "0 or 1 is expected at character " + std::to_string(i + 1));
    }
    if (text[i] == '1' && lamps < toggles_.size()) toggle(state, lamps);
    ++lamps;
  }
  if (lamps != toggles_.size()) {
    return fail(Errc::kBadProblem, "a position has " + std::to_string(toggles_.size()) +
                                       " lamps, 0 or 1, row by row, but this one has " +
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

}  // namespace qstar::environment

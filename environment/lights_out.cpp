#include "environment/lights_out.hpp"

#include <utility>

namespace qstar {
namespace {

constexpr std::uint64_t bit(std::size_t i) { return std::uint64_t{1} << i; }

// State::line holds the lamps as eight bytes, little end first.
std::string pack(std::uint64_t lamps) {
  std::string bytes(8, '\0');
  for (std::size_t i = 0; i < 8; ++i) bytes[i] = static_cast<char>(lamps >> (8 * i));
  return bytes;
}
std::uint64_t unpack(const std::string& bytes) {
  std::uint64_t lamps = 0;
  for (std::size_t i = 0; i < 8 && i < bytes.size(); ++i) {
    lamps |= std::uint64_t{static_cast<unsigned char>(bytes[i])} << (8 * i);
  }
  return lamps;
}

}  // namespace

LightsOut::LightsOut(std::size_t side) : side_(side), toggles_(side * side) {
  for (std::size_t cell = 0; cell < toggles_.size(); ++cell) {
    std::uint64_t& mask = toggles_[cell];
    mask = bit(cell);
    if (cell % side > 0) mask |= bit(cell - 1);
    if (cell % side + 1 < side) mask |= bit(cell + 1);
    if (cell >= side) mask |= bit(cell - side);
    if (cell + side < toggles_.size()) mask |= bit(cell + side);
  }
}

Result<std::unique_ptr<Environment>> LightsOut::make(const EnvironmentConfig& config) {
  if (config.size < 3 || config.size > 8) {
    return fail(Errc::kConfig, "environment.size: lights_out needs a side from 3 to 8");
  }
  return std::unique_ptr<Environment>(new LightsOut(static_cast<std::size_t>(config.size)));
}

std::optional<std::size_t> LightsOut::cell_of(std::string_view move) const {
  if (move.size() != 3 || move[1] != ',') return std::nullopt;
  const auto row = static_cast<std::size_t>(move[0] - '1');
  const auto column = static_cast<std::size_t>(move[2] - '1');
  if (row >= side_ || column >= side_) return std::nullopt;
  return row * side_ + column;
}

std::string LightsOut::move_of(std::size_t cell) const {
  return {static_cast<char>('1' + cell / side_), ',', static_cast<char>('1' + cell % side_)};
}

std::string LightsOut::text_of(std::uint64_t lamps, std::string_view row_end) const {
  std::string text;
  for (std::size_t cell = 0; cell < toggles_.size(); ++cell) {
    if (cell > 0 && cell % side_ == 0) text += row_end;
    text += (lamps & bit(cell)) != 0 ? '1' : '0';
  }
  return text;
}

std::string LightsOut::sample_problem(Rng& rng, Split split) const {
  for (;;) {
    std::uint64_t lamps = 0;
    for (const std::uint64_t mask : toggles_) lamps ^= rng.bernoulli(0.5) ? mask : 0;
    std::string problem = text_of(lamps, "/");
    if (lamps != 0 && is_held_out(problem) == (split == Split::kHeldOut)) return problem;
  }
}

Result<State> LightsOut::reset(std::string_view problem) const {
  const std::size_t expected = side_ * side_ + side_ - 1;
  if (problem.size() != expected) {
    return fail(Errc::kBadProblem, "a position has " + std::to_string(expected) +
                                       " characters: rows of 0 and 1, separated by '/'");
  }
  std::uint64_t lamps = 0;
  for (std::size_t i = 0; i < expected; ++i) {
    const bool separator = i % (side_ + 1) == side_;
    const char c = problem[i];
    if (separator ? c != '/' : c != '0' && c != '1') {
      return fail(Errc::kBadProblem, std::string(separator ? "'/'" : "0 or 1") +
                                         " is expected at character " + std::to_string(i + 1));
    }
    if (c == '1') lamps |= bit(i - i / (side_ + 1));
  }
  if (lamps == 0) return fail(Errc::kBadProblem, "there is nothing to do: all lamps are off");
  return State{std::string(problem), pack(lamps), true};
}

StepResult LightsOut::step(const State& state, std::string_view step) const {
  const auto cell = cell_of(step);
  if (!cell) return {state, Verdict::kMalformed, false, false};
  const std::uint64_t lamps = unpack(state.line) ^ toggles_[*cell];
  return {{state.problem, pack(lamps), state.clean}, Verdict::kRight, lamps == 0, lamps == 0};
}

std::string LightsOut::answer(const State& state) const {
  return unpack(state.line) == 0 ? "solved" : "";
}

std::vector<std::string> LightsOut::legal_steps(const State&) const {
  std::vector<std::string> moves;
  for (std::size_t cell = 0; cell < toggles_.size(); ++cell) moves.push_back(move_of(cell));
  return moves;
}

std::optional<std::string> LightsOut::inverse(const State&, std::string_view step) const {
  if (!cell_of(step)) return std::nullopt;
  return std::string(step);
}

Result<std::vector<std::string>> LightsOut::solve(const State& state) const {
  // Row i of the matrix is also toggles_[i]: the neighbourhood is symmetric.
  std::vector<std::uint64_t> rows = toggles_;
  std::uint64_t right = unpack(state.line);
  std::vector<std::pair<std::size_t, std::size_t>> pivots;  // row, column
  std::size_t rank = 0;
  for (std::size_t column = 0; column < rows.size(); ++column) {
    std::size_t pivot = rank;
    while (pivot < rows.size() && (rows[pivot] & bit(column)) == 0) ++pivot;
    if (pivot == rows.size()) continue;
    std::swap(rows[pivot], rows[rank]);
    const std::uint64_t differ = ((right >> pivot) ^ (right >> rank)) & 1;
    right ^= differ << pivot;
    right ^= differ << rank;
    for (std::size_t i = 0; i < rows.size(); ++i) {
      if (i == rank || (rows[i] & bit(column)) == 0) continue;
      rows[i] ^= rows[rank];
      right ^= ((right >> rank) & 1) << i;
    }
    pivots.emplace_back(rank++, column);
  }
  if (rank < 64 && (right >> rank) != 0) {
    return fail(Errc::kBadProblem, "\"" + state.problem + "\" cannot be solved");
  }
  std::vector<std::string> moves;
  for (const auto& [row, column] : pivots) {
    if ((right >> row) & 1) moves.push_back(move_of(column));
  }
  return moves;
}

std::vector<std::uint8_t> LightsOut::encode(const State& state) const {
  const std::uint64_t lamps = unpack(state.line);
  std::vector<std::uint8_t> cells;
  for (std::size_t i = 0; i < toggles_.size(); ++i) {
    cells.push_back(static_cast<std::uint8_t>((lamps >> i) & 1));
  }
  return cells;
}

std::string LightsOut::render(const State& state) const {
  return text_of(unpack(state.line), "\n");
}

}  // namespace qstar

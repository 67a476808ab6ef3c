// Puzzles small enough to know everything about them, and estimates that are exact or wrong on
// purpose.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstring>
#include <functional>
#include <limits>
#include <map>
#include <numeric>
#include <queue>

#include "environment/puzzle/puzzle.hpp"
#include "model/models.hpp"

namespace qstar {
using namespace environment;

// What the small puzzles below have in common: a position is all that is known of it.
class SmallPuzzle : public Puzzle {
 public:
  std::string move_name(Move move) const override { return std::to_string(move); }
  std::optional<Move> move_of(std::string_view name) const override {
    for (std::size_t m = 0; m < moves(); ++m) {
      if (move_name(static_cast<Move>(m)) == name) return static_cast<Move>(m);
    }
    return std::nullopt;
  }
  std::optional<Move> inverse(Move) const override { return std::nullopt; }
  std::size_t cells() const override { return state_bytes(); }
  std::size_t symbols() const override { return 256; }
  void encode(std::span<const std::uint8_t> states, std::span<std::uint8_t> cells) const override {
    std::copy(states.begin(), states.end(), cells.begin());
  }
  Result<std::vector<std::uint8_t>> parse(std::string_view) const override {
    return fail(Errc::kBadProblem, "not read from text");
  }
  std::string text(std::span<const std::uint8_t> state) const override {
    std::string text;
    for (const auto byte : state) text += std::to_string(byte) + " ";
    return text;
  }
  std::string render(std::span<const std::uint8_t> state) const override { return text(state); }
};

// A directed graph. Every arc is a move of its own, legal at its tail only; a position is the
// number of a vertex in two bytes.
class GraphPuzzle final : public SmallPuzzle {
 public:
  struct Arc {
    std::uint16_t from, to;
    float cost;
  };
  GraphPuzzle(std::vector<Arc> arcs, std::vector<std::uint16_t> goals)
      : arcs_(std::move(arcs)), goals_(std::move(goals)) {}

  static std::vector<std::uint8_t> at(std::uint16_t vertex) {
    return {static_cast<std::uint8_t>(vertex >> 8), static_cast<std::uint8_t>(vertex)};
  }
  static std::uint16_t vertex(std::span<const std::uint8_t> state) {
    return static_cast<std::uint16_t>(state[0] << 8 | state[1]);
  }

  std::string_view name() const override { return "graph"; }
  std::size_t state_bytes() const override { return 2; }
  std::size_t moves() const override { return arcs_.size(); }
  float cost(Move move) const override { return arcs_[move].cost; }
  void apply(std::span<const std::uint8_t> states, std::span<const Move> moves,
             std::span<std::uint8_t> next) const override {
    for (std::size_t i = 0; i < moves.size(); ++i) {
      const auto now = vertex(states.subspan(2 * i, 2));
      const auto after = at(now == arcs_[moves[i]].from ? arcs_[moves[i]].to : now);
      std::copy(after.begin(), after.end(), next.begin() + static_cast<std::ptrdiff_t>(2 * i));
    }
  }
  void legal(std::span<const std::uint8_t> states, std::span<std::uint8_t> legal) const override {
    for (std::size_t i = 0; i < legal.size(); ++i) {
      legal[i] = arcs_[i % moves()].from == vertex(states.subspan(i / moves() * 2, 2)) ? 1 : 0;
    }
  }
  bool solved(std::span<const std::uint8_t> state) const override {
    return std::find(goals_.begin(), goals_.end(), vertex(state)) != goals_.end();
  }
  std::vector<std::uint8_t> scrambled(std::size_t, Rng&) const override { return at(goals_[0]); }

 private:
  std::vector<Arc> arcs_;
  std::vector<std::uint16_t> goals_;
};

// Sorting n numbers by turning over the first 2, 3, …, n of them; move m turns m + 2.
class SmallPancake final : public SmallPuzzle {
 public:
  explicit SmallPancake(std::size_t n, std::vector<float> costs = {})
      : n_(n), costs_(std::move(costs)) {}

  std::string_view name() const override { return "small_pancake"; }
  std::size_t state_bytes() const override { return n_; }
  std::size_t moves() const override { return n_ - 1; }
  float cost(Move move) const override { return costs_.empty() ? 1 : costs_[move]; }
  std::optional<Move> inverse(Move move) const override { return move; }
  void apply(std::span<const std::uint8_t> states, std::span<const Move> moves,
             std::span<std::uint8_t> next) const override {
    if (next.data() != states.data()) std::copy(states.begin(), states.end(), next.begin());
    for (std::size_t i = 0; i < moves.size(); ++i) {
      const auto pile = next.subspan(i * n_, n_);
      std::reverse(pile.begin(), pile.begin() + moves[i] + 2);
    }
  }
  void legal(std::span<const std::uint8_t>, std::span<std::uint8_t> legal) const override {
    std::fill(legal.begin(), legal.end(), std::uint8_t{1});
  }
  bool solved(std::span<const std::uint8_t> state) const override {
    return std::is_sorted(state.begin(), state.end());
  }
  std::vector<std::uint8_t> scrambled(std::size_t steps, Rng& rng) const override {
    std::vector<std::uint8_t> state(n_);
    std::iota(state.begin(), state.end(), std::uint8_t{0});
    for (std::size_t i = 0; i < steps; ++i) {
      const Move move = static_cast<Move>(rng.below(moves()));
      apply(state, {&move, 1}, state);
    }
    return state;
  }

 private:
  std::size_t n_;
  std::vector<float> costs_;
};

// The true cost to go of every position that can be reached from `start`; infinity where there is
// no way. By repeated relaxation over all moves (Bellman, Ford), which shares nothing with the
// searches.
struct ByText {
  bool operator()(const std::vector<std::uint8_t>& a, const std::vector<std::uint8_t>& b) const {
    return std::string(a.begin(), a.end()) < std::string(b.begin(), b.end());
  }
};
using CostTable = std::map<std::vector<std::uint8_t>, float, ByText>;

inline std::vector<std::uint8_t> after(const Puzzle& puzzle, std::vector<std::uint8_t> state,
                                       Move move) {
  puzzle.apply(state, {&move, 1}, state);
  return state;
}

inline std::vector<Move> legal_moves(const Puzzle& puzzle, std::span<const std::uint8_t> state) {
  std::vector<std::uint8_t> legal(puzzle.moves());
  puzzle.legal(state, legal);
  std::vector<Move> moves;
  for (std::size_t m = 0; m < legal.size(); ++m) {
    if (legal[m] != 0) moves.push_back(static_cast<Move>(m));
  }
  return moves;
}

inline CostTable cost_table(const Puzzle& puzzle, const std::vector<std::uint8_t>& start) {
  CostTable table;
  std::vector<std::vector<std::uint8_t>> todo = {start};
  while (!todo.empty()) {
    const auto state = todo.back();
    todo.pop_back();
    const float cost = puzzle.solved(state) ? 0 : std::numeric_limits<float>::infinity();
    if (!table.emplace(state, cost).second) continue;
    for (const Move move : legal_moves(puzzle, state)) todo.push_back(after(puzzle, state, move));
  }
  for (bool changed = true; changed;) {
    changed = false;
    for (auto& [state, cost] : table) {
      for (const Move move : legal_moves(puzzle, state)) {
        const float way = puzzle.cost(move) + table.at(after(puzzle, state, move));
        if (way < cost) {
          cost = way;
          changed = true;
        }
      }
    }
  }
  return table;
}

// An estimate given by a function of (position), as V or as the Q that belongs to it: the move's
// cost and the function of the position behind it.
class TableEstimate final : public model::CostToGo {
 public:
  using Function = std::function<float(const std::vector<std::uint8_t>&)>;
  TableEstimate(const Puzzle& puzzle, bool of_moves, Function function)
      : puzzle_(puzzle), of_moves_(of_moves), function_(std::move(function)) {}
  TableEstimate(const Puzzle& puzzle, bool of_moves, const CostTable& table)
      : TableEstimate(puzzle, of_moves, [&table](const auto& state) { return table.at(state); }) {}

  std::size_t outputs() const override { return of_moves_ ? puzzle_.moves() : 1; }
  void costs(std::span<const std::uint8_t> states, std::span<float> costs) override {
    const std::size_t bytes = puzzle_.state_bytes();
    for (std::size_t i = 0; i < costs.size(); ++i) {
      const auto state = states.subspan(i / outputs() * bytes, bytes);
      costs[i] = of(state, static_cast<Move>(i % outputs()));
    }
    largest_batch = std::max(largest_batch, costs.size() / outputs());
  }
  std::size_t largest_batch = 0;

 private:
  float of(std::span<const std::uint8_t> state, Move move) const {
    const std::vector<std::uint8_t> here(state.begin(), state.end());
    if (!of_moves_) return function_(here);
    return puzzle_.cost(move) + function_(after(puzzle_, here, move));
  }
  const Puzzle& puzzle_;
  bool of_moves_;
  Function function_;
};

}  // namespace qstar

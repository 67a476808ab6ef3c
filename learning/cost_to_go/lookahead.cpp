#include "learning/cost_to_go/lookahead.hpp"

#include <algorithm>

namespace qstar::learning {
namespace {

// Children that are generated and evaluated at once, to limit memory when there are many moves.
constexpr std::size_t kChildren = 4096;

// Positions that are not solved yet, and the index of the start that each came from.
struct Travellers {
  std::vector<std::uint8_t> states;
  std::vector<std::size_t> owners;
};

Travellers unsolved(const environment::Puzzle& puzzle, std::span<const std::uint8_t> states) {
  const std::size_t bytes = puzzle.state_bytes();
  Travellers travellers;
  for (std::size_t i = 0; i * bytes < states.size(); ++i) {
    const auto state = states.subspan(i * bytes, bytes);
    if (puzzle.solved(state)) continue;
    travellers.states.insert(travellers.states.end(), state.begin(), state.end());
    travellers.owners.push_back(i);
  }
  return travellers;
}

// The positions after one more move, without those that are solved or had no legal move.
Travellers move_on(const environment::Puzzle& puzzle, const Travellers& from,
                   std::span<const environment::Move> moves) {
  const std::size_t bytes = puzzle.state_bytes();
  Travellers moved;
  std::vector<environment::Move> taken;
  for (std::size_t i = 0; i < moves.size(); ++i) {
    if (moves[i] == environment::kNoMove) continue;
    const auto state = std::span(from.states).subspan(i * bytes, bytes);
    moved.states.insert(moved.states.end(), state.begin(), state.end());
    moved.owners.push_back(from.owners[i]);
    taken.push_back(moves[i]);
  }
  puzzle.apply(moved.states, taken, moved.states);
  Travellers left = unsolved(puzzle, moved.states);
  for (std::size_t& owner : left.owners) owner = moved.owners[owner];
  return left;
}

}  // namespace

BestMoves::BestMoves(const environment::Puzzle& puzzle, model::CostToGo& values, Options options)
    : puzzle_(puzzle), values_(values), options_(options) {}

void BestMoves::find(std::span<const std::uint8_t> states, std::span<float> costs,
                     std::span<environment::Move> moves) {
  const std::size_t n = moves.size();
  legal_.resize(n * puzzle_.moves());
  table_.resize(legal_.size());
  if (options_.chooser != nullptr) chosen_by_.resize(legal_.size());
  puzzle_.legal(states, legal_);
  if (values_.outputs() == 1)
    find_v(states);
  else
    find_q(states);
  choose(n, costs, moves);
}

// Over legal moves: the first with the least cost by the chooser, with its cost by the values.
void BestMoves::choose(std::size_t n, std::span<float> costs,
                       std::span<environment::Move> moves) const {
  const std::size_t width = puzzle_.moves();
  const std::vector<float>& by = options_.chooser != nullptr ? chosen_by_ : table_;
  for (std::size_t i = 0; i < n; ++i) {
    std::size_t best = width;
    for (std::size_t m = 0; m < width; ++m)
      if (legal_[i * width + m] != 0 && (best == width || by[i * width + m] < by[i * width + best]))
        best = m;
    moves[i] = best == width ? environment::kNoMove : static_cast<environment::Move>(best);
    costs[i] = best == width ? options_.dead_end : table_[i * width + best];
  }
}

void BestMoves::find_q(std::span<const std::uint8_t> states) {
  values_.costs(states, table_);
  if (options_.chooser != nullptr) options_.chooser->costs(states, chosen_by_);
}

// Makes all children of these positions, those of illegal moves too (the position itself).
void BestMoves::make_children(std::span<const std::uint8_t> states) {
  const std::size_t bytes = puzzle_.state_bytes();
  const std::size_t width = puzzle_.moves();
  const std::size_t n = states.size() / bytes * width;
  children_.resize(n * bytes);
  taken_.resize(n);
  for (std::size_t i = 0; i < n; ++i) {
    const auto parent = states.subspan(i / width * bytes, bytes);
    std::copy(parent.begin(), parent.end(),
              children_.begin() + static_cast<std::ptrdiff_t>(i * bytes));
    taken_[i] = static_cast<environment::Move>(i % width);
  }
  puzzle_.apply(children_, taken_, children_);
}

// costs [children]: of the move that made the child and of what follows.
void BestMoves::value_children(model::CostToGo& by, std::span<float> costs) {
  const std::size_t bytes = puzzle_.state_bytes();
  by.costs(children_, costs);
  for (std::size_t i = 0; i < costs.size(); ++i) {
    if (puzzle_.solved(std::span(children_).subspan(i * bytes, bytes))) costs[i] = 0;
    costs[i] += puzzle_.cost(taken_[i]);
  }
}

void BestMoves::find_v(std::span<const std::uint8_t> states) {
  const std::size_t bytes = puzzle_.state_bytes();
  const std::size_t width = puzzle_.moves();
  const std::size_t n = states.size() / bytes;
  const std::size_t slice = std::max<std::size_t>(1, kChildren / width);
  for (std::size_t at = 0; at < n; at += slice) {
    const std::size_t rows = std::min(slice, n - at);
    make_children(states.subspan(at * bytes, rows * bytes));
    value_children(values_, std::span(table_).subspan(at * width, rows * width));
    if (options_.chooser != nullptr)
      value_children(*options_.chooser, std::span(chosen_by_).subspan(at * width, rows * width));
  }
}

void look_ahead(const environment::Puzzle& puzzle, BestMoves& best,
                std::span<const std::uint8_t> states, std::int64_t horizon,
                std::span<float> costs) {
  std::fill(costs.begin(), costs.end(), 0.0F);
  Travellers on_way = unsolved(puzzle, states);
  for (std::int64_t step = 1; !on_way.owners.empty(); ++step) {
    std::vector<float> values(on_way.owners.size());
    std::vector<environment::Move> moves(on_way.owners.size());
    best.find(on_way.states, values, moves);
    const bool last = step >= horizon;
    for (std::size_t i = 0; i < moves.size(); ++i)
      costs[on_way.owners[i]] +=
          last || moves[i] == environment::kNoMove ? values[i] : puzzle.cost(moves[i]);
    if (last) return;
    on_way = move_on(puzzle, on_way, moves);
  }
}

std::vector<PuzzleWalk> greedy_walks(const environment::Puzzle& puzzle, BestMoves& best,
                                     std::span<const std::uint8_t> states, std::int64_t steps) {
  const std::size_t bytes = puzzle.state_bytes();
  std::vector<PuzzleWalk> walks(states.size() / bytes);
  for (std::size_t i = 0; i < walks.size(); ++i) {
    const auto start = states.subspan(i * bytes, bytes);
    walks[i].start.assign(start.begin(), start.end());
    walks[i].solved = true;  // until something is left to do
  }
  Travellers on_way = unsolved(puzzle, states);
  for (std::int64_t step = 0; step < steps && !on_way.owners.empty(); ++step) {
    std::vector<float> values(on_way.owners.size());
    std::vector<environment::Move> moves(on_way.owners.size());
    best.find(on_way.states, values, moves);
    for (std::size_t i = 0; i < moves.size(); ++i) {
      PuzzleWalk& walk = walks[on_way.owners[i]];
      walk.solved = moves[i] != environment::kNoMove;
      if (!walk.solved) continue;
      walk.moves.push_back(moves[i]);
      walk.values.push_back(values[i]);
    }
    on_way = move_on(puzzle, on_way, moves);
  }
  for (const std::size_t owner : on_way.owners) walks[owner].solved = false;
  return walks;
}

double solved_share(const environment::Puzzle& puzzle, BestMoves& best,
                    std::span<const std::uint8_t> states, std::int64_t steps) {
  const std::vector<PuzzleWalk> walks = greedy_walks(puzzle, best, states, steps);
  const auto solved =
      std::count_if(walks.begin(), walks.end(), [](const auto& w) { return w.solved; });
  return walks.empty() ? 1.0 : static_cast<double>(solved) / static_cast<double>(walks.size());
}

}  // namespace qstar::learning

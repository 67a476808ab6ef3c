#include "search/graph/shorten.hpp"

namespace qstar::search {
namespace {

class Shortener {
 public:
  Shortener(const environment::Puzzle& puzzle, std::span<const std::uint8_t> start)
      : puzzle_(puzzle), start_(start), legal_(puzzle.moves()) {}

  // Tries every move with each later one, and alone; whether any could be left out.
  bool pass(std::vector<environment::Move>& moves) {
    const std::size_t before = moves.size();
    for (std::size_t i = 0; i < moves.size();) i += leave_out(moves, i) ? 0 : 1;
    return moves.size() < before;
  }

 private:
  // The move at i and the first later one (or it alone) without which it still solves.
  bool leave_out(std::vector<environment::Move>& moves, std::size_t i) {
    for (std::size_t j = i; j < moves.size(); ++j) {
      if (!solves_without(moves, i, j)) continue;
      if (j > i) moves.erase(moves.begin() + static_cast<std::ptrdiff_t>(j));
      moves.erase(moves.begin() + static_cast<std::ptrdiff_t>(i));
      return true;
    }
    return false;
  }

  bool solves_without(const std::vector<environment::Move>& moves, std::size_t i, std::size_t j) {
    state_.assign(start_.begin(), start_.end());
    for (std::size_t k = 0; k < moves.size(); ++k) {
      if (k == i || k == j) continue;
      puzzle_.legal(state_, legal_);
      if (legal_[moves[k]] == 0) return false;
      puzzle_.apply(state_, std::span(moves).subspan(k, 1), state_);
    }
    return puzzle_.solved(state_);
  }

  const environment::Puzzle& puzzle_;
  std::span<const std::uint8_t> start_;
  std::vector<std::uint8_t> legal_, state_;
};

}  // namespace

std::vector<environment::Move> shorten(const environment::Puzzle& puzzle,
                                       std::span<const std::uint8_t> start,
                                       std::vector<environment::Move> moves) {
  if (moves.size() > kLongestToShorten) return moves;
  Shortener shortener(puzzle, start);
  while (shortener.pass(moves)) {
  }
  return moves;
}

}  // namespace qstar::search

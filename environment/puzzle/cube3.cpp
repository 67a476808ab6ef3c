#include "environment/puzzle/cube3.hpp"

#include <algorithm>
#include <numeric>

#include "environment/puzzle/cube3_pieces.hpp"
#include "environment/puzzle/puzzle_text.hpp"

namespace qstar::environment {
namespace {

using Permutation = Cube3::Permutation;
using Cycle = std::array<std::uint8_t, 4>;

constexpr std::string_view kFaces = "UDLRBF";
constexpr std::size_t kFaceSize = 9;
constexpr std::size_t kTurns = 12;

// A clockwise turn of a face carries its own stickers around (the same places on every face) ...
constexpr std::array<Cycle, 2> kFaceCycles = {{{0, 6, 8, 2}, {1, 3, 7, 5}}};
// ... and three cycles of the ring about it. Each place takes the sticker of the next in its cycle.
constexpr std::array<std::array<Cycle, 3>, 6> kRingCycles = {{
    {{{20, 47, 29, 38}, {23, 50, 32, 41}, {26, 53, 35, 44}}},  // U
    {{{18, 36, 27, 45}, {21, 39, 30, 48}, {24, 42, 33, 51}}},  // D
    {{{0, 44, 9, 45}, {1, 43, 10, 46}, {2, 42, 11, 47}}},      // L
    {{{6, 51, 15, 38}, {7, 52, 16, 37}, {8, 53, 17, 36}}},     // R
    {{{2, 35, 15, 18}, {5, 34, 12, 19}, {8, 33, 9, 20}}},      // B
    {{{0, 24, 17, 29}, {3, 25, 14, 28}, {6, 26, 11, 27}}},     // F
}};

Permutation identity() {
  Permutation same;
  std::iota(same.begin(), same.end(), std::uint8_t{0});
  return same;
}

void add_cycle(const Cycle& cycle, std::size_t offset, Permutation& turn) {
  for (std::size_t i = 0; i < cycle.size(); ++i) {
    turn[cycle[i] + offset] = static_cast<std::uint8_t>(cycle[(i + 1) % cycle.size()] + offset);
  }
}

Permutation clockwise(std::size_t face) {
  Permutation turn = identity();
  for (const Cycle& cycle : kFaceCycles) add_cycle(cycle, face * kFaceSize, turn);
  for (const Cycle& cycle : kRingCycles[face]) add_cycle(cycle, 0, turn);
  return turn;
}

Permutation inverse_of(const Permutation& turn) {
  Permutation back{};
  for (std::size_t i = 0; i < turn.size(); ++i) back[turn[i]] = static_cast<std::uint8_t>(i);
  return back;
}

// First `a`, then `b`.
Permutation compose(const Permutation& a, const Permutation& b) {
  Permutation both{};
  for (std::size_t i = 0; i < both.size(); ++i) both[i] = a[b[i]];
  return both;
}

// Three equal turns are one the other way.
bool is_thrice(const std::string& name) {
  const auto first = name.substr(0, name.find(' '));
  return name == first + ' ' + first + ' ' + first;
}

void turn_in_place(std::uint8_t* state, const Permutation& turn) {
  Permutation old;
  std::copy_n(state, old.size(), old.begin());
  for (std::size_t i = 0; i < old.size(); ++i) state[i] = old[turn[i]];
}

}  // namespace

Cube3::Cube3(std::size_t depth, bool repeats) {
  QSTAR_ASSERT(depth >= 1 && depth <= kMaxDepth, std::to_string(depth));
  for (std::size_t face = 0; face < kFaces.size(); ++face) {
    const Permutation turn = clockwise(face);
    moves_.push_back({{kFaces[face], '\''}, inverse_of(turn), 1});
    moves_.push_back({{kFaces[face]}, turn, 1});
  }
  add_sequences(depth, repeats);
  relate_moves();
  for (std::size_t i = 0; i < moves_.size(); ++i) by_name_[moves_[i].name] = static_cast<Move>(i);
}

// Breadth first: what the longest sequences so far reach with one more turn, where it is new.
void Cube3::add_sequences(std::size_t depth, bool repeats) {
  std::map<Permutation, bool> seen = {{identity(), true}};
  for (const Turn& turn : moves_) seen[turn.permutation] = true;
  std::size_t begin = 0;
  for (std::size_t length = 2; length <= depth; ++length) {
    const std::size_t end = moves_.size();
    for (std::size_t i = begin; i < end; ++i) {
      for (std::size_t turn = 0; turn < kTurns; ++turn) {
        const Permutation both = compose(moves_[i].permutation, moves_[turn].permutation);
        const std::string name = moves_[i].name + ' ' + moves_[turn].name;
        const bool is_new = seen.emplace(both, true).second;
        if (repeats ? is_thrice(name) : !is_new) continue;
        const auto first = moves_[i].parts ? moves_[i].parts->first : static_cast<Move>(i);
        moves_.push_back({name, both, static_cast<float>(length), 0, Parts{first, 0}});
      }
    }
    begin = end;
  }
}

// What undoes a sequence is as long as itself, so it, or one that does the same at no higher cost,
// is a move, too. So is what is left of it after its first turn, at just its own cost: two turns
// are never one.
void Cube3::relate_moves() {
  std::map<Permutation, Move> numbers;
  for (std::size_t i = 0; i < moves_.size(); ++i) {
    numbers.emplace(moves_[i].permutation, static_cast<Move>(i));  // the cheapest comes first
  }
  for (Turn& turn : moves_) {
    turn.inverse = numbers.at(inverse_of(turn.permutation));
    if (!turn.parts) continue;
    const Permutation undone = inverse_of(moves_[turn.parts->first].permutation);
    turn.parts->rest = numbers.at(compose(undone, turn.permutation));
  }
}

std::optional<Move> Cube3::move_of(std::string_view name) const {
  const auto found = by_name_.find(name);
  return found == by_name_.end() ? std::nullopt : std::optional(found->second);
}

void Cube3::apply(std::span<const std::uint8_t> states, std::span<const Move> moves,
                  std::span<std::uint8_t> next) const {
  if (states.data() != next.data()) std::copy(states.begin(), states.end(), next.begin());
  for (std::size_t i = 0; i < moves.size(); ++i) {
    turn_in_place(next.data() + i * kStickers, moves_[moves[i]].permutation);
  }
}

void Cube3::legal(std::span<const std::uint8_t>, std::span<std::uint8_t> legal) const {
  std::fill(legal.begin(), legal.end(), std::uint8_t{1});
}

bool Cube3::solved(std::span<const std::uint8_t> state) const {
  static const Permutation goal = identity();
  return std::equal(state.begin(), state.end(), goal.begin(), goal.end());
}

void Cube3::encode(std::span<const std::uint8_t> states, std::span<std::uint8_t> cells) const {
  std::transform(states.begin(), states.end(), cells.begin(), [](std::uint8_t sticker) {
    return static_cast<std::uint8_t>(sticker / kFaceSize);
  });
}

std::vector<std::uint8_t> Cube3::scrambled(std::size_t steps, Rng& rng) const {
  const Permutation goal = identity();
  std::vector<std::uint8_t> state(goal.begin(), goal.end());
  for (std::size_t i = 0; i < steps; ++i) {
    turn_in_place(state.data(), moves_[rng.below(kTurns)].permutation);
  }
  return state;
}

Result<std::vector<std::uint8_t>> Cube3::parse(std::string_view text) const {
  auto state = parse_permutation(text, kStickers);
  if (!state) return state;
  if (auto status = check_cube3_pieces(*state); !status) {
    return tl::unexpected(std::move(status.error()));
  }
  return state;
}

std::string Cube3::text(std::span<const std::uint8_t> state) const {
  return permutation_text(state);
}

std::string Cube3::render(std::span<const std::uint8_t> state) const {
  const auto row_of = [&](char face, std::size_t row) {
    std::string letters;
    for (std::size_t column = 0; column < 3; ++column) {
      const std::size_t place = kFaces.find(face) * kFaceSize + 3 * column + 2 - row;
      letters += kFaces[state[place] / kFaceSize % kFaces.size()];
    }
    return letters;
  };
  std::string net;
  for (const std::string_view band : {"U", "LFRB", "D"}) {
    for (std::size_t row = 0; row < 3; ++row) {
      if (!net.empty()) net += '\n';
      if (band.size() == 1) net += "    ";
      for (std::size_t i = 0; i < band.size(); ++i) {
        net += (i > 0 ? " " : "") + row_of(band[i], row);
      }
    }
  }
  return net;
}

}  // namespace qstar::environment

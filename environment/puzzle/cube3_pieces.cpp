#include "environment/puzzle/cube3_pieces.hpp"

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "environment/puzzle/puzzle_text.hpp"

namespace qstar::environment {
namespace {

template <std::size_t kSides>
using Piece = std::array<std::uint8_t, kSides>;

// The places of a corner clockwise from the one on U or D, of an edge in any fixed order.
constexpr std::array<Piece<3>, 8> kCorners = {{
    {0, 26, 47},
    {6, 53, 29},
    {8, 35, 38},
    {2, 44, 20},  // ULF UFR URB UBL
    {11, 45, 24},
    {17, 27, 51},
    {9, 18, 42},
    {15, 36, 33},  // DFL DRF DLB DBR
}};
constexpr std::array<Piece<2>, 12> kEdges = {{
    {1, 23},
    {3, 50},
    {5, 41},
    {7, 32},
    {10, 21},
    {12, 39},
    {14, 48},
    {16, 30},
    {19, 43},
    {25, 46},
    {28, 52},
    {34, 37},
}};
constexpr std::array<std::uint8_t, 6> kCentres = {4, 13, 22, 31, 40, 49};

// Pieces of one kind: which is where, and the sum of their turns in place.
struct Arrangement {
  std::vector<std::uint8_t> pieces;
  std::size_t twist = 0;
};

// How far `piece` is turned when its stickers are `found`; none when they are not that piece's.
template <std::size_t kSides>
std::optional<std::size_t> turned(const Piece<kSides>& piece, const Piece<kSides>& found) {
  for (std::size_t turn = 0; turn < kSides; ++turn) {
    bool same = true;
    for (std::size_t i = 0; i < kSides; ++i) same &= found[(i + turn) % kSides] == piece[i];
    if (same) return turn;
  }
  return std::nullopt;
}

template <std::size_t kSides>
std::string numbers_of(const Piece<kSides>& stickers) {
  return permutation_text(stickers);
}

template <class Pieces>
Result<Arrangement> arrangement_of(const Pieces& pieces, std::span<const std::uint8_t> stickers) {
  Arrangement arrangement;
  for (const auto& place : pieces) {
    auto found = place;
    for (auto& side : found) side = stickers[side];
    std::optional<std::size_t> turn;
    for (std::size_t p = 0; p < pieces.size() && !turn; ++p) {
      turn = turned(pieces[p], found);
      if (turn) arrangement.pieces.push_back(static_cast<std::uint8_t>(p));
    }
    if (!turn) {
      return fail(Errc::kBadProblem, "the stickers " + numbers_of(found) + " at places " +
                                         numbers_of(place) +
                                         " do not belong to one piece of the cube");
    }
    arrangement.twist += *turn;
  }
  return arrangement;
}

Status cannot_be_solved(const std::string& reason) {
  return fail(Errc::kBadProblem, "the cube cannot be solved: " + reason);
}

}  // namespace

Status check_cube3_pieces(std::span<const std::uint8_t> stickers) {
  for (const std::uint8_t centre : kCentres) {
    if (stickers[centre] == centre) continue;
    return fail(Errc::kBadProblem, "sticker " + std::to_string(centre) +
                                       " is a centre and does not move, but its place has " +
                                       std::to_string(stickers[centre]));
  }
  const auto corners = arrangement_of(kCorners, stickers);
  if (!corners) return tl::unexpected(corners.error());
  const auto edges = arrangement_of(kEdges, stickers);
  if (!edges) return tl::unexpected(edges.error());
  if (corners->twist % 3 != 0) return cannot_be_solved("a corner is twisted");
  if (edges->twist % 2 != 0) return cannot_be_solved("an edge is flipped");
  if (is_even(corners->pieces) != is_even(edges->pieces)) {
    return cannot_be_solved("its parity is odd (two pieces are swapped)");
  }
  return {};
}

}  // namespace qstar::environment

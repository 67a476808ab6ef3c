// What a network sees of a Countdown position.
//
// A network has to estimate how many steps are left, and cannot divide. So every number a comes
// with what relates it to the target t:
//   size      1    powers of two below it (0: no number at this place)
//   digits    4    the lowest four
//   residues  4    mod 7, 9, 11, 16: whatever makes t from the numbers does so mod m as well
//   distance  1+3  of a and t: its size, its lowest three digits
//   relation  1    bits: a > t, a = t, a divides t, t divides a
//   quotient  2    t / a: tens and ones, if it is exact and below 100; otherwise 15
//   remainder 1    t mod a: its size
//   partner   1    bits: another number b is left with a + b, a * b, a - b or a / b = t
// so that the last of them identifies a position one step before the goal. The target: size,
// five digits, residues; then how many numbers are left.
#include <algorithm>
#include <bit>

#include "environment/puzzle/countdown.hpp"

namespace qstar::environment::countdown {
namespace {

constexpr std::uint32_t kNotExact = 15;

class CellWriter {
 public:
  explicit CellWriter(std::span<std::uint8_t> cells) : next_(cells.begin()) {}
  void put(std::uint32_t value) { *next_++ = static_cast<std::uint8_t>(value); }
  void size(std::uint32_t x) { put(std::min(15U, static_cast<std::uint32_t>(std::bit_width(x)))); }
  void digits(std::uint32_t x, int count) {
    for (; count > 0; --count, x /= 10) put(x % 10);
  }
  void residues(std::uint32_t x) {
    for (const std::uint32_t modulus : {7U, 9U, 11U, 16U}) put(x % modulus);
  }
  void skip(std::size_t cells) {
    for (; cells > 0; --cells) put(0);
  }

 private:
  std::span<std::uint8_t>::iterator next_;
};

std::uint32_t bits(bool b0, bool b1, bool b2, bool b3) {
  return static_cast<std::uint32_t>(b0 | b1 << 1 | b2 << 2 | b3 << 3);
}

std::uint32_t partners(const Position& p, std::size_t place) {
  const std::uint64_t a = p.numbers[place], t = p.target;
  std::uint32_t found = 0;
  for (std::size_t i = 0; i < p.count; ++i) {
    const std::uint64_t b = p.numbers[i];
    if (i != place) found |= bits(a + b == t, a * b == t, a == t + b, a == t * b);
  }
  return found;
}

void write_number(const Position& p, std::size_t place, CellWriter& out) {
  const std::uint32_t a = p.numbers[place], t = p.target;
  const std::uint32_t distance = a > t ? a - t : t - a;
  const bool divides = t % a == 0;
  out.size(a);
  out.digits(a, 4);
  out.residues(a);
  out.size(distance);
  out.digits(distance, 3);
  out.put(bits(a > t, a == t, divides, t != 0 && a % t == 0));
  const bool shown = divides && t / a < 100;
  out.put(shown ? t / a / 10 : kNotExact);
  out.put(shown ? t / a % 10 : kNotExact);
  out.size(t % a);
  out.put(partners(p, place));
}

}  // namespace

void write_cells(const Position& position, std::span<std::uint8_t> cells) {
  CellWriter out(cells);
  const std::size_t places = (cells.size() - kCellsOfTarget) / kCellsOfNumber;
  for (std::size_t i = 0; i < position.count; ++i) write_number(position, i, out);
  out.skip((places - position.count) * kCellsOfNumber);
  out.size(position.target);
  out.digits(position.target, 5);
  out.residues(position.target);
  out.put(static_cast<std::uint32_t>(position.count));
}

}  // namespace qstar::environment::countdown

// Where a token stands in its line, and which other tokens a head of attention may look at.
//
// A solution is rewritten line by line: ";3+4*2-5=3+8-5=…". What comes next depends on the line
// before and on what the new line has so far, never on how long the text has become. So heads can
// be given a scope, and positions that count *items* within a line instead of tokens from the
// start: the digits of a number share an item, every other character is one. What is copied from
// the line before then stands at the same item, or two further on after the operation was done, in
// lines of any length.
//
// A separator '=' belongs to two lines: it is found as the item after the last of the line that it
// closes, and it asks as the item before the first of the line that it opens. ';' opens a problem:
// there is no line before it. Everything depends on the text so far alone, so that generation can
// use a key/value cache.
//
// Differs from the published remedies for longer inputs (relative positions: Press et al. 2022;
// none at all: Kazemnejad et al. 2023) in that the scope is fixed by the text's own separators.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace qstar {

// One letter a head in ModelSpec::scopes.
enum class Scope : char {
  kAll = 'a',            // everything so far; positions count tokens from the start
  kPrevious = 'p',       // the line before, kWindow items around one's own
  kPreviousWhole = 'P',  // the whole line before, without positions
  kPreviousDone = 'd',   // the line before up to the item after one's own, without positions: what
                         // the new line has already dealt with
  kCurrent = 'c',        // this line, the last kWindow items
  kCurrentWhole = 'C',   // this line so far, without positions
};
inline constexpr std::string_view kScopes = "apPdcC";
inline constexpr std::int32_t kWindow = 4;  // items to either side

// A token's place; all places count tokens from the start of the text.
struct LinePlace {
  std::int32_t previous = 0;  // where the line before begins …
  std::int32_t line = 0;      // … and this one; equal when there is none before
  std::int32_t asks = 0;      // the item as which it looks, from −1
  std::int32_t found = 0;     // the item as which it is looked at
  std::int32_t digit = 0;  // 1 for the first digit of a number, 2 for the second, …; 0 otherwise
};
inline constexpr std::int32_t kDigits = 8;  // `digit` is below this; later digits count as the last

// Reads a text token by token (Tokenizer's numbers, digits first).
class LineReader {
 public:
  LinePlace next(std::int32_t token);

 private:
  std::int32_t count_ = 0;  // tokens so far
  std::int32_t item_ = -1;  // of the last token
  LinePlace last_;
};

// Places [begin, end) that a head may look at; empty when there is nothing.
struct Sight {
  std::int32_t begin = 0;
  std::int32_t end = 0;
  friend bool operator==(const Sight&, const Sight&) = default;
};
// What the token at `place` sees; `places` are those up to and including it.
Sight sight_of(Scope scope, std::span<const LinePlace> places, std::int32_t place);

// The position by which a query or a key is rotated, from −1; 0 everywhere for heads without.
std::int32_t asking_position(Scope scope, const LinePlace& at, std::int32_t place);
std::int32_t found_position(Scope scope, const LinePlace& at, std::int32_t place);

}  // namespace qstar

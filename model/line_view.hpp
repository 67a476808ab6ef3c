// The place of a token in its line, and which other tokens an attention head may attend to.
//
// A solution is rewritten line by line: ";3+4*2-5=3+8-5=…". The next token depends on the previous
// line and on the current line so far, not on the length of the whole text. So a head can have a
// scope (an attention mask), and positions that count *items* within a line instead of tokens from
// the start: the digits of a number share one item, every other character is an item. A token that
// is copied from the previous line then stands at the same item there, or two items further on
// after the operation was done, in lines of any length.
//
// A separator '=' belongs to two lines. As a key it is the item after the last one of the line that
// it closes; as a query it is the item before the first one of the line that it opens. ';' opens a
// problem, which has no previous line. Everything depends only on the text so far, so that
// generation can use a key/value cache.
//
// Differs from the published remedies for longer inputs (relative positions: Press et al. 2022;
// none at all: Kazemnejad et al. 2023) in that the scope is fixed by the text's own separators.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace qstar::model {

// The scope of a head: one letter per head in ModelSpec::scopes.
enum class Scope : char {
  kAll = 'a',            // everything so far; positions count tokens from the start
  kPrevious = 'p',       // the previous line, kWindow items around the token's own item
  kPreviousWhole = 'P',  // the whole previous line, without positions
  kPreviousDone = 'd',   // the previous line up to the item after the token's own, without
                         // positions: the part that the current line has already rewritten
  kCurrent = 'c',        // the current line, the last kWindow items
  kCurrentWhole = 'C',   // the current line so far, without positions
};
inline constexpr std::string_view kScopes = "apPdcC";
inline constexpr std::int32_t kWindow = 4;  // items to either side

// A token's place; all places count tokens from the start of the text.
struct LinePlace {
  std::int32_t previous = 0;  // start of the previous line; equal to `line` when there is none
  std::int32_t line = 0;      // start of the current line
  std::int32_t asks = 0;      // item of the token as a query, from −1
  std::int32_t found = 0;     // item of the token as a key
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

// Places [begin, end) that a head may attend to; may be empty.
struct Sight {
  std::int32_t begin = 0;
  std::int32_t end = 0;
  friend bool operator==(const Sight&, const Sight&) = default;
};
// The places that the token at `place` sees; `places` are those up to and including it.
Sight sight_of(Scope scope, std::span<const LinePlace> places, std::int32_t place);

// The rotary position of a query or a key, from −1; 0 for heads without positions.
std::int32_t asking_position(Scope scope, const LinePlace& at, std::int32_t place);
std::int32_t found_position(Scope scope, const LinePlace& at, std::int32_t place);

}  // namespace qstar::model

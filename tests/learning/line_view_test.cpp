// Lines, items and what is seen, worked out by hand.
#include "model/line_view.hpp"

#include <string>

#include "model/tokenizer.hpp"

#include <catch2/catch.hpp>

namespace qstar {
using namespace model;
namespace {

std::vector<LinePlace> read(const std::string& text) {
  LineReader reader;
  std::vector<LinePlace> places;
  const auto tokenizer = Tokenizer::make(kArithmeticCharacters).value();
  const auto tokens = tokenizer.encode(text).value();
  for (const auto token : tokens) places.push_back(reader.next(token));
  return places;
}

TEST_CASE("digits share an item, separators are found in one line and ask in the next", "[lines]") {
  //                       01234567890123
  const auto at = read(";12+3*4=12+12=24;5");
  const auto found = [&](std::size_t i) { return at[i].found; };
  CHECK(found(1) == 0);  // 1
  CHECK(found(2) == 0);  // 2 of 12
  CHECK(at[1].digit == 1);
  CHECK(at[2].digit == 2);
  CHECK(found(3) == 1);  // +
  CHECK(at[3].digit == 0);
  CHECK(found(6) == 4);     // 4
  CHECK(found(7) == 5);     // = closes the problem's line as its item 5 …
  CHECK(at[7].asks == -1);  // … and opens the next
  CHECK(at[7].previous == 1);
  CHECK(at[7].line == 8);
  CHECK(at[8].asks == 0);
  CHECK(at[12].found == 2);  // the last 2 of "12+12"
  CHECK(at[13].previous == 8);
  CHECK(at[16].line == 17);  // ; opens a problem
  CHECK(at[17].previous == at[17].line);
  CHECK(at[17].found == 0);
}

TEST_CASE("scopes are the line before, this line, or a window of items in them", "[lines]") {
  const auto at = read(";1+2+3+4+5+6=3+3+4+5+6");
  const auto last = static_cast<std::int32_t>(at.size()) - 1;
  CHECK(sight_of(Scope::kAll, at, last) == Sight{0, last + 1});
  CHECK(sight_of(Scope::kPreviousWhole, at, last) == Sight{1, 13});
  CHECK(sight_of(Scope::kCurrentWhole, at, last) == Sight{13, last + 1});
  CHECK(sight_of(Scope::kPrevious, at, last) == Sight{5, 13});        // items 4 to 11, asked from 8
  CHECK(sight_of(Scope::kCurrent, at, last) == Sight{17, last + 1});  // items 4 to 8
  CHECK(sight_of(Scope::kPrevious, at, 12) == Sight{1, 5});  // items 0 to 3, asked from −1
  CHECK(sight_of(Scope::kCurrent, at, 12) == Sight{});
  CHECK(sight_of(Scope::kPreviousWhole, at, 3) == Sight{});
  CHECK(sight_of(Scope::kPreviousDone, at, last) == Sight{1, 11});  // items 0 to 9, asked from 8
  CHECK(sight_of(Scope::kPreviousDone, at, 12) == Sight{1, 2});     // the first, asked from −1
  CHECK(sight_of(Scope::kPreviousDone, at, 3) == Sight{});
  CHECK(found_position(Scope::kPreviousDone, at[12], 12) == 0);
  CHECK(asking_position(Scope::kPrevious, at[12], 12) == -1);
  CHECK(found_position(Scope::kPrevious, at[12], 12) == 11);
  CHECK(found_position(Scope::kPreviousWhole, at[12], 12) == 0);
  CHECK(found_position(Scope::kAll, at[12], 12) == 12);
}

TEST_CASE("a head of what is dealt with sees the operation once it is done", "[lines]") {
  //                       0123456789
  const auto at = read(";2+3*4-1=2+12-1");
  const auto sees = [&](std::int32_t place) {
    const auto sight = sight_of(Scope::kPreviousDone, at, place);
    return sight.begin <= 4 && 4 < sight.end;  // the product's sign, item 3
  };
  CHECK_FALSE(sees(9));   // 2
  CHECK_FALSE(sees(10));  // +
  CHECK(sees(11));        // 1 of 12
  CHECK(sees(14));        // the 1 that was copied
}

TEST_CASE("nobody sees what comes later, whatever the text", "[lines]") {
  const auto at = read(";;==1=23=;9=+=456789012345678901=");
  for (std::size_t n = 1; n <= at.size(); ++n) {
    for (const char letter : kScopes) {
      const auto sight =
          sight_of(Scope{letter}, std::span(at).first(n), static_cast<std::int32_t>(n) - 1);
      CHECK(0 <= sight.begin);
      CHECK(sight.begin <= sight.end);
      CHECK(sight.end <= static_cast<std::int32_t>(n));
    }
    CHECK(at[n - 1].digit < kDigits);
  }
}

}  // namespace
}  // namespace qstar

#include "cli/terminal.hpp"

#include <catch2/catch.hpp>

using namespace qstar;
using namespace qstar::cli;

TEST_CASE("text is cut at whole characters and never beyond the width") {
  REQUIRE(cut_to_width("progress", 20) == "progress");
  REQUIRE(cut_to_width("progress", 8) == "progress");
  REQUIRE(cut_to_width("progress", 7) == "progres");
  REQUIRE(cut_to_width("progress", 0).empty());
  REQUIRE(cut_to_width("", 5).empty());
  REQUIRE(cut_to_width("né 3 × 4", 2) == "né");
  REQUIRE(cut_to_width("né 3 × 4", 6) == "né 3 ×");
}

TEST_CASE("wide characters count twice") {
  REQUIRE(cut_to_width("問題", 4) == "問題");
  REQUIRE(cut_to_width("問題", 3) == "問");
  REQUIRE(cut_to_width("問題", 1).empty());
  REQUIRE(cut_to_width("😀x", 2) == "😀");
}

TEST_CASE("shortened text ends with an ellipsis within the width") {
  REQUIRE(shortened("progress", 8) == "progress");
  REQUIRE(shortened("progress", 7) == "progre…");
  REQUIRE(shortened("progress", 1) == "…");
  REQUIRE(shortened("progress", 0).empty());
}

TEST_CASE("lines are broken at blanks, and words stay whole") {
  REQUIRE(wrapped("one two three", 20, 2) == "one two three");
  REQUIRE(wrapped("one two three", 8, 2) == "one two\n  three");
  REQUIRE(wrapped("one two three", 7, 2) == "one two\n  three");
  REQUIRE(wrapped("one  two", 5, 0) == "one\ntwo");
  REQUIRE(wrapped("a  b  three", 7, 0) == "a  b\nthree");
  REQUIRE(wrapped("one two", 20, 4, 15) == "one\n    two");
  REQUIRE(wrapped("  incomprehensible word", 6, 1) == "  incomprehensible\n word");
  REQUIRE(wrapped("incomprehensible", 6, 1) == "incomprehensible");
  REQUIRE(wrapped("x ", 1, 1) == "x ");
  REQUIRE(wrapped("", 0, 9).empty());
  REQUIRE(wrapped("問題 問題", 5, 0) == "問題\n問題");
}

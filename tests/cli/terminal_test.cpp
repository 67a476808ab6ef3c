#include "cli/terminal.hpp"

#include <catch2/catch.hpp>

using namespace qstar;

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

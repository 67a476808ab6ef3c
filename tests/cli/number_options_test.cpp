#include "cli/number_options.hpp"

#include <catch2/catch.hpp>

using namespace qstar;
using namespace qstar::cli;

TEST_CASE("whole numbers are digits within the range") {
  auto check = whole_number(0, 64);
  for (const std::string text : {"0", "1", "64"}) REQUIRE(check(text).empty());
  for (std::string text :
       {"-1", "65", "1.5", "1e1", "nan", "inf", "", " 1", "1 ", "+1", "0x1", "x", "010", "08",
        "-01", "00", "18446744073709551616", "-9223372036854775809"})
    REQUIRE(check(text).find("whole number from 0 to 64") != std::string::npos);
  std::string odd = "1\x1b[2J";
  REQUIRE(check(odd).find('\x1b') == std::string::npos);
}

TEST_CASE("seeds take all 64 bits, negative bounds hold") {
  auto seed = whole_number(0, kMaxSeed);
  REQUIRE(seed("18446744073709551615").empty());
  REQUIRE_FALSE(seed("18446744073709551616").empty());
  REQUIRE_FALSE(seed("-1").empty());
  auto both = whole_number(-5, 5);
  REQUIRE(both("-5").empty());
  REQUIRE_FALSE(both("-6").empty());
  REQUIRE_FALSE(both("6").empty());
  auto positive = whole_number(2, 5);
  REQUIRE_FALSE(positive("1").empty());
}

TEST_CASE("real numbers are finite and within the range") {
  auto check = real_number(0, 1e9);
  for (const std::string text : {"0", "0.5", "1e9", "1e-300", "-0"}) REQUIRE(check(text).empty());
  for (std::string text : {"-1", "1.1e9", "nan", "-nan", "inf", "1e999", "", "x", "1x", "1,5"})
    REQUIRE(check(text).find("must be a number from 0 to") != std::string::npos);
}

TEST_CASE("ranges are written in digits") {
  REQUIRE(real_number(0, 1e6).get_description() == "0 to 1000000");
  REQUIRE(real_number(0.001, 10).get_description() == "0.001 to 10");
  REQUIRE(whole_number(1, 1'000'000).get_description() == "1 to 1000000");
}

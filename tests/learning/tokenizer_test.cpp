#include "model/tokenizer.hpp"

#include <catch2/catch.hpp>

namespace qstar {
namespace {

TEST_CASE("the separators are tokens 0 and 1", "[tokenizer]") {
  const model::Tokenizer t = model::Tokenizer::make(model::kArithmeticCharacters).value();
  REQUIRE(t.size() == 18);
  REQUIRE(t.characters() == ";=0123456789+-*/()");
  REQUIRE(t.encode(";=0)").value() == std::vector<std::int32_t>{0, 1, 2, 17});
  REQUIRE(t.decode(t.encode(t.characters()).value()) == t.characters());
}

TEST_CASE("unknown characters are named with their place", "[tokenizer]") {
  const model::Tokenizer t = model::Tokenizer::make("01").value();
  const auto bad = t.encode("01x");
  REQUIRE_FALSE(bad);
  REQUIRE(bad.error().code == Errc::kBadProblem);
  REQUIRE(bad.error().message.find("'x' at place 3") != std::string::npos);
  REQUIRE_FALSE(t.encode(std::string_view("\0", 1)));
  REQUIRE_FALSE(t.encode("\xff"));
}

TEST_CASE("an alphabet must be distinct printable characters", "[tokenizer]") {
  for (const char* bad : {"00", "0;", "=", "\n", "\xc3\xa4"}) {
    const auto made = model::Tokenizer::make(bad);
    REQUIRE_FALSE(made);
    REQUIRE(made.error().code == Errc::kConfig);
  }
}

}  // namespace
}  // namespace qstar

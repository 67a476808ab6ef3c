// JSON from elsewhere: what is refused, and in which words.
#include "core/json_text.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

namespace qstar {
namespace {

std::string fault(std::string_view text) { return parse_json(text).error().what; }

TEST_CASE("JSON is read, or what is wrong with it is said", "[json]") {
  CHECK(parse_json(R"({"a": [1, {"a": 2}]})").value()["a"][1]["a"] == 2);
  CHECK(fault("").starts_with("is damaged at byte 1: "));
  CHECK(fault(R"({"a": 1e999})").find("1e999") != std::string::npos);
  CHECK(fault(R"([{"a": 1, "b": 2, "a": 3}])") == "has the key 'a' twice");
  const std::string ends(100, ']');
  CHECK(parse_json(std::string(100, '[') + ends));
  CHECK(fault(std::string(101, '[') + ']' + ends) == "nests more than 100 levels deep");
  CHECK(fault(std::string(1'000'000, '[')) == "nests more than 100 levels deep");
  CHECK_FALSE(parse_json(std::string(101, '[') + ']' + ends).error().is_syntax);
}

TEST_CASE("a line holds one object", "[json]") {
  CHECK(parse_json_line(R"({"a": 1})").value()["a"] == 1);
  for (const std::string line : {"", "[1]", "{", "{\"a\": \"\xff\"}", R"({"a": 1e999})"})
    CHECK(parse_json_line(line).error() == "is not a JSON object in UTF-8");
  CHECK(parse_json_line(R"({"a": 1, "a": 1})").error() == "has the key 'a' twice");
}

}  // namespace
}  // namespace qstar

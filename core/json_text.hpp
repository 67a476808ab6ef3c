// JSON that somebody else wrote.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

namespace qstar {

struct JsonFault {
  bool is_syntax = false;  // no JSON at all; numbers that are not finite are none
  std::string what;        // as "is damaged at byte 1: ..."
};

// The value, or what is wrong with the text: also a key that an object has twice (which of the two
// values counts is anybody's guess), and nesting beyond any use, which could exhaust the stack.
tl::expected<nlohmann::json, JsonFault> parse_json(std::string_view text);

// The object on one line of a file of JSON lines, or what is wrong with it, as "is not a JSON
// object in UTF-8".
tl::expected<nlohmann::json, std::string> parse_json_line(std::string_view line);

// The text without the byte order mark that some editors put before UTF-8.
std::string_view without_byte_order_mark(std::string_view text);

}  // namespace qstar

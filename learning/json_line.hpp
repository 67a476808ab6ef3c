// One line of a file of JSON lines that somebody else wrote.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

namespace qstar {

// The object on the line, or what is wrong with it, as "is not a JSON object in UTF-8": also a key
// that is there twice (which of the two values counts is anybody's guess), and nesting beyond any
// use. Numbers that are not finite are no JSON.
tl::expected<nlohmann::json, std::string> parse_json_line(std::string_view line);

// The text without the byte order mark that some editors put before UTF-8.
std::string_view without_byte_order_mark(std::string_view text);

}  // namespace qstar

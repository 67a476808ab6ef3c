// How configurations are written down; what the reader and the printer of core/config.hpp share.
#pragma once

#include <string>
#include <string_view>

#include "core/config.hpp"

namespace qstar {

// "section.name"; the name alone at the top level.
std::string dotted_key(std::string_view section, std::string_view name);

// The text as a TOML string on one line.
std::string toml_quote(std::string_view text);

// What a number may be: "from 0 to 1", "at least 1"; empty without a bound.
std::string range_text(const FieldInfo& info);

}  // namespace qstar

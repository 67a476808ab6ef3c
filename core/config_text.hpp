// How configurations are written down; what the reader and the printer of core/config.hpp share.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/config.hpp"

namespace qstar {

// "section.name"; the name alone at the top level.
std::string dotted_key(std::string_view section, std::string_view name);

// The text as a TOML string on one line.
std::string toml_quote(std::string_view text);

// The text without blanks around it.
std::string trimmed(std::string_view text);

// The parts between commas that stand outside of quotes and brackets.
std::vector<std::string> comma_parts(std::string_view text);

// The list of sections as TOML on one line: [{name = "a"}, {name = "b"}].
std::string inline_toml(SectionList& list);

// What a number may be: "from 0 to 1", "at least 1"; empty without a bound.
std::string range_text(const FieldInfo& info);

}  // namespace qstar

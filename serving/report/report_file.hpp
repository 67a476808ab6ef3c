// Reading a report.json, which may be truncated, damaged, or something else.
//
// Kinds of runs: "text" and "puzzle" reports have no member "kind" and are recognised by other
// members; "story" reports have it.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/result.hpp"

namespace qstar::serving {

// "text", "puzzle", or the report's member "kind".
std::string kind_of(const nlohmann::json& report);

// Parses the report in the bytes of `file` and checks the type of every member that is rendered.
// kCorrupt names the byte where the JSON is damaged, or the key and the expected type; kSchema
// names a kind that this version does not know. All members but "name" and "seed" may be missing or
// null.
Result<nlohmann::json> parse_report(std::string_view bytes, const std::string& file);

// The rendered files (name, bytes), report.md first, then the plots. Accepts any JSON of a known
// kind, also an aggregate of reports; members of wrong types are shown as missing.
std::vector<std::pair<std::string, std::string>> report_files(const nlohmann::json& report);

}  // namespace qstar::serving

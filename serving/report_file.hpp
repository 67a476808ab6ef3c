// A report.json as input: it may be cut, damaged, or of something else.
//
// The kinds of runs: "text" and "puzzle" are told by their members and name no kind; "story" does.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/result.hpp"

namespace qstar {

// "text", "puzzle", or what the report names as its kind.
std::string kind_of(const nlohmann::json& report);

// The report in the bytes of `file`, every member that is rendered of its type: kCorrupt names the
// byte where the JSON is damaged, or the key and what is expected there; kSchema a kind that this
// version does not know. Members may be missing or null, but for "name" and "seed".
Result<nlohmann::json> parse_report(std::string_view bytes, const std::string& file);

// Its files (name, bytes), report.md first, then the plots. Any JSON of a known kind will do, also
// an aggregate of reports; wrong types are shown as missing.
std::vector<std::pair<std::string, std::string>> report_files(const nlohmann::json& report);

}  // namespace qstar

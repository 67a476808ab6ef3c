// Reading a report.json, which may be truncated, damaged, or something else. The types of its
// members: one schema for every run, and one for the results of
// every kind of stage.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "core/result.hpp"

namespace qstar::serving {

// Checks the stages and the type of every member that the reports show; other members are ignored.
// kCorrupt names the first wrong member, such as "results.rl.grpo.tokens", and what it must be: a
// type, or the name of a stage that is unlike all others and can be part of a file's name. kSchema:
// a report of an older version, which lists no stages, or a stage of an unknown kind, which is
// named. Null is allowed everywhere but there: a value that could not be measured.
Status check_report(const nlohmann::json& report);

// Parses the report in the bytes of `file` and checks it. kCorrupt also names the byte where the
// JSON is damaged. All members but "name", "seed" and "stages" may be missing or null.
Result<nlohmann::json> parse_report(std::string_view bytes, const std::string& file);

}  // namespace qstar::serving

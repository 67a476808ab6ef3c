// How the renderers read a report: a member that is missing or of another type is shown as a dash.
// A figure is a number, or {"mean", "min", "max", "n"} of that number in several runs
// (report_aggregate).
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

namespace qstar::serving {

inline constexpr const char* kNoFigure = "–";

// The member; null when it is missing or `object` is not an object.
const nlohmann::json& member(const nlohmann::json& object, std::string_view key);
// The number, or the mean of several runs.
std::optional<double> number_of(const nlohmann::json& figure);
// "0.4100"; for several runs "0.4100 (0.3900 – 0.4300)", unless all values are equal; otherwise
// kNoFigure.
std::string shown(const nlohmann::json& figure, int decimals);
// A text unchanged, the elements of a list joined by ", ", a number or boolean as in JSON, a figure
// of several runs as shown() with four decimals. kNoFigure for anything else.
std::string words_of(const nlohmann::json& value);

}  // namespace qstar::serving

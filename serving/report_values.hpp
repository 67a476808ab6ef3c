// How the renderers read a report: whatever is missing or of another type is no figure, and shown
// as such. A figure is a number, or {"mean", "min", "max", "n"} of one in several runs (see
// report_aggregate).
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

namespace qstar {

inline constexpr const char* kNoFigure = "–";

// The member; null when it is missing or `object` is none.
const nlohmann::json& member(const nlohmann::json& object, std::string_view key);
// The number, or the mean of several.
std::optional<double> number_of(const nlohmann::json& figure);
// "0.4100"; of several runs "0.4100 (0.3900 – 0.4300)" unless all had the same; kNoFigure.
std::string shown(const nlohmann::json& figure, int decimals);
// A text as it is, several in a list joined by ", ", a number or a truth as JSON has it; of a
// figure of several runs what shown() says, with four decimals. kNoFigure for anything else.
std::string words_of(const nlohmann::json& value);

}  // namespace qstar

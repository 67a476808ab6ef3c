// Parts that several sections of a report share. Every part also shows aggregates of several
// runs (report_aggregate): means, with the smallest and the largest value in brackets.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "serving/report/plot.hpp"

namespace qstar::serving {

// The name as title, then the environment, the seed, the configuration and the version, so that the
// run can be repeated.
std::string report_heading(const nlohmann::json& report);

// "NAME, seed 1"; "NAME, seeds 1, 2" for several runs.
std::string run_name(const nlohmann::json& report);

// The columns of an evaluation: accuracy, its interval, problems, tokens and CPU seconds.
const std::vector<std::string>& evaluation_columns();
std::vector<std::string> evaluation_cells(const nlohmann::json& evaluation);
// Concatenates columns or cells: `before`, `middle`, `behind`.
std::vector<std::string> around(std::vector<std::string> before,
                                const std::vector<std::string>& middle,
                                const std::vector<std::string>& behind = {});

// "0.3900 – 0.4300" for [low, high].
std::string interval_of(const nlohmann::json& interval);

// An object's members as a Markdown table with two columns.
std::string figures_table(const nlohmann::json& values);

// The members `x` and `y` of every point of a curve; points that lack one are left out.
std::vector<PlotPoint> points_of(const nlohmann::json& curve, const char* x, const char* y);

}  // namespace qstar::serving

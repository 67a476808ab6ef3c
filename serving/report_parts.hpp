// What the reports of all kinds of runs share. Every part also shows aggregates of several runs
// (report_aggregate): means, and in brackets the smallest and the largest.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "serving/plot.hpp"

namespace qstar {

// The name as title; then `what` was run, seed, configuration and version, so that it can be run
// again.
std::string report_heading(const nlohmann::json& report, const std::string& what);

// "NAME, seed 1", of several runs "NAME, seeds 1, 2".
std::string run_name(const nlohmann::json& report);

// The columns of an evaluation: accuracy, its interval, problems, tokens and CPU seconds.
const std::vector<std::string>& evaluation_columns();
std::vector<std::string> evaluation_cells(const nlohmann::json& evaluation);
// The columns with others before and behind them.
std::vector<std::string> around(std::vector<std::string> before,
                                const std::vector<std::string>& middle,
                                const std::vector<std::string>& behind = {});

// "0.3900 – 0.4300" of [low, high].
std::string interval_of(const nlohmann::json& interval);

// An object's members as a Markdown table of two columns.
std::string figures_table(const nlohmann::json& values);

// Two figures of every point of a curve; a point without both of them is left out.
std::vector<PlotPoint> points_of(const nlohmann::json& curve, const char* x, const char* y);

}  // namespace qstar

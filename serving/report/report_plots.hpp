// The plots of a report as SVG: one function per plot, "" without data. For an aggregate of several
// runs the means are drawn.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "serving/report/report_stages.hpp"

namespace qstar::serving {

std::string headline_plot(const nlohmann::json& report);

std::string calibration_plot(const nlohmann::json& report, const ReportedStage& stage);
std::string searches_plot(const nlohmann::json& report, const ReportedStage& stage);
std::string feedback_plot(const nlohmann::json& report, const ReportedStage& stage);
// Accuracy, and the share of right answers with a wrong step, of every training run.
std::string comparison_plot(const nlohmann::json& report, const ReportedStage& stage);
std::string selfplay_plot(const nlohmann::json& report, const ReportedStage& stage);
std::string accuracy_curve(const nlohmann::json& report, const ReportedStage& stage);
// The share of positions that greedy play solves, against updates.
std::string solved_curve(const nlohmann::json& report, const ReportedStage& stage);
std::string out_of_domain_plot(const nlohmann::json& report, const ReportedStage& stage);
std::string polluted_context_plot(const nlohmann::json& report, const ReportedStage& stage);

}  // namespace qstar::serving

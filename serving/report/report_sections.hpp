// The text of a report's sections, as Markdown: one function per section, "" when the stage has no
// figures for it. A missing value is a dash.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "serving/report/report_stages.hpp"

namespace qstar::serving {

std::string pretraining_section(const ReportedStage& stage);
std::string finetuning_section(const ReportedStage& stage);
std::string judges_section(const ReportedStage& stage);
std::string searches_section(const ReportedStage& stage);
std::string feedback_section(const ReportedStage& stage);
std::string comparison_section(const ReportedStage& stage);
std::string selfplay_section(const ReportedStage& stage);
std::string reinforcement_section(const ReportedStage& stage);
// Of the critic that learned beside the policy.
std::string critic_section(const ReportedStage& stage);
std::string attempts_section(const ReportedStage& stage);
std::string out_of_domain_section(const ReportedStage& stage);
std::string polluted_context_section(const ReportedStage& stage);
std::string calculator_section(const ReportedStage& stage);
std::string cost_to_go_section(const ReportedStage& stage);
std::string network_section(const ReportedStage& stage);

// Of the whole run.
std::string headline_section(const nlohmann::json& report);
std::string missed_targets_section(const nlohmann::json& report);
std::string cost_section(const nlohmann::json& report);

}  // namespace qstar::serving

// The sections of a story's report, in order: the Markdown below the section's title, beginning
// with a blank line; "" when the report has no data for it.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace qstar::serving {

std::string headline_section(const nlohmann::json& report);
std::string pretraining_section(const nlohmann::json& report);
std::string verifiers_section(const nlohmann::json& report);
std::string searches_section(const nlohmann::json& report);
std::string rlhf_section(const nlohmann::json& report);
std::string rl_section(const nlohmann::json& report);
std::string rewards_section(const nlohmann::json& report);
std::string selfplay_section(const nlohmann::json& report);
std::string final_section(const nlohmann::json& report);
std::string out_of_domain_section(const nlohmann::json& report);
std::string polluted_context_section(const nlohmann::json& report);
std::string calculator_section(const nlohmann::json& report);
std::string failed_section(const nlohmann::json& report);
std::string cost_section(const nlohmann::json& report);

}  // namespace qstar::serving

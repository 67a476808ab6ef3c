#include "serving/report/story_report.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "serving/report/markdown.hpp"
#include "serving/report/report_parts.hpp"
#include "serving/report/report_values.hpp"
#include "serving/report/story_plots.hpp"
#include "serving/report/story_tables.hpp"

namespace qstar::serving {
namespace {

using nlohmann::json;

struct Section {
  const char* title;
  std::string (*content)(const json& report);  // "": the section is left out
  const char* plot;                            // of story_plots; "": none
};

constexpr Section kSections[] = {
    {"Summary", headline_section, "headline.svg"},
    {"Pre-training and fine-tuning", pretraining_section, ""},
    {"Verifiers", verifiers_section, "calibration.svg"},
    {"Searches", searches_section, "searches.svg"},
    {"Learning from rankings", rlhf_section, "rlhf.svg"},
    {"Reinforcement learning", rl_section, "rl.svg"},
    {"Rewards", rewards_section, "rewards.svg"},
    {"Self-play", selfplay_section, "selfplay.svg"},
    {"Final policy", final_section, "learning_curve.svg"},
    {"Out of domain", out_of_domain_section, "out_of_domain.svg"},
    {"Polluted context", polluted_context_section, "polluted_context.svg"},
    {"Comparison with the exact solver", calculator_section, ""},
    {"Missed targets", failed_section, ""},
    {"Cost", cost_section, ""}};

}  // namespace

std::string story_markdown(const json& report) {
  const auto plots = story_plots(report);
  const auto is_drawn = [&plots](const std::string& name) {
    return std::any_of(plots.begin(), plots.end(),
                       [&name](const auto& plot) { return plot.first == name; });
  };
  std::string out = report_heading(report, "Family " + words_of(member(report, "family")));
  for (const auto& section : kSections) {
    const std::string content = section.content(report);
    if (content.empty()) continue;
    out += fmt::format("\n## {}\n{}", section.title, content);
    if (is_drawn(section.plot)) out += fmt::format("\n![{}]({})\n", section.title, section.plot);
  }
  return out;
}

}  // namespace qstar::serving

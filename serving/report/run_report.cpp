#include "serving/report/run_report.hpp"

#include <fmt/format.h>

#include <map>
#include <set>

#include "serving/report/report_parts.hpp"
#include "serving/report/report_plots.hpp"
#include "serving/report/report_sections.hpp"
#include "serving/report/report_stages.hpp"

namespace qstar::serving {
namespace {

using nlohmann::json;

struct Section {
  const char* kind;  // of the stages that have it
  const char* title;
  std::string (*text)(const ReportedStage& stage);
  std::string (*plot)(const json& report, const ReportedStage& stage);  // nullptr: none
  const char* plot_name;  // without ".svg"; "": the stage's
};

// In the order of a stage's sections.
constexpr Section kSections[] = {
    {"pretrain", "Pre-training", pretraining_section, nullptr, ""},
    {"finetune", "Fine-tuning", finetuning_section, nullptr, ""},
    {"judges", "Judges", judges_section, calibration_plot, "calibration"},
    {"search", "Searches", searches_section, searches_plot, "searches"},
    {"feedback", "Learning from rankings", feedback_section, feedback_plot, "rlhf"},
    {"compare", "Comparison of training runs", comparison_section, comparison_plot, ""},
    {"selfplay", "Self-play", selfplay_section, selfplay_plot, "selfplay"},
    {"reinforce", "Reinforcement learning", reinforcement_section, accuracy_curve,
     "learning_curve"},
    {"reinforce", "Critic", critic_section, nullptr, ""},
    {"reinforce", "Attempts", attempts_section, nullptr, ""},
    {"measure", "Out of domain", out_of_domain_section, out_of_domain_plot, "out_of_domain"},
    {"measure", "Polluted context", polluted_context_section, polluted_context_plot,
     "polluted_context"},
    {"measure", "Comparison with the exact solver", calculator_section, nullptr, ""},
    {"cost_to_go", "Greedy play", cost_to_go_section, solved_curve, "learning_curve"},
    {"cost_to_go", "Network", network_section, nullptr, ""}};

// Gives every plot a name of its own.
class PlotNames {
 public:
  explicit PlotNames(const std::vector<ReportedStage>& stages) {
    for (const auto& section : kSections) taken_.insert(section.plot_name);
    for (const auto& stage : stages) {
      for (const auto& section : kSections) {
        if (stage.kind == section.kind) last_[section.plot_name] = stage.name;
      }
    }
  }

  std::string name(const Section& section, const ReportedStage& stage) {
    std::string name = section.plot_name;
    const bool is_of_stage = name.empty();
    if (!is_of_stage && last_[name] == stage.name) return name;
    name = is_of_stage ? stage.name : name + "_" + stage.name;
    while (!taken_.insert(name).second) name += "_";
    return name;
  }

 private:
  std::set<std::string> taken_ = {"headline"};
  std::map<std::string, std::string> last_;  // the stage whose plot has this name
};

class Rendering {
 public:
  explicit Rendering(const json& report) : markdown_(report_heading(report)) {}

  // Without a text and a plot, the section is left out.
  void add(const std::string& title, const std::string& text, const std::string& plot_name = "",
           const std::string& svg = "") {
    if (text.empty() && svg.empty()) return;
    markdown_ += fmt::format("\n## {}\n{}", title, text);
    if (svg.empty()) return;
    markdown_ += fmt::format("\n![{}]({}.svg)\n", title, plot_name);
    plots_.emplace_back(plot_name + ".svg", svg);
  }

  std::vector<std::pair<std::string, std::string>> files() && {
    plots_.insert(plots_.begin(), {"report.md", std::move(markdown_)});
    return std::move(plots_);
  }

 private:
  std::string markdown_;
  std::vector<std::pair<std::string, std::string>> plots_;
};

}  // namespace

std::vector<std::pair<std::string, std::string>> report_files(const json& report) {
  Rendering rendering(report);
  rendering.add("Summary", headline_section(report), "headline", headline_plot(report));
  const auto stages = stages_of(report);
  PlotNames names(stages);
  for (const auto& stage : stages) {
    for (const auto& section : kSections) {
      if (stage.kind != section.kind) continue;
      const auto svg = section.plot == nullptr ? "" : section.plot(report, stage);
      rendering.add(stage.titled(section.title), section.text(stage),
                    svg.empty() ? "" : names.name(section, stage), svg);
    }
  }
  rendering.add("Missed targets", missed_targets_section(report));
  rendering.add("Cost", cost_section(report));
  return std::move(rendering).files();
}

}  // namespace qstar::serving

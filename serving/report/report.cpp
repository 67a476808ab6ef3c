#include "serving/report/report.hpp"

#include <fmt/format.h>

#include "serving/report/learning_curve.hpp"
#include "serving/report/markdown.hpp"
#include "serving/report/report_parts.hpp"
#include "serving/report/report_values.hpp"

namespace qstar::serving {
namespace {

using nlohmann::json;

std::string accuracy_table(const json& report) {
  MarkdownTable table(around({"policy", "decoding"}, evaluation_columns()));
  for (const char* policy : {"base", "final"}) {
    for (const char* how : {"greedy", "sampled"}) {
      const json& figures = member(member(report, policy), how);
      if (figures.is_object()) table.row(around({policy, how}, evaluation_cells(figures)));
    }
  }
  return table.markdown();
}

std::string calibration_of(const json& critic) {
  MarkdownTable table({"Q range", "mean Q", "share of wins", "steps"});
  for (int b = 0; b < 10; ++b) {
    const auto figure = [&critic, b](const char* name) -> const json& {
      return member(critic, fmt::format("bin{}.{}", b, name));
    };
    if (number_of(figure("n")).value_or(0) == 0) continue;
    table.row({fmt::format("{:.1f} – {:.1f}", b / 10.0, (b + 1) / 10.0), shown(figure("q"), 3),
               shown(figure("win"), 3), shown(figure("n"), 0)});
  }
  return table.markdown();
}

}  // namespace

std::string report_markdown(const json& report) {
  std::string out =
      report_heading(report, "Family " + words_of(member(report, "family"))) +
      "\n![Learning curve](learning_curve.svg)\n\n## Accuracy on held-out problems\n" +
      accuracy_table(report);
  const json& critic = member(report, "critic");
  if (!critic.empty()) {
    out += fmt::format(
        "\n## Critic\n\nThe step AUC against the exact verifier is {} on the base model's "
        "attempts. "
        "The calibration error is {} on the newest {} steps, which the critic scored before it was "
        "trained on them.\n",
        shown(member(critic, "step_auc"), 3), shown(member(critic, "calibration_error"), 3),
        shown(member(critic, "steps"), 0));
    out += calibration_of(critic);
  }
  if (report.contains("attempts")) out += "\n## Attempts\n" + figures_table(report["attempts"]);
  if (report.contains("cost")) out += "\n## Cost\n" + figures_table(report["cost"]);
  return out;
}

std::string curve_of(const json& report) {
  return learning_curve_svg(
      points_of(member(report, "curve"), "generated_tokens", "greedy"),
      {fmt::format("{}: greedy accuracy on held-out problems", run_name(report)),
       "generated tokens"});
}

}  // namespace qstar::serving

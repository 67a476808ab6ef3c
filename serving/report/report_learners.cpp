// The sections of report_sections.hpp with special tables: judges, learning from rankings and
// self-play.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "serving/report/markdown.hpp"
#include "serving/report/report_parts.hpp"
#include "serving/report/report_sections.hpp"
#include "serving/report/report_values.hpp"

namespace qstar::serving {
namespace {

using nlohmann::json;

// Orders numbers in text by value: 4, 8, 16.
struct ByNumber {
  bool operator()(const std::string& a, const std::string& b) const {
    return a.size() != b.size() ? a.size() < b.size() : a < b;
  }
};
using Counts = std::set<std::string, ByNumber>;

Counts best_of_counts(const json& judges) {
  Counts counts;
  for (const auto& judge : judges) {
    const json& best_of = member(judge, "best_of");
    if (!best_of.is_object()) continue;
    for (const auto& [count, accuracy] : best_of.items()) counts.insert(count);
  }
  return counts;
}

// The point with the highest accuracy; null without points.
const json& most_accurate(const json& curve) {
  static const json nothing;
  const json* best = &nothing;
  for (const auto& point : curve) {
    const auto accuracy = number_of(member(point, "accuracy"));
    if (accuracy && *accuracy > number_of(member(*best, "accuracy")).value_or(-1)) best = &point;
  }
  return *best;
}

const json& last_of(const json& list) {
  static const json nothing;
  return list.is_array() && !list.empty() ? list.back() : nothing;
}

std::string annotation(const json& feedback) {
  const json& annotator = member(feedback, "annotator");
  const json& model = member(feedback, "reward_model");
  std::string out;
  if (annotator.is_object()) {
    out += fmt::format(
        "\nThere are {} rankings by a {} annotator with error "
        "rate {}.\n",
        shown(member(annotator, "rankings"), 0),
        escaped_markdown(words_of(member(annotator, "kind"))),
        shown(member(annotator, "error_rate"), 2));
  }
  if (model.is_object()) {
    out += fmt::format(
        "\nThe preference model orders a share of {} of held-out pairs correctly. Its training, "
        "including the attempts, took {} CPU seconds.\n",
        shown(member(model, "pair_accuracy"), 4), shown(member(model, "cpu_seconds"), 1));
  }
  return out;
}

std::string proposals(const json& run) {
  const json& last = last_of(member(run, "curve"));
  if (member(last, "valid").is_null()) return "";
  return fmt::format(
      "\nIn the last round, a share of {} of the proposer's texts were valid problems, and {} were "
      "also "
      "new. The mean learnability of its problems was {}, that of uniformly drawn problems {}.\n",
      shown(member(last, "valid"), 3), shown(member(last, "fresh"), 3),
      shown(member(last, "learnability"), 3), shown(member(last, "uniform_learnability"), 3));
}

std::string ratings_table(const json& ratings) {
  if (!ratings.is_array()) return "";
  MarkdownTable table({"generated tokens", "Elo rating"});
  for (const auto& point : ratings)
    table.row({shown(member(point, "tokens"), 0), shown(member(point, "rating"), 0)});
  return table.markdown();
}

}  // namespace

std::string judges_section(const ReportedStage& stage) {
  const json& judges = stage.results;
  if (!judges.is_object()) return "";
  const Counts counts = best_of_counts(judges);
  std::vector<std::string> columns = {"judge",    "role",     "labels",
                                      "examples", "step AUC", "calibration error"};
  for (const auto& count : counts) columns.push_back("best of " + count);
  MarkdownTable table(around(columns, {"CPU seconds"}));
  for (const auto& [name, judge] : judges.items()) {
    std::vector<std::string> cells = {name,
                                      words_of(member(judge, "role")),
                                      words_of(member(judge, "labels")),
                                      shown(member(judge, "examples"), 0),
                                      shown(member(judge, "step_auc"), 4),
                                      shown(member(judge, "calibration_error"), 4)};
    for (const auto& count : counts)
      cells.push_back(shown(member(member(judge, "best_of"), count), 4));
    cells.push_back(shown(member(judge, "cpu_seconds"), 1));
    table.row(std::move(cells));
  }
  return table.markdown();
}

std::string feedback_section(const ReportedStage& stage) {
  const json& runs = member(stage.results, "runs");
  MarkdownTable table(
      around({"KL penalty weight"}, evaluation_columns(),
             {"highest accuracy of the run", "final KL divergence", "final proxy reward"}));
  if (runs.is_array()) {
    for (const auto& run : runs) {
      const json& curve = member(run, "curve");
      const json& last = last_of(curve);
      table.row(around({words_of(member(run, "kl_weight"))},
                       evaluation_cells(member(run, "greedy")),
                       {shown(member(most_accurate(curve), "accuracy"), 4),
                        shown(member(last, "kl"), 3), shown(member(last, "proxy"), 3)}));
    }
  }
  return annotation(stage.results) + table.markdown();
}

std::string selfplay_section(const ReportedStage& stage) {
  const json& selfplay = stage.results;
  if (!selfplay.is_object() || selfplay.empty()) return "";
  MarkdownTable table(around(
      {"problems"}, evaluation_columns(),
      {fmt::format("generated tokens to accuracy {}", shown(member(selfplay, "target"), 2))}));
  for (const char* run : {"uniform", "selfplay"}) {
    const json& figures = member(selfplay, run);
    if (!figures.is_object()) continue;
    table.row(around({run}, evaluation_cells(member(figures, "greedy")),
                     {shown(member(figures, "tokens_to_target"), 0)}));
  }
  const json& ratio = member(selfplay, "ratio");
  return table.markdown() +
         (ratio.is_null() ? "\nAt least one of the two runs did not reach the target accuracy.\n"
                          : fmt::format("\nSelf-play needed {} times the generated tokens of "
                                        "uniformly drawn problems.\n",
                                        shown(ratio, 2))) +
         proposals(member(selfplay, "selfplay")) + ratings_table(member(selfplay, "ratings"));
}

}  // namespace qstar::serving

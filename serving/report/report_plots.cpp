#include "serving/report/report_plots.hpp"

#include <algorithm>
#include <map>

#include "serving/report/bar_chart.hpp"
#include "serving/report/drawing.hpp"
#include "serving/report/headline.hpp"
#include "serving/report/learning_curve.hpp"
#include "serving/report/report_parts.hpp"
#include "serving/report/report_values.hpp"

namespace qstar::serving {
namespace {

using nlohmann::json;

constexpr const char* kTokens = "generated tokens";

PlotPanel accuracy_panel(const std::string& title, const std::string& x_label) {
  PlotPanel panel;
  panel.title = title;
  panel.x.label = x_label;
  panel.y.label = "accuracy";
  panel.y.high = 1;
  return panel;
}

PlotSeries series_of(const std::string& name, std::vector<PlotPoint> points, std::size_t colour) {
  return {
      .name = name, .points = std::move(points), .colour = drawing::colour(colour), .label = ""};
}

bool has_points(const PlotPanel& panel) {
  return std::any_of(panel.series.begin(), panel.series.end(), [](const PlotSeries& series) {
    return series.marked && !series.points.empty();
  });
}

// The SVG; "" when no series of the panels has a point.
std::string drawn(const std::vector<PlotPanel>& panels) {
  return std::any_of(panels.begin(), panels.end(), has_points) ? plot_svg(panels) : "";
}

// One line per policy: the member `y` of its learning curve against the tokens generated so far.
std::vector<PlotSeries> lines_of(const json& policies, const char* y) {
  std::vector<PlotSeries> lines;
  if (!policies.is_object()) return lines;
  for (const auto& [name, policy] : policies.items()) {
    auto points = points_of(member(policy, "curve"), "tokens", y);
    if (!points.empty()) lines.push_back(series_of(name, std::move(points), lines.size()));
  }
  return lines;
}

std::optional<ChartBar> bar_of(const json& evaluation) {
  const auto accuracy = number_of(member(evaluation, "accuracy"));
  if (!accuracy) return std::nullopt;
  ChartBar bar{*accuracy, std::nullopt};
  const json& interval = member(evaluation, "ci95");
  if (!interval.is_array() || interval.size() != 2) return bar;
  const auto low = number_of(interval[0]), high = number_of(interval[1]);
  if (low && high) bar.interval = {*low, *high};
  return bar;
}

std::string base_and_final(const json& list, const char* key, const std::string& title) {
  BarChart chart{title, {"base", "final"}, {}};
  if (!list.is_array()) return "";
  for (const auto& row : list) {
    chart.groups.push_back(
        {words_of(member(row, key)), {bar_of(member(row, "base")), bar_of(member(row, "final"))}});
  }
  return chart.groups.empty() ? "" : bar_chart_svg(chart);
}

// One line per method and guide, from few tokens to many, in the colour of the guide.
std::vector<PlotSeries> searches_of(const json& searches) {
  std::vector<PlotSeries> lines;
  std::map<std::string, std::size_t> colours;
  if (!searches.is_array()) return lines;
  for (const auto& search : searches) {
    const auto points = points_of(json::array({search}), "tokens_per_problem", "accuracy");
    if (points.empty()) continue;
    const json& named = member(search, "guide");
    const std::string guide = named.is_null() || named == "" ? "no guide" : words_of(named);
    const std::string method = words_of(member(search, "method"));
    auto line = std::find_if(lines.begin(), lines.end(), [&](const PlotSeries& other) {
      return other.name == guide && other.label == method;
    });
    if (line == lines.end()) {
      const auto colour = colours.try_emplace(guide, colours.size()).first->second;
      line = lines.insert(line, series_of(guide, {}, colour));
      line->label = method;
    }
    line->points.push_back(points.front());
  }
  for (auto& line : lines) {
    std::stable_sort(line.points.begin(), line.points.end(),
                     [](const PlotPoint& a, const PlotPoint& b) { return a.x < b.x; });
  }
  return lines;
}

// The points of a stage's learning curve, drawn alone; "" without points.
std::string curve_svg(const std::vector<PlotPoint>& points, const json& report,
                      const ReportedStage& stage, const CurveLabels& labels) {
  if (points.empty()) return "";
  const std::string run = run_name(report) + (stage.label.empty() ? "" : ", " + stage.label) + ": ";
  return learning_curve_svg(points, {run + labels.title, labels.x_axis});
}

}  // namespace

std::string headline_plot(const json& report) {
  BarChart chart{run_name(report) + ": accuracy on held-out problems", {"accuracy"}, {}};
  for (const auto& step : headline_steps(report))
    chart.groups.push_back({step.name, {bar_of(step.figures)}});
  return chart.groups.empty() ? "" : bar_chart_svg(chart);
}

std::string calibration_plot(const json&, const ReportedStage& stage) {
  PlotPanel panel = accuracy_panel("calibration of the reward models and the critic",
                                   "mean predicted probability");
  panel.x.high = 1;
  panel.y.label = "observed share of right steps or wins";
  if (!stage.results.is_object()) return "";
  for (const auto& [name, judge] : stage.results.items()) {
    auto points = points_of(member(judge, "bins"), "mean", "rate");
    if (!points.empty())
      panel.series.push_back(series_of(name, std::move(points), panel.series.size()));
  }
  PlotSeries diagonal = series_of("calibrated", {{0, 0}, {1, 1}}, 0);
  diagonal.colour = drawing::kGrey;
  diagonal.marked = false;
  diagonal.dashed = true;
  panel.series.push_back(diagonal);
  return drawn({panel});
}

std::string searches_plot(const json& report, const ReportedStage& stage) {
  PlotPanel panel =
      accuracy_panel("searches: accuracy on held-out problems", "generated tokens per problem");
  panel.x.logarithmic = true;
  panel.series = searches_of(stage.results);
  const json greedy = member(results_of_last(report, "reinforce"), "greedy");
  auto last = points_of(json::array({greedy}), "tokens_per_problem", "accuracy");
  if (!panel.series.empty() && !last.empty()) {
    panel.series.push_back(series_of("final policy alone", std::move(last), 0));
    panel.series.back().colour = drawing::kGrey;
    panel.series.back().label = "final, greedy";
  }
  return drawn({panel});
}

std::string feedback_plot(const json&, const ReportedStage& stage) {
  PlotPanel truth = accuracy_panel("learning from rankings: accuracy on held-out problems",
                                   "KL divergence from the reference policy");
  PlotPanel proxy = accuracy_panel("learning from rankings: proxy reward of the preference model",
                                   "KL divergence from the reference policy");
  proxy.y.label = "mean proxy reward";
  proxy.y.high.reset();
  const json& runs = member(stage.results, "runs");
  if (!runs.is_array()) return "";
  for (const auto& run : runs) {
    const std::string name = "KL penalty weight " + words_of(member(run, "kl_weight"));
    const std::size_t colour = truth.series.size();
    const json& curve = member(run, "curve");
    truth.series.push_back(series_of(name, points_of(curve, "kl", "accuracy"), colour));
    proxy.series.push_back(series_of(name, points_of(curve, "kl", "proxy"), colour));
  }
  return drawn({truth, proxy});
}

std::string comparison_plot(const json&, const ReportedStage& stage) {
  PlotPanel truth = accuracy_panel(stage.name + ": greedy accuracy on held-out problems", kTokens);
  truth.series = lines_of(stage.results, "accuracy");
  PlotPanel lucky = accuracy_panel(stage.name + ": right answers with a wrong step", kTokens);
  lucky.y.label = "share of right answers";
  lucky.y.high.reset();
  lucky.series = lines_of(stage.results, "lucky");
  std::vector<PlotPanel> panels = {std::move(truth), std::move(lucky)};
  std::erase_if(panels, [](const PlotPanel& panel) { return !has_points(panel); });
  return drawn(panels);
}

std::string selfplay_plot(const json&, const ReportedStage& stage) {
  PlotPanel panel = accuracy_panel(
      "self-play and uniformly drawn problems: greedy accuracy on held-out problems", kTokens);
  panel.series = lines_of({{"selfplay", member(stage.results, "selfplay")},
                           {"uniform", member(stage.results, "uniform")}},
                          "accuracy");
  return drawn({panel});
}

std::string accuracy_curve(const json& report, const ReportedStage& stage) {
  return curve_svg(points_of(member(stage.results, "curve"), "tokens", "accuracy"), report, stage,
                   {"greedy accuracy on held-out problems", kTokens});
}

std::string solved_curve(const json& report, const ReportedStage& stage) {
  return curve_svg(points_of(member(stage.results, "curve"), "updates", "solved"), report, stage,
                   {"share of positions that greedy play solves", "updates"});
}

std::string out_of_domain_plot(const json&, const ReportedStage& stage) {
  return base_and_final(member(stage.results, "out_of_domain"), "name",
                        "out of domain: greedy accuracy");
}

std::string polluted_context_plot(const json&, const ReportedStage& stage) {
  return base_and_final(member(stage.results, "polluted_context"), "context",
                        "polluted contexts: greedy accuracy");
}

}  // namespace qstar::serving

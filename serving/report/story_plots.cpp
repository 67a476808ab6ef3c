#include "serving/report/story_plots.hpp"

#include <algorithm>
#include <map>

#include "serving/report/bar_chart.hpp"
#include "serving/report/drawing.hpp"
#include "serving/report/learning_curve.hpp"
#include "serving/report/report_parts.hpp"
#include "serving/report/report_values.hpp"
#include "serving/report/story_headline.hpp"

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

// The SVG; "" when no series of the panels has a point.
std::string drawn(const std::vector<PlotPanel>& panels) {
  for (const auto& panel : panels) {
    for (const auto& series : panel.series) {
      if (series.marked && !series.points.empty()) return plot_svg(panels);
    }
  }
  return "";
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

std::string headline(const json& report) {
  BarChart chart{run_name(report) + ": accuracy on held-out problems", {"accuracy"}, {}};
  for (const auto& step : story_steps(report))
    chart.groups.push_back({step.name, {bar_of(step.figures)}});
  return chart.groups.empty() ? "" : bar_chart_svg(chart);
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

std::string calibration(const json& report) {
  PlotPanel panel = accuracy_panel("calibration of the reward models and the critic",
                                   "mean predicted probability");
  panel.x.high = 1;
  panel.y.label = "observed share of right steps or wins";
  const json& verifiers = member(report, "verifiers");
  if (!verifiers.is_object()) return "";
  for (const auto& [name, verifier] : verifiers.items()) {
    auto points = points_of(member(verifier, "bins"), "mean", "rate");
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

std::string searches(const json& report) {
  PlotPanel panel =
      accuracy_panel("searches: accuracy on held-out problems", "generated tokens per problem");
  panel.x.logarithmic = true;
  panel.series = searches_of(member(report, "search"));
  const json final_greedy = member(member(report, "final"), "greedy");
  auto last = points_of(json::array({final_greedy}), "tokens_per_problem", "accuracy");
  if (!panel.series.empty() && !last.empty()) {
    panel.series.push_back(series_of("final policy alone", std::move(last), 0));
    panel.series.back().colour = drawing::kGrey;
    panel.series.back().label = "final, greedy";
  }
  return drawn({panel});
}

std::string rlhf(const json& report) {
  PlotPanel truth = accuracy_panel("learning from rankings: accuracy on held-out problems",
                                   "KL divergence from the reference policy");
  PlotPanel proxy = accuracy_panel("learning from rankings: proxy reward of the preference model",
                                   "KL divergence from the reference policy");
  proxy.y.label = "mean proxy reward";
  proxy.y.high.reset();
  const json& runs = member(member(report, "rlhf"), "runs");
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

std::string accuracy_lines(const std::string& title, const json& policies) {
  PlotPanel panel = accuracy_panel(title, kTokens);
  panel.series = lines_of(policies, "accuracy");
  return drawn({panel});
}

std::string rewards(const json& report) {
  PlotPanel panel;
  panel.title = "rewards: right answers with a wrong step";
  panel.x.label = kTokens;
  panel.y.label = "share of right answers";
  panel.series = lines_of(member(report, "rewards"), "lucky");
  return drawn({panel});
}

std::string selfplay(const json& report) {
  const json& runs = member(report, "selfplay");
  return accuracy_lines(
      "self-play and uniformly drawn problems: greedy accuracy on held-out problems",
      {{"selfplay", member(runs, "selfplay")}, {"uniform", member(runs, "uniform")}});
}

std::string learning_curve(const json& report) {
  const auto points = points_of(member(member(report, "final"), "curve"), "tokens", "accuracy");
  if (points.empty()) return "";
  return learning_curve_svg(points,
                            {run_name(report) + ": greedy accuracy on held-out problems", kTokens});
}

}  // namespace

std::vector<std::pair<std::string, std::string>> story_plots(const json& report) {
  std::vector<std::pair<std::string, std::string>> plots = {
      {"headline.svg", headline(report)},
      {"calibration.svg", calibration(report)},
      {"searches.svg", searches(report)},
      {"rlhf.svg", rlhf(report)},
      {"rl.svg", accuracy_lines("reinforcement learning: greedy accuracy on held-out problems",
                                member(report, "rl"))},
      {"rewards.svg", rewards(report)},
      {"selfplay.svg", selfplay(report)},
      {"learning_curve.svg", learning_curve(report)},
      {"out_of_domain.svg",
       base_and_final(member(report, "out_of_domain"), "name", "out of domain: greedy accuracy")},
      {"polluted_context.svg", base_and_final(member(report, "polluted_context"), "context",
                                              "polluted contexts: greedy accuracy")}};
  std::erase_if(plots, [](const auto& plot) { return plot.second.empty(); });
  return plots;
}

}  // namespace qstar::serving

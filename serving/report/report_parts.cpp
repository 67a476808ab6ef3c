#include "serving/report/report_parts.hpp"

#include <fmt/format.h>

#include "serving/report/markdown.hpp"
#include "serving/report/report_stages.hpp"
#include "serving/report/report_values.hpp"

namespace qstar::serving {

using nlohmann::json;

namespace {

std::string seeds_of(const json& report) {
  const json& seeds = member(report, "seeds");
  return seeds.is_array() ? "seeds " + words_of(seeds) : "seed " + words_of(member(report, "seed"));
}

}  // namespace

std::string report_heading(const json& report) {
  const auto words = [&report](const char* key) { return words_of(member(report, key)); };
  std::string what;
  if (!member(report, "environment").is_null()) what = words("environment") + ", ";
  if (!member(report, "family").is_null() && kind_of(report) == "text")
    what += "family " + words("family") + ", ";
  std::string out =
      "# " + escaped_markdown(words("name")) + "\n\n" +
      escaped_markdown(fmt::format("{}{}, configuration {}, qstar {}.", what, seeds_of(report),
                                   words("config_hash"), words("code_version"))) +
      "\n";
  if (member(report, "seeds").is_array())
    out +=
        "\nEach value is the mean of these runs, with the smallest and the largest in brackets.\n";
  return out;
}

std::string run_name(const json& report) {
  return words_of(member(report, "name")) + ", " + seeds_of(report);
}

const std::vector<std::string>& evaluation_columns() {
  static const std::vector<std::string> columns = {"accuracy", "95 % interval", "n",
                                                   "tokens per problem", "CPU seconds"};
  return columns;
}

std::vector<std::string> evaluation_cells(const json& evaluation) {
  return {shown(member(evaluation, "accuracy"), 4), interval_of(member(evaluation, "ci95")),
          shown(member(evaluation, "n"), 0), shown(member(evaluation, "tokens_per_problem"), 1),
          shown(member(evaluation, "cpu_seconds"), 2)};
}

std::vector<std::string> around(std::vector<std::string> before,
                                const std::vector<std::string>& middle,
                                const std::vector<std::string>& behind) {
  before.insert(before.end(), middle.begin(), middle.end());
  before.insert(before.end(), behind.begin(), behind.end());
  return before;
}

std::string interval_of(const json& interval) {
  if (!interval.is_array() || interval.size() != 2) return kNoFigure;
  const auto low = number_of(interval[0]), high = number_of(interval[1]);
  return low && high ? fmt::format("{:.4f} – {:.4f}", *low, *high) : kNoFigure;
}

std::string figures_table(const json& values) {
  MarkdownTable table({"figure", "value"});
  if (!values.is_object()) return "";
  for (const auto& [name, value] : values.items()) table.row({name, words_of(value)});
  return table.markdown();
}

std::vector<PlotPoint> points_of(const json& curve, const char* x, const char* y) {
  std::vector<PlotPoint> points;
  if (!curve.is_array()) return points;
  for (const auto& point : curve) {
    const auto at_x = number_of(member(point, x)), at_y = number_of(member(point, y));
    if (at_x && at_y) points.push_back({*at_x, *at_y});
  }
  return points;
}

}  // namespace qstar::serving

#include "serving/report/report_file.hpp"

#include <fmt/format.h>

#include "core/json_text.hpp"
#include "serving/report/puzzle_report.hpp"
#include "serving/report/report.hpp"
#include "serving/report/report_schema.hpp"
#include "serving/report/report_values.hpp"
#include "serving/report/story_plots.hpp"
#include "serving/report/story_report.hpp"

namespace qstar::serving {

using nlohmann::json;

std::string kind_of(const json& report) {
  const json& kind = member(report, "kind");
  if (!kind.is_null()) return words_of(kind);
  return member(report, "puzzle").is_null() ? "text" : "puzzle";
}

Result<json> parse_report(std::string_view bytes, const std::string& file) {
  auto report = parse_json(bytes);
  if (!report) return fail(Errc::kCorrupt, fmt::format("{}: {}", file, report.error().what));
  if (auto checked = check_report(*report, kind_of(*report)); !checked)
    return fail(checked.error().code, file + ": " + checked.error().message);
  return std::move(*report);
}

std::vector<std::pair<std::string, std::string>> report_files(const json& report) {
  const std::string kind = kind_of(report);
  if (kind == "puzzle") {
    return {{"report.md", puzzle_report_markdown(report)},
            {"learning_curve.svg", solved_curve_of(report)}};
  }
  if (kind == "text")
    return {{"report.md", report_markdown(report)}, {"learning_curve.svg", curve_of(report)}};
  auto files = story_plots(report);
  files.insert(files.begin(), {"report.md", story_markdown(report)});
  return files;
}

}  // namespace qstar::serving

#include "serving/report_file.hpp"

#include <fmt/format.h>

#include "serving/puzzle_report.hpp"
#include "serving/report.hpp"
#include "serving/report_schema.hpp"
#include "serving/report_values.hpp"
#include "serving/story_plots.hpp"
#include "serving/story_report.hpp"

namespace qstar {
namespace {

using nlohmann::json;

constexpr int kDepth = 32;  // no report is nested deeper, and deeper input could exhaust the stack

// nlohmann's text after its own "[json.exception…] parse error at line 1, column 2: ".
std::string reason_of(const json::exception& error) {
  const std::string text = error.what();
  const auto colon = text.find(": ");
  return colon == std::string::npos ? text : text.substr(colon + 2);
}

Result<json> parse_json(std::string_view bytes, const std::string& file) {
  bool too_deep = false;
  const auto watch = [&too_deep](int depth, json::parse_event_t, json&) {
    too_deep = too_deep || depth > kDepth;
    return !too_deep;
  };
  try {
    auto parsed = json::parse(bytes, watch);
    if (!too_deep) return parsed;
    return fail(Errc::kCorrupt,
                fmt::format("{}: nested more than {} levels deep: this is not a report of qstar",
                            file, kDepth));
  } catch (const json::parse_error& error) {
    return fail(Errc::kCorrupt,
                fmt::format("{}: damaged at byte {}: {}", file, error.byte, reason_of(error)));
  } catch (const json::exception& error) {  // a number beyond all bounds
    return fail(Errc::kCorrupt, fmt::format("{}: {}", file, error.what()));
  }
}

}  // namespace

std::string kind_of(const json& report) {
  const json& kind = member(report, "kind");
  if (!kind.is_null()) return words_of(kind);
  return member(report, "puzzle").is_null() ? "text" : "puzzle";
}

Result<json> parse_report(std::string_view bytes, const std::string& file) {
  auto report = parse_json(bytes, file);
  if (!report) return report;
  if (auto checked = check_report(*report, kind_of(*report)); !checked)
    return fail(checked.error().code, file + ": " + checked.error().message);
  return report;
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

}  // namespace qstar

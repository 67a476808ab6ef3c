// The results of finished runs, from their report.json: the report and plots of one run again, or
// the means of several.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "cli/commands.hpp"
#include "cli/option_values.hpp"
#include "cli/output.hpp"
#include "cli/run_report.hpp"
#include "core/files.hpp"
#include "core/printable.hpp"
#include "serving/report/report_aggregate.hpp"
#include "serving/report/run_report.hpp"

namespace qstar::cli {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using Files = std::vector<std::pair<std::string, std::string>>;

struct ReportOptions {
  std::vector<std::string> runs;
  std::string out;
  bool json = false;
};

Status write_files(const fs::path& folder, const Files& files) {
  for (const auto& [name, bytes] : files) {
    if (auto written = write_file_atomically((folder / name).string(), bytes); !written)
      return written;
  }
  return {};
}

Status write_to_new_folder(const fs::path& folder, const Files& files) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error)
    return fail(Errc::kIo, fmt::format("cannot create {}: {}", folder.string(), error.message()));
  return write_files(folder, files);
}

// Where the report of one run goes without --out.
fs::path folder_of(const std::string& run) {
  if (path_kind(run) == PathKind::kFolder) return run;
  const auto parent = fs::path(run).parent_path();
  return parent.empty() ? "." : parent;
}

Result<json> aggregate_of(const std::vector<std::string>& runs) {
  std::vector<json> reports;
  for (const auto& run : runs) {
    auto report = read_run_report(run);
    if (!report) return report;
    reports.push_back(std::move(*report));
  }
  return serving::aggregate_reports(reports);
}

// The files that --out asks for have to be written. Without it, a run that cannot be written to is
// shown all the same.
int save(const ReportOptions& options, const Files& files) {
  if (!options.out.empty()) {
    const auto written = write_to_new_folder(options.out, files);
    return written ? 0 : report_error(written.error());
  }
  if (options.runs.size() > 1) return 0;
  if (const auto written = write_files(folder_of(options.runs.front()), files); !written) {
    std::fflush(stdout);
    write_text(stderr, fmt::format("qstar: note: the report was not saved ({}): choose a folder "
                                   "for it with --out\n",
                                   written.error().message));
  }
  return 0;
}

int run_report(const ReportOptions& options) {
  const bool is_one = options.runs.size() == 1;
  const auto report = is_one ? read_run_report(options.runs.front()) : aggregate_of(options.runs);
  if (!report) return report_error(report.error());
  auto files = serving::report_files(*report);
  auto& markdown = files.front().second;
  markdown = printable_lines(markdown);
  const std::string shown = markdown;
  if (!is_one) files.emplace_back("aggregate.json", report->dump(2) + "\n");
  if (const int code = save(options, files); code != 0) return code;
  if (options.json)
    print_json(nlohmann::ordered_json(*report));
  else
    fmt::print("{}", shown);
  return 0;
}

}  // namespace

void add_report(CLI::App& app, int& code) {
  auto* command = app.add_subcommand(
      "report",
      "Show a finished run's report and save it with its plots, or the means of several runs\n\n"
      "  qstar report runs/quickstart-seed1\n"
      "  qstar report runs/quickstart-seed1 runs/quickstart-seed2 --json\n"
      "  qstar report runs/qstar-seed1 runs/qstar-seed2 runs/qstar-seed3 --out reports/qstar");
  auto o = std::make_shared<ReportOptions>();
  command
      ->add_option("runs", o->runs,
                   "Folders of finished runs, or their report.json files (required)")
      ->required()
      ->type_name(placeholder::kPath);
  command
      ->add_option("--out", o->out,
                   "Write report.md and the plots to this folder (default: the run's folder; "
                   "nowhere when several runs are given)")
      ->type_name(placeholder::kFolder);
  command->add_flag("--json", o->json, "Print JSON instead of Markdown");
  command->callback([o, &code] { code = run_report(*o); });
}

}  // namespace qstar::cli

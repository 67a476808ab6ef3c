// What came of finished runs, from their report.json: of one run its report and plots anew, of
// several the means.
#include <fmt/format.h>

#include <filesystem>

#include "cli/commands.hpp"
#include "persistence/checkpoint.hpp"
#include "serving/report_aggregate.hpp"
#include "serving/report_file.hpp"

namespace qstar {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using Files = std::vector<std::pair<std::string, std::string>>;

struct ReportOptions {
  std::vector<std::string> runs;
  std::string out;
  bool json = false;
};

bool is_there(const fs::path& path) {
  std::error_code unreadable;  // then opening it says so
  return fs::exists(path, unreadable);
}

// The report.json of a run folder, or the file itself.
Result<std::string> file_of(const std::string& run) {
  std::error_code unreadable;
  if (!fs::is_directory(run, unreadable)) {
    if (is_there(run)) return run;
    return fail(Errc::kMissingFile, fmt::format("there is no run folder or report {}", run));
  }
  const std::string file = (fs::path(run) / "report.json").string();
  if (is_there(file)) return file;
  const std::string config = (fs::path(run) / "config.toml").string();
  if (!is_there(config))
    return fail(Errc::kMissingFile, fmt::format("{} holds no run: it has no report.json", run));
  return fail(Errc::kMissingFile,
              fmt::format("{} is not finished, it has no report.json: go on with 'qstar train {} "
                          "--run {} --resume'",
                          run, config, run));
}

Result<json> read_report(const std::string& run) {
  const auto file = file_of(run);
  if (!file) return tl::unexpected(file.error());
  const auto bytes = read_file(*file);
  if (!bytes) return tl::unexpected(bytes.error());
  return parse_report(*bytes, *file);
}

Status write_files(const fs::path& folder, const Files& files) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error)
    return fail(Errc::kIo, fmt::format("cannot make {}: {}", folder.string(), error.message()));
  for (const auto& [name, bytes] : files) {
    if (auto written = write_file_atomically((folder / name).string(), bytes); !written)
      return written;
  }
  return {};
}

// Where the report of one run goes when nothing is said.
fs::path folder_of(const std::string& run) {
  std::error_code unreadable;
  if (fs::is_directory(run, unreadable)) return run;
  const auto parent = fs::path(run).parent_path();
  return parent.empty() ? "." : parent;
}

Result<json> aggregate_of(const std::vector<std::string>& runs) {
  std::vector<json> reports;
  for (const auto& run : runs) {
    auto report = read_report(run);
    if (!report) return report;
    reports.push_back(std::move(*report));
  }
  return aggregate_reports(reports);
}

int run_report(const ReportOptions& options) {
  const bool is_one = options.runs.size() == 1;
  const auto report = is_one ? read_report(options.runs.front()) : aggregate_of(options.runs);
  if (!report) return report_error(report.error());
  auto files = report_files(*report);
  const std::string shown = options.json ? report->dump(2) + "\n" : files.front().second;
  if (!is_one) files.emplace_back("aggregate.json", report->dump(2) + "\n");
  if (is_one || !options.out.empty()) {
    const fs::path folder =
        options.out.empty() ? folder_of(options.runs.front()) : fs::path(options.out);
    if (auto written = write_files(folder, files); !written) return report_error(written.error());
  }
  fmt::print("{}", shown);
  return 0;
}

}  // namespace

void add_report(CLI::App& app, int& code) {
  auto* command = app.add_subcommand(
      "report",
      "write a finished run's report and plots anew, or the means of several seeds\n\n"
      "  qstar report runs/quickstart-seed1\n"
      "  qstar report runs/quickstart-seed1 runs/quickstart-seed2 --json\n"
      "  qstar report runs/story-seed1 runs/story-seed2 runs/story-seed3 --out docs/story");
  auto o = std::make_shared<ReportOptions>();
  command->add_option("runs", o->runs, "run folders, or their report.json")->required();
  command->add_option("--out", o->out,
                      "folder for report.md and plots (default: the run's, of one run; none, of "
                      "several)");
  command->add_flag("--json", o->json, "print JSON instead of Markdown");
  command->callback([o, &code] { code = run_report(*o); });
}

}  // namespace qstar

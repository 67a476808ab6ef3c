#include "cli/run_report.hpp"

#include <fmt/format.h>

#include <filesystem>

#include "core/files.hpp"
#include "serving/report/report_schema.hpp"

namespace qstar::cli {
namespace {

namespace fs = std::filesystem;

// A report.json has at most a few megabytes.
constexpr std::uint64_t kMaxReportBytes = std::uint64_t{64} << 20;

// The report.json of a run folder, or the file itself.
Result<std::string> file_of(const std::string& run) {
  const auto kind = path_kind(run);
  if (!kind) return tl::unexpected(kind.error());
  if (*kind == PathKind::kNothing)
    return fail(Errc::kMissingFile, fmt::format("there is no run folder or report {}", run));
  if (*kind != PathKind::kFolder) return run;
  const std::string file = (fs::path(run) / "report.json").string();
  const auto report = path_kind(file);
  if (!report) return tl::unexpected(report.error());
  if (*report != PathKind::kNothing) return file;
  const std::string config = (fs::path(run) / "config.toml").string();
  const auto started = path_kind(config);
  if (!started) return tl::unexpected(started.error());
  if (*started == PathKind::kNothing)
    return fail(Errc::kMissingFile, fmt::format("{} holds no run: it has no report.json", run));
  return fail(Errc::kMissingFile,
              fmt::format("{} is not finished, it has no report.json: resume it with 'qstar train "
                          "{} --run {} --resume'",
                          run, config, run));
}

}  // namespace

Result<nlohmann::json> read_run_report(const std::string& run) {
  const auto file = file_of(run);
  if (!file) return tl::unexpected(file.error());
  const auto bytes = read_file(*file, kMaxReportBytes);
  if (!bytes) return tl::unexpected(bytes.error());
  return serving::parse_report(*bytes, *file);
}

}  // namespace qstar::cli

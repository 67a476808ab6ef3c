#include "actors/run_files.hpp"

#include <fmt/format.h>

#include <filesystem>

namespace qstar {
namespace {

namespace fs = std::filesystem;

bool is_there(const std::string& path) {
  std::error_code unreadable;  // then opening it says so
  return fs::exists(path, unreadable);
}

Status start_fresh(const std::string& path, const std::string& printed) {
  if (is_there(path + "/config.toml")) {
    return fail(
        Errc::kBusy,
        fmt::format("{} already holds a run: go on with --resume, or choose another --run", path));
  }
  return write_file_atomically(path + "/config.toml", printed);
}

Status check_same(const std::string& path, const Describe& config, const Describe& before) {
  if (auto loaded = load_config(path + "/config.toml", {}, before); !loaded) {
    return fail(Errc::kMissingFile,
                fmt::format("{} holds no run to resume ({})", path, loaded.error().message));
  }
  if (print_config(before) == print_config(config)) return {};
  return fail(
      Errc::kConfig,
      fmt::format("{}/config.toml differs from the configuration given: resume with that file, "
                  "or choose another --run",
                  path));
}

}  // namespace

RunDirectory::RunDirectory(std::string path, DirectoryLock lock)
    : path_(std::move(path)),
      lock_(std::move(lock)),
      metrics_(std::make_unique<std::ofstream>(append_lines(path_ + "/metrics.jsonl"))) {}

Result<RunDirectory> RunDirectory::open(const std::string& path, bool resume,
                                        const Describe& config, const Describe& before) {
  std::error_code error;
  fs::create_directories(path, error);
  if (error) return fail(Errc::kIo, fmt::format("cannot make {}: {}", path, error.message()));
  auto lock = DirectoryLock::acquire(path);
  if (!lock) return tl::unexpected(lock.error());
  // A finished run of the same configuration is not refused: it gives its report once more.
  const bool finished = is_there(path + "/report.json") && check_same(path, config, before);
  auto ready = resume || finished ? check_same(path, config, before)
                                  : start_fresh(path, print_config(config));
  if (!ready) return tl::unexpected(ready.error());
  return RunDirectory(path, std::move(*lock));
}

void RunDirectory::append(const MetricsRow& row) {
  if (!*metrics_) {  // a disk that was full may have room again; what it cut short is a line
    metrics_->clear();
    *metrics_ << '\n';
  }
  *metrics_ << to_json_line(row) << std::endl;
}

Status RunDirectory::conclude(const std::vector<std::pair<std::string, std::string>>& files) {
  if (is_there(file("report.json"))) return {};
  for (const auto& [name, bytes] : files) {
    if (auto written = write_file_atomically(file(name), bytes); !written) return written;
  }
  return {};
}

}  // namespace qstar

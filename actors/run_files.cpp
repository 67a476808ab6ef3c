#include "actors/run_files.hpp"

#include <fmt/format.h>

#include <filesystem>

#include "serving/learning_curve.hpp"
#include "serving/report.hpp"

namespace qstar {
namespace {

namespace fs = std::filesystem;

Status start_fresh(const std::string& path, const std::string& printed) {
  if (fs::exists(path + "/config.toml")) {
    return fail(
        Errc::kBusy,
        fmt::format("{} already holds a run: go on with --resume, or choose another --run", path));
  }
  return write_file_atomically(path + "/config.toml", printed);
}

Status check_same(const std::string& path, const ExperimentConfig& config) {
  ExperimentConfig before;
  if (auto loaded = load_config(path + "/config.toml", {}, describe_of(before)); !loaded) {
    return fail(Errc::kMissingFile,
                fmt::format("{} holds no run to resume ({})", path, loaded.error().message));
  }
  if (before == config) return {};
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
      metrics_(std::make_unique<std::ofstream>(path_ + "/metrics.jsonl", std::ios::app)) {}

Result<RunDirectory> RunDirectory::open(const std::string& path, const ExperimentConfig& config,
                                        bool resume) {
  std::error_code error;
  fs::create_directories(path, error);
  if (error) return fail(Errc::kIo, fmt::format("cannot make {}: {}", path, error.message()));
  auto lock = DirectoryLock::acquire(path);
  if (!lock) return tl::unexpected(lock.error());
  ExperimentConfig copy = config;
  // A finished run of the same configuration is not refused: it gives its report once more.
  const bool finished = fs::exists(path + "/report.json") && check_same(path, config);
  auto ready = resume || finished ? check_same(path, config)
                                  : start_fresh(path, print_config(describe_of(copy)));
  if (!ready) return tl::unexpected(ready.error());
  return RunDirectory(path, std::move(*lock));
}

void RunDirectory::append(const MetricsRow& row) {
  metrics_->clear();  // a disk that was full may have room again
  *metrics_ << to_json_line(row) << std::endl;
}

nlohmann::json make_report(const ExperimentConfig& config, const RunEnd& end,
                           double worker_cpu_seconds) {
  ExperimentConfig copy = config;
  const RunState& run = end.state;
  return {{"name", config.name},
          {"family", config.environment.family},
          {"seed", config.seed},
          {"config_hash", config_hash(describe_of(copy))},
          {"code_version", QSTAR_VERSION},
          {"base", run.base},
          {"final", run.final_},
          {"critic", run.critic},
          {"curve", run.curve},
          {"attempts", {{"n", run.attempts}, {"wins", run.wins}, {"lucky", run.lucky}}},
          {"cost",
           {{"cpu_seconds", run.cpu_seconds + worker_cpu_seconds},
            {"wall_seconds", run.wall_seconds},
            {"peak_memory_bytes", peak_resident_bytes()},
            {"pretrain_tokens", run.pretrain_tokens},
            {"generated_tokens", run.generated_tokens},
            {"trained_tokens", run.trained_tokens},
            {"policy_updates", run.policy_updates},
            {"critic_updates", run.critic_updates},
            {"policy_versions", run.version}}}};
}

Status RunDirectory::conclude(const ExperimentConfig& config, const RunEnd& end,
                              double worker_cpu_seconds) {
  if (fs::exists(file("report.json"))) return {};  // told once, with what it cost then
  const auto report = make_report(config, end, worker_cpu_seconds);
  const std::pair<const char*, std::string> files[] = {
      {"policy.safetensors", end.model},
      {"report.md", report_markdown(report)},
      {"learning_curve.svg", curve_of(report)},
      {"report.json", report.dump(2) + "\n"},  // last: with it the run is finished
  };
  for (const auto& [name, bytes] : files) {
    if (auto written = write_file_atomically(file(name), bytes); !written) return written;
  }
  return {};
}

}  // namespace qstar

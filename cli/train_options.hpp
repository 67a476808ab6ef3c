// The command line of `qstar train`, shared by both programs: `qstar-train` obeys it, `qstar` knows
// it for the help and the completion.
#pragma once

#include <CLI/CLI.hpp>

#include <cstdint>
#include <string>
#include <vector>

#include "core/log.hpp"

namespace qstar::cli {

struct TrainOptions {
  std::string config;
  std::vector<std::string> overrides;
  std::string run, listen, certificates, http_address = "127.0.0.1";
  std::int64_t workers = 0, http_port = -1, parent = 0;
  bool resume = false;
  LogLevel log_level = LogLevel::kInfo;
  bool log_terminal = false;
};

inline constexpr const char* kTrainHelp =
    "Run or resume an experiment\n\n"
    "  qstar train configs/quickstart.toml\n"
    "  qstar train configs/smoke.toml seed=7 stages.reinforce.rounds=10 --run runs/seven\n"
    "  qstar train configs/quickstart.toml --run runs/seven --resume\n"
    "  qstar train configs/cube3.toml stages.cost_to_go.cpu_seconds=600 --workers 1\n"
    "  qstar train configs/quickstart.toml --workers 2 --http 8080\n"
    "  qstar train configs/quickstart.toml --listen 0.0.0.0:7000 --certs certs";

void add_train_options(CLI::App& app, TrainOptions& options);

}  // namespace qstar::cli

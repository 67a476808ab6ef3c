// The command line of `qstar sweep`, shared by both programs as that of `train` is.
#pragma once

#include <CLI/CLI.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace qstar::cli {

struct SweepOptions {
  std::string config;
  std::vector<std::string> axes;
  std::string out;
  std::int64_t jobs = 1, problems = 2000;
  std::vector<std::string> environment;
  bool yes = false;
};

inline constexpr const char* kSweepHelp =
    "Run an experiment with every combination of settings, and compare the results\n\n"
    "  qstar sweep configs/quickstart.toml seed=1..5\n"
    "  qstar sweep configs/qstar.toml seed=1..3 stages.final.algorithm=grpo,ppo --jobs 2\n"
    "  qstar sweep configs/lightsout5.toml seed=1,2 stages.cost_to_go.network.blocks=1,2 --out "
    "runs/blocks\n\n"
    "Repeat the same command to go on after an interruption or a failure: finished runs are kept, "
    "others are resumed.";

void add_sweep_options(CLI::App& app, SweepOptions& options);

}  // namespace qstar::cli

// A network and learner that learn a puzzle of some hundred positions in seconds.
#pragma once

#include <string>

#include "learning/cost_to_go/puzzle_learner.hpp"

namespace qstar::testing {

inline learning::PuzzleLearnerConfig small_config(const std::string& values = "q") {
  learning::PuzzleLearnerConfig config;
  config.network = {.values = values, .first = 128, .second = 64, .blocks = 1};
  config.scrambles = {.depth = 16, .batch = 256};
  config.rate = 0.002;
  config.rate_decay = 0.9998;
  config.patience = 1;
  config.check_period = 50;
  config.check_moves = 12;
  return config;
}

}  // namespace qstar::testing

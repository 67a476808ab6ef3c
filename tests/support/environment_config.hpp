// Settings with which any environment of the registry can be made.
#pragma once

#include <string>

#include "environment/registry.hpp"

namespace qstar {

inline environment::EnvironmentConfig environment_config(const std::string& name,
                                                         bool large = false) {
  environment::EnvironmentConfig config;
  config.name = name;
  if (name == "cube3") {
    config.turns = large ? 2 : 1;
  } else if (name == "sliding_tiles") {
    config.size = large ? 8 : 4;
  } else if (name == "lights_out") {
    config.size = large ? 8 : 4;
    config.turns = large ? 2 : 1;
    config.chase = large;
  } else if (name == "pancake") {
    config.size = large ? 35 : 6;
  } else if (name == "countdown") {
    config.size = large ? 6 : 4;
  }
  return config;
}

}  // namespace qstar

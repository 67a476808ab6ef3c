// Experiments that are written as TOML in a test.
#pragma once

#include <catch2/catch.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "core/config.hpp"
#include "experiment/experiment.hpp"

namespace qstar::testing {

inline std::string stage(const std::string& kind, const std::string& keys = "") {
  return "[[stages]]\nkind = '" + kind + "'\n" + (keys.empty() ? "" : keys + "\n");
}

// What reading this text says; empty: nothing.
inline std::string unread(std::string_view toml, const std::vector<std::string>& overrides = {}) {
  experiment::Experiment config;
  const auto status = parse_config(toml, "run.toml", overrides, describe_of(config));
  if (!status) CHECK(status.error().code == Errc::kConfig);
  return status ? "" : status.error().message;
}

inline experiment::Experiment read(std::string_view toml,
                                   const std::vector<std::string>& overrides = {}) {
  experiment::Experiment config;
  const auto status = parse_config(toml, "run.toml", overrides, describe_of(config));
  INFO((status ? "" : status.error().message));
  REQUIRE(status);
  return config;
}

}  // namespace qstar::testing

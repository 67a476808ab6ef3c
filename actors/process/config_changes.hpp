// What differs between the configuration that a run was started with and the one given to resume
// it, and which of it may differ.
//
// A key may change on resume when the run stays one experiment all the same: a budget, how often
// checkpoints are written, how failures are retried, how many actors share the work. Everything
// else would mix two experiments under one name. Pure.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/config.hpp"

namespace qstar::actors {

struct ConfigChange {
  std::string key;            // dotted
  std::string before, after;  // as TOML
  bool allowed = false;
  friend bool operator==(const ConfigChange&, const ConfigChange&) = default;
};

// Every key whose value differs, in the order of the description, then the keys that are new. A
// value is "none" where there is no such key, because a list has other elements. `adjustable`:
// dotted keys, "*" for any element of a list, and whole sections with a final point ("restart.").
std::vector<ConfigChange> config_changes(const Describe& before, const Describe& after,
                                         std::span<const std::string> adjustable);

bool all_allowed(std::span<const ConfigChange> changes);
// Whether a number is smaller than it was.
bool any_lowered(std::span<const ConfigChange> changes);

// "These settings cannot change: seed (1 in the run, 2 given). These may change:
// stages.final.rounds (…)."
std::string list_of(std::span<const ConfigChange> changes);
// "stages.final.rounds = 8 (was 4), restart.max_failures = 9 (was 5)".
std::string summary_of(std::span<const ConfigChange> changes);

}  // namespace qstar::actors

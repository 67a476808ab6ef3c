// The three kinds of experiments, and how a configuration tells them apart.
#pragma once

#include <span>
#include <string>

#include "core/config.hpp"

namespace qstar::actors {

enum class ExperimentKind { kText, kPuzzle, kStory };

ExperimentKind kind_of(const ConfigText& config, std::span<const std::string> overrides = {});
// "text", "puzzle", "story".
std::string_view to_string(ExperimentKind kind);

}  // namespace qstar::actors

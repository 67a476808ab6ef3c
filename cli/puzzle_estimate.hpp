// A puzzle and an estimate of its costs to go: from a model or by a heuristic's name.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>

#include "core/result.hpp"
#include "environment/puzzle/puzzle.hpp"
#include "model/models.hpp"
#include "search/graph/heuristics.hpp"

namespace qstar::cli {

struct PuzzleEstimate {
  std::string source;  // the model's file, or the heuristic's name
  std::shared_ptr<const environment::Puzzle> puzzle;
  std::function<std::unique_ptr<model::CostToGo>()>
      make;  // one for each thread, sharing the weights
};

// `path`: a safetensors file, or a run directory with a model.safetensors. Its metadata
// "environment" (TOML of an EnvironmentConfig) say which puzzle it is of; `overrides`
// ("key=value") change that, or give the size where a file does not. kConfig, naming both, when
// the network is of another puzzle or size, or the model of text.
Result<PuzzleEstimate> load_puzzle_model(const std::string& path,
                                         std::span<const std::string> overrides);

// `environment` ("key=value"), name at least, says which puzzle.
Result<PuzzleEstimate> load_heuristic(const std::string& name, search::EstimateKind kind,
                                      std::span<const std::string> environment);

}  // namespace qstar::cli

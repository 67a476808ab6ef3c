// One small model file of every kind, and what is wrong with them on purpose.
#pragma once

#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "environment/puzzle/lights_out.hpp"
#include "inference/decoder.hpp"
#include "inference/decoder_scorer.hpp"
#include "inference/puzzle_network.hpp"
#include "model/models.hpp"
#include "tests/support/models.hpp"

namespace qstar::testing {
using namespace model;
using namespace inference;

// A critic or reward model, without torch: the policy of that seed with a scorer on it.
inline ModelFile random_scorer(std::uint64_t seed, ScorerRole role, bool dueling = false) {
  ModelFile model = random_model(seed);
  model.metadata["role"] = to_string(role);
  Rng rng(derive_seed(seed, "scorer"));
  for (const auto& [name, shape] : scorer_shapes(model.spec, dueling)) {
    NamedTensor tensor{shape, {}};
    std::int64_t n = 1;
    for (const auto extent : shape) n *= extent;
    for (std::int64_t i = 0; i < n; ++i)
      tensor.data.push_back(static_cast<float>(0.3 * rng.normal()));
    model.tensors[name] = std::move(tensor);
  }
  return model;
}

inline PuzzleModel random_puzzle_model(const std::string& values) {
  return fresh_model(environment::LightsOut(3),
                     {.values = values, .first = 32, .second = 32, .blocks = 1}, 1);
}

struct KindOfModel {
  std::string name, bytes;
};

// Policy, critic, the reward models, and networks of puzzles.
inline std::vector<KindOfModel> models_of_all_kinds() {
  std::vector<KindOfModel> kinds = {
      {"policy", serialize(random_model(1))},
      {"dueling critic", serialize(random_scorer(2, ScorerRole::kCritic, true))}};
  for (const auto role :
       {ScorerRole::kCritic, ScorerRole::kProcess, ScorerRole::kOutcome, ScorerRole::kPreference})
    kinds.push_back({std::string(to_string(role)), serialize(random_scorer(3, role))});
  for (const std::string values : {"q", "v", "qv"})
    kinds.push_back({"puzzle_" + values, serialize(random_puzzle_model(values))});
  return kinds;
}

// Reads the bytes as users of a model do; the error, or nothing when it can be used.
inline std::optional<Error> error_of_use(std::string_view bytes, const std::string& source) {
  if (const auto puzzle = parse_puzzle_model(bytes, source)) {
    const auto network =
        PuzzleNetwork::make(*puzzle, std::make_shared<environment::LightsOut>(3), source);
    return network ? std::nullopt : std::optional(network.error());
  }
  const auto model = parse_model(bytes, source);
  if (!model) return model.error();
  const auto role = model->metadata.find("role");
  if (role != model->metadata.end() && role->second != "policy") {
    const auto scorer = DecoderScorer::make(*model);
    return scorer ? std::nullopt : std::optional(scorer.error());
  }
  const auto weights = DecoderWeights::make(*model, 1);
  return weights ? std::nullopt : std::optional(weights.error());
}

}  // namespace qstar::testing

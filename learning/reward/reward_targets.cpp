#include "learning/reward/reward_learner.hpp"

namespace qstar::learning {

std::optional<model::ScorerRole> reward_role(std::string_view text) {
  for (const auto role :
       {model::ScorerRole::kProcess, model::ScorerRole::kOutcome, model::ScorerRole::kPreference}) {
    if (to_string(role) == text) return role;
  }
  return std::nullopt;
}

void RewardConfig::describe(FieldVisitor& v) {
  v.value({"updates", "Number of optimiser steps", 0, 1e7}, updates);
  v.value({"attempts_per_update", "Labelled attempts, or ranked pairs, per optimiser step", 1, 1e6},
          attempts_per_update);
  v.value({"inside_weight",
           "Loss weight of tokens inside a step, relative to the token that ends it", 0, 1},
          inside_weight);
  v.value({"language_weight", "Weight of the language-model loss on steps labelled right", 0, 100},
          language_weight);
  section(v, "optimizer", "Optimisers (Muon and AdamW) of the reward model", optimizer);
}

std::vector<RankedPair> pairs_of(std::span<const Trajectory> attempts,
                                 std::span<const std::int64_t> ranks) {
  QSTAR_ASSERT(attempts.size() == ranks.size(), "one rank per attempt");
  std::vector<RankedPair> pairs;
  for (std::size_t a = 0; a < attempts.size(); ++a) {
    for (std::size_t b = 0; b < attempts.size(); ++b) {
      if (ranks[a] < ranks[b]) pairs.push_back({&attempts[a], &attempts[b]});
    }
  }
  return pairs;
}

}  // namespace qstar::learning

#include <algorithm>

#include "learning/critic/critic_learner.hpp"

namespace qstar::learning {

void OptimizerConfig::describe(FieldVisitor& v) {
  v.value({"muon_rate", "Learning rate of Muon, which trains the block matrices", 0, 1}, muon_rate);
  v.value({"adamw_rate", "Learning rate of AdamW, which trains all other parameters", 0, 1},
          adamw_rate);
  v.value(
      {"weight_decay", "Decoupled weight decay per step, multiplied by the learning rate", 0, 10},
      weight_decay);
  v.value({"clip", "Global gradient norm above which gradients are scaled down", 1e-6, 1e6}, clip);
  v.value({"warmup", "Number of steps of linear warm-up", 0, 1e7}, warmup);
  v.value({"decay_start", "Share of all steps after which the learning rate falls linearly", 0, 1},
          decay_start);
  v.value({"decay_to", "Final learning rate as a share of the full rate", 1e-6, 1}, decay_to);
}

void CriticConfig::describe(FieldVisitor& v) {
  v.value({"groups_per_update", "Attempt groups per optimiser step", 1, 1e6}, groups_per_update);
  v.value({"attempts_per_group", "Attempts learned from per attempt group (0: all)", 0, 1e6},
          attempts_per_group);
  v.value({.name = "target", .doc = "Training target of a step's Q value", .choices = kQTargets},
          target);
  v.value({"steps", "n_step: number of steps before the target network's value is used", 1, 1e6},
          steps);
  v.value({"luck", "kept_chance: probability of a win that may be due to luck", 0, 1}, luck);
  v.value({"discount", "Discount factor per step", 0, 1}, discount);
  v.value({"target_period", "Optimiser steps between target-network updates", 1, 1e7},
          target_period);
  v.value({"inside_weight",
           "Loss weight of tokens inside a step, relative to the token that ends it", 0, 1},
          inside_weight);
  v.value({"language_weight", "Weight of the language-model loss on won attempts", 0, 100},
          language_weight);
  v.value({"dueling", "Use dueling heads: Q = V + A"}, dueling);
  v.value(
      {"centring", "Dueling heads: loss weight of the squared mean advantage in a state", 0, 100},
      centring);
  v.value({"conservative", "Weight of the penalty of conservative Q-learning", 0, 100},
          conservative);
  section(v, "optimizer", "Optimisers (Muon and AdamW) of the critic", optimizer);
}

double schedule(const OptimizerConfig& config, std::int64_t step, std::int64_t total) {
  const double warm =
      config.warmup <= 0
          ? 1.0
          : std::min(1.0, static_cast<double>(step + 1) / static_cast<double>(config.warmup));
  const double start = config.decay_start * static_cast<double>(total);
  const double span = static_cast<double>(total) - start;
  const double past = static_cast<double>(step) - start;
  if (past <= 0 || span <= 0) return warm;
  return warm * (1.0 - (1.0 - config.decay_to) * std::min(1.0, past / span));
}

}  // namespace qstar::learning

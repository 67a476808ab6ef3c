#include <algorithm>

#include "learning/critic_learner.hpp"

namespace qstar {

void OptimizerConfig::describe(FieldVisitor& v) {
  v.value({"muon_rate", "learning rate of Muon (block matrices)", 0, 1}, muon_rate);
  v.value({"adamw_rate", "learning rate of AdamW (all else)", 0, 1}, adamw_rate);
  v.value({"weight_decay", "decoupled weight decay, a step, times the rate", 0, 10}, weight_decay);
  v.value({"clip", "largest global gradient norm", 1e-6, 1e6}, clip);
  v.value({"warmup", "steps of linear warm-up", 0, 1e7}, warmup);
  v.value({"decay_start", "share of all steps after which the rate falls", 0, 1}, decay_start);
  v.value({"decay_to", "share of itself that the rate falls to", 1e-6, 1}, decay_to);
}

void CriticConfig::describe(FieldVisitor& v) {
  v.value({"updates_per_version", "updates for each version of the policy", 0, 1e6},
          updates_per_version);
  v.value({"groups_per_update", "attempt groups in a batch", 1, 1e6}, groups_per_update);
  v.value({"attempts_per_group", "attempts of a group learned from; 0: all", 0, 1e6},
          attempts_per_group);
  v.value({.name = "target", .doc = "what a step is taught", .choices = kQTargets}, target);
  v.value({"steps", "n_step: steps until the network is asked", 1, 1e6}, steps);
  v.value({"luck", "kept_chance: a chance to win that luck may explain", 0, 1}, luck);
  v.value({"discount", "discount a step", 0, 1}, discount);
  v.value({"target_period", "updates between copies to the target network", 1, 1e7}, target_period);
  v.value({"inside_weight", "loss weight on tokens inside a step", 0, 1}, inside_weight);
  v.value({"language_weight", "weight of the language-model loss on won attempts", 0, 100},
          language_weight);
  v.value({"dueling", "Q = V + A, two heads"}, dueling);
  v.value({"centring", "dueling: weight of the squared mean advantage in a state", 0, 100},
          centring);
  v.value({"conservative", "weight of conservative Q-learning's penalty", 0, 100}, conservative);
  section(v, "optimizer", "the critic's optimiser", optimizer);
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

}  // namespace qstar

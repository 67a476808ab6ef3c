#include "actors/experiment.hpp"

#include <fmt/format.h>

#include <cmath>

namespace qstar {

void RolloutConfig::describe(FieldVisitor& v) {
  v.value({"actors", "rollout actors a process", 1, 64}, actors);
  v.value({"lease_groups", "problems a lease", 1, 65536}, lease_groups);
  v.value({"samples", "attempts a problem", 1, 4096}, samples);
  v.value({"max_tokens", "generated tokens an attempt at most", 1, 65536}, max_tokens);
  v.value({"temperature", "of sampling", 0, 10}, temperature);
  v.value({"slots", "sequences decoded at once", 1, 65536}, slots);
  v.value({"lease_seconds", "before an unreported task is handed out again", 1, 86400},
          lease_seconds);
}

void RlConfig::describe(FieldVisitor& v) {
  v.value({"versions", "of the policy's weights until the run ends", 0, 1e6}, versions);
  v.value({"updates_per_version", "optimiser steps between published weights", 1, 1e6},
          updates_per_version);
  v.value({"groups_per_update", "attempt groups a step draws", 1, 65536}, groups_per_update);
  v.value({"staleness", "versions behind that may still be trained on", 0, 1e6}, staleness);
  v.value({"per_problem", "distinct right solutions kept a group", 1, 4096}, selection.per_problem);
  v.value({"weight_floor", "least weight of a solution; else 1 - pass rate", 0, 1},
          selection.weight_floor);
  v.value({"allow_lucky", "learn from right answers with a wrong step, too"},
          selection.allow_lucky);
  section(v, "optimizer", "Muon and AdamW", optimizer);
}

void EvaluationConfig::describe(FieldVisitor& v) {
  v.value({"problems", "held-out problems for base and final figures", 1, 1e6}, problems);
  v.value({"curve_problems", "held-out problems for the learning curve", 1, 1e6}, curve_problems);
  v.value({"curve_every", "versions between points of the curve", 1, 1e6}, curve_every);
}

void CheckpointConfig::describe(FieldVisitor& v) {
  v.value({"keep", "newest checkpoints that are kept", 1, 1000}, keep);
  v.value({"seconds", "between checkpoints; 0: at every slice and version", 0, 86400}, seconds);
}

void ExperimentConfig::describe(FieldVisitor& v) {
  v.value({"name", "of the run"}, name);
  v.value({"seed", "of everything random", 0, 9e15}, seed);
  section(v, "environment", "the problems", environment);
  section(v, "corpus", "the students whose work is the pre-training corpus", corpus);
  section(v, "model", "the policy's transformer", model);
  section(v, "pretrain", "next-token prediction on the corpus", pretrain);
  section(v, "rollout", "attempts at problems", rollout);
  section(v, "rl", "learning from verified wins", rl);
  section(v, "critic", "Q-learning from the win signal", critic);
  section(v, "replay", "the store and its tables", replay);
  section(v, "evaluation", "on held-out problems", evaluation);
  section(v, "checkpoint", "what a resumed run starts from", checkpoint);
  section(v, "restart", "of failed actors", restart);
}

std::uint64_t leases_per_version(const ExperimentConfig& config) {
  const auto samples =
      static_cast<double>(config.rl.updates_per_version * config.rl.groups_per_update);
  const double ratio = std::max(1e-9, config.replay.policy.limiter.samples_per_insert);
  const double leases = samples / ratio / static_cast<double>(config.rollout.lease_groups);
  return std::max<std::uint64_t>(1, static_cast<std::uint64_t>(std::ceil(leases)));
}

namespace {

// Whatever the limiter has counted, either a lease or a learner's sample has to be admitted.
Status check_limiters(const ExperimentConfig& config) {
  const auto& limiter = config.replay.policy.limiter;
  const double insert =
      limiter.samples_per_insert * static_cast<double>(config.rollout.lease_groups);
  const double least =
      std::max(insert, (insert + static_cast<double>(config.rl.groups_per_update)) / 2);
  if (limiter.samples_per_insert > 0 && limiter.tolerance < least) {
    return fail(
        Errc::kConfig,
        fmt::format("replay.policy.limiter.tolerance = {} lets learner and rollouts wait "
                    "for each other: with these leases and updates it has to be {} at least",
                    limiter.tolerance, std::ceil(least)));
  }
  if (config.replay.critic.limiter.samples_per_insert > 0) {
    return fail(Errc::kConfig,
                "replay.critic.limiter.samples_per_insert has to be 0: the critic is taught by "
                "versions (critic.updates_per_version), and nobody waits for it");
  }
  return {};
}

}  // namespace

std::map<std::string, std::string> metadata_of(const ExperimentConfig& config,
                                               const std::string& role) {
  ExperimentConfig copy = config;
  return {{"role", role},
          {"family", config.environment.family},
          {"environment", print_config(describe_of(copy.environment))},
          {"config_hash", config_hash(describe_of(copy))},
          {"seed", std::to_string(config.seed)},
          {"code_version", QSTAR_VERSION}};
}

Status check(const ExperimentConfig& config) {
  if (auto text = check_text(config.environment, config.model, config.pretrain); !text) return text;
  if (config.rl.groups_per_update > config.replay.policy.capacity) {
    return fail(Errc::kConfig,
                fmt::format("rl.groups_per_update = {} is more than replay.policy.capacity = {}",
                            config.rl.groups_per_update, config.replay.policy.capacity));
  }
  if (config.replay.capacity <
      std::max(config.replay.policy.capacity, config.replay.critic.capacity)) {
    return fail(
        Errc::kConfig,
        fmt::format("replay.capacity = {} is less than a table's: raise it to at least {}",
                    config.replay.capacity,
                    std::max(config.replay.policy.capacity, config.replay.critic.capacity)));
  }
  return check_limiters(config);
}

}  // namespace qstar

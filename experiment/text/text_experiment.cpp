#include "experiment/text/text_experiment.hpp"

#include <fmt/format.h>

#include <cmath>

#include "learning/unused_settings.hpp"

namespace qstar::experiment {

void RolloutConfig::describe(FieldVisitor& v) {
  v.value({"actors", "Number of executors per process", 1, 64}, actors);
  v.value({"lease_groups", "Number of problems per lease", 1, 65536}, lease_groups);
  v.value({"samples", "Number of attempts per problem", 1, 4096}, samples);
  v.value({"max_tokens", "Largest number of generated tokens per attempt", 1, 65536}, max_tokens);
  v.value({"temperature", "Sampling temperature of training attempts", 0, 10}, temperature);
  v.value({"slots", "Number of sequences decoded at once per process", 1, 65536}, slots);
  v.value({"lease_seconds",
           "Hand a lease out again when it is not reported after this many seconds", 1, 86400},
          lease_seconds);
  v.value({"versions_ahead",
           "Number of versions whose attempts are made while the policy still learns from earlier "
           "ones (0: lock-step)",
           0, 16},
          versions_ahead);
  v.value({"keep_weights_mb",
           "Size in MiB below which the run keeps all published policies and critics in weights/; "
           "of larger ones "
           "it keeps the newest two",
           0, 1e6},
          keep_weights_mb);
}

void RlConfig::describe(FieldVisitor& v) {
  v.value({"versions", "Number of policy versions to train after the base", 0, 1e6}, versions);
  v.value({"updates_per_version", "Number of optimiser steps per version", 1, 1e6},
          updates_per_version);
  v.value({"groups_per_update", "Number of attempt groups drawn per optimiser step", 1, 65536},
          groups_per_update);
  v.value({"staleness", "Train on attempts that are at most this many versions old", 0, 1e6},
          staleness);
  v.value({"per_problem", "Largest number of distinct right solutions used per group", 1, 4096},
          selection.per_problem);
  v.value({"weight_floor",
           "Smallest weight of a solution; above it the weight is 1 minus the pass rate", 0, 1},
          selection.weight_floor);
  v.value({"allow_lucky", "Also learn from right answers that were reached by a wrong step"},
          selection.allow_lucky);
  section(v, "optimizer", "Optimiser of the reinforcement phase (Muon and AdamW)", optimizer);
}

void EvaluationConfig::describe(FieldVisitor& v) {
  v.value({"problems", "Number of held-out problems for the base and final figures", 1, 1e6},
          problems);
  v.value({"curve_problems", "Number of held-out problems per point of the learning curve", 1, 1e6},
          curve_problems);
  v.value({"curve_every", "Number of versions between two points of the learning curve", 1, 1e6},
          curve_every);
}

void ExperimentConfig::describe(FieldVisitor& v) {
  v.value({"name", "Name of the run"}, name);
  v.value({"seed", "Random seed of the whole run", 0, 9e15}, seed);
  section(v, "environment", "Problems to solve", environment);
  section(v, "corpus", "Students whose work is the pre-training corpus", corpus);
  section(v, "model", "Transformer of the policy", model);
  section(v, "pretrain", "Pre-training: next-token prediction on the corpus", pretrain);
  section(v, "rollout", "Rollouts: attempts at training problems", rollout);
  section(v, "rl", "Reinforcement: learning from verified wins", rl);
  section(v, "critic", "Critic: Q-learning from the win signal", critic);
  section(v, "replay", "Replay buffer: the store and its tables", replay);
  section(v, "evaluation", "Evaluation on held-out problems", evaluation);
  section(v, "checkpoint", "Checkpoints, from which a run is resumed", checkpoint);
  section(v, "restart", "Restarts of failed actors", restart);
}

std::uint64_t leases_per_version(const ExperimentConfig& config) {
  const auto samples =
      static_cast<double>(config.rl.updates_per_version * config.rl.groups_per_update);
  const double leases =
      samples / config.replay.samples_per_insert / static_cast<double>(config.rollout.lease_groups);
  return std::max<std::uint64_t>(1, static_cast<std::uint64_t>(std::ceil(leases)));
}

namespace {

// What the learners and tables never read. The policy's samples carry no priorities.
Status refuse_unused(const ExperimentConfig& config) {
  const ExperimentConfig standard;
  const auto &policy = config.replay.policy, &critic = config.replay.critic;
  const auto &policy_standard = standard.replay.policy, &critic_standard = standard.replay.critic;
  learning::UnusedSettings unused;
  learning::note_unused(config.critic, standard.critic, "critic", unused);
  constexpr const char* kNoPriorities = "only the critic gives its groups priorities";
  unused.want(policy.selector != "prioritised", "replay.policy.selector", policy.selector,
              policy_standard.selector, kNoPriorities);
  unused.want(false, "replay.policy.alpha", policy.alpha, policy_standard.alpha, kNoPriorities);
  unused.want(false, "replay.policy.beta", policy.beta, policy_standard.beta, kNoPriorities);
  const bool prioritised = critic.selector == "prioritised";
  constexpr const char* kNotPrioritised = "replay.critic.selector is not \"prioritised\"";
  unused.want(prioritised, "replay.critic.alpha", critic.alpha, critic_standard.alpha,
              kNotPrioritised);
  unused.want(prioritised, "replay.critic.beta", critic.beta, critic_standard.beta,
              kNotPrioritised);
  return unused.status();
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
  if (auto text = learning::check_text(config.environment, config.model, config.pretrain); !text)
    return text;
  if (config.rl.groups_per_update > config.replay.policy.capacity) {
    return fail(Errc::kConfig,
                fmt::format("rl.groups_per_update = {} is more than replay.policy.capacity = {}: "
                            "lower the one or raise the other",
                            config.rl.groups_per_update, config.replay.policy.capacity));
  }
  // A save names the groups of the tables, so the store has to keep them until the next one. The
  // policy's table may hold any group that is not too stale.
  const auto recent = (config.rl.staleness + 1) * config.rollout.lease_groups *
                      static_cast<std::int64_t>(leases_per_version(config));
  const auto least =
      std::max({config.replay.policy.capacity, config.replay.critic.capacity, recent});
  if (config.replay.capacity < least) {
    return fail(
        Errc::kConfig,
        fmt::format("replay.capacity = {} is less than what the tables may hold: raise it to "
                    "at least {}",
                    config.replay.capacity, least));
  }
  if (config.rollout.versions_ahead > config.rl.staleness) {
    return fail(
        Errc::kConfig,
        fmt::format("rollout.versions_ahead = {} makes attempts that are too stale to learn "
                    "from: lower it, or raise rl.staleness = {}",
                    config.rollout.versions_ahead, config.rl.staleness));
  }
  return refuse_unused(config);
}

}  // namespace qstar::experiment

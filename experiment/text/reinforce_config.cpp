#include "experiment/text/reinforce_config.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "experiment/experiment.hpp"
#include "experiment/text/algorithms.hpp"
#include "learning/unused_settings.hpp"

namespace qstar::experiment {
namespace {

bool any_of(const std::vector<std::string>& given, const std::vector<std::string_view>& words) {
  return std::any_of(words.begin(), words.end(), [&](std::string_view word) {
    return std::find(given.begin(), given.end(), word) != given.end();
  });
}

bool any_searches(const std::vector<std::string>& names) {
  return std::any_of(names.begin(), names.end(), [](const std::string& name) {
    const auto* algorithm = find_algorithm(name);
    return algorithm != nullptr && algorithm->searches;
  });
}

bool any_scored(const std::vector<std::string>& rewards) {
  return std::any_of(rewards.begin(), rewards.end(),
                     [](const std::string& reward) { return reward != "outcome"; });
}

// ---- settings without effect -----------------------------------------------------------------

const std::vector<std::string_view> kGradients = {"grpo", "dr_grpo", "dapo", "ppo", "q_advantage"};

class Unused {
 public:
  Unused(const ReinforceRuns& runs, const ReinforceConfig& standard, std::string key)
      : runs_(runs), given_(runs.config), standard_(standard), key_(std::move(key)) {}

  Status status() {
    note_algorithms();
    note_gradient();
    note_correction();
    note_critic();
    return unused_.status();
  }

 private:
  template <class T>
  void want(const std::vector<std::string_view>& readers, const std::string& name, const T& value,
            const T& standard) {
    unused_.want(any_of(runs_.algorithms, readers), key_ + "." + name, value, standard,
                 "no algorithm of this stage reads it");
  }

  void note_algorithms() {
    const bool counts_wins =
        !any_of(runs_.algorithms, {"q_advantage"}) && !any_of(runs_.rewards, {"process", "proxy"});
    unused_.want(counts_wins, key_ + ".allow_lucky", given_.selection.allow_lucky,
                 standard_.selection.allow_lucky,
                 "q_advantage learns from all wins, and the rewards process and proxy from scores");
    want({"ppo"}, "gae_lambda", given_.gae_lambda, standard_.gae_lambda);
    want({"ppo", "q_advantage"}, "value_updates", given_.value_updates, standard_.value_updates);
    unused_.want(false, key_ + ".value.updates", given_.value.updates, standard_.value.updates,
                 "the value model is trained for value_updates per round");
  }

  // What each algorithm reads of the section; dr_grpo and dapo bring values of their own for the
  // rest.
  void note_gradient() {
    const auto &given = given_.gradient, &standard = standard_.gradient;
    want({"grpo"}, "gradient.baseline", given.baseline, standard.baseline);
    want({"grpo", "dr_grpo"}, "gradient.drop_equal", given.drop_equal, standard.drop_equal);
    want({"grpo", "dr_grpo"}, "gradient.overlong_ramp", given.overlong_ramp,
         standard.overlong_ramp);
    want({"grpo", "ppo", "q_advantage"}, "gradient.token_mean", given.token_mean,
         standard.token_mean);
    want({"grpo", "dr_grpo", "ppo", "q_advantage"}, "gradient.clip_low", given.clip_low,
         standard.clip_low);
    want({"grpo", "dr_grpo", "ppo", "q_advantage"}, "gradient.clip_high", given.clip_high,
         standard.clip_high);
    want(kGradients, "gradient.entropy_weight", given.entropy_weight, standard.entropy_weight);
    want(kGradients, "gradient.kl_weight", given.kl_weight, standard.kl_weight);
  }

  // The correction for attempts by older weights: refused where no policy gradient reads it, or
  // where no round has such attempts.
  void note_correction() {
    const auto &given = given_.gradient, &standard = standard_.gradient;
    const std::string correction = key_ + ".gradient.correction",
                      cap = key_ + ".gradient.importance_cap";
    want(kGradients, "gradient.correction", given.correction, standard.correction);
    want(kGradients, "gradient.importance_cap", given.importance_cap, standard.importance_cap);
    unused_.want(learning::correction(given) == learning::Correction::kDecoupled, cap,
                 given.importance_cap, standard.importance_cap,
                 key_ + ".gradient.correction is not \"decoupled\"");
    const bool stale = given_.staleness > 0;
    const auto fresh = fmt::format("with {}.staleness = 0 no attempt is by older weights", key_);
    unused_.want(stale, correction, given.correction, standard.correction, fresh);
    unused_.want(stale, cap, given.importance_cap, standard.importance_cap, fresh);
  }

  void note_critic() {
    learning::note_unused(given_.critic, standard_.critic, key_ + ".critic", unused_);
    const auto &table = given_.critic_table, &standard = standard_.critic_table;
    const std::string name = key_ + ".critic_table";
    const bool learns = given_.critic_updates > 0;
    const auto idle = fmt::format("{}.critic_updates is 0", key_);
    unused_.want(learns, name + ".selector", table.selector, standard.selector, idle);
    unused_.want(learns, name + ".capacity", table.capacity, standard.capacity, idle);
    unused_.want(learns, name + ".max_reuse", table.max_reuse, standard.max_reuse, idle);
    const bool prioritised = learns && table.selector == "prioritised";
    const auto why = learns ? name + ".selector is not \"prioritised\"" : idle;
    unused_.want(prioritised, name + ".alpha", table.alpha, standard.alpha, why);
    unused_.want(prioritised, name + ".beta", table.beta, standard.beta, why);
  }

  const ReinforceRuns& runs_;
  const ReinforceConfig& given_;
  const ReinforceConfig& standard_;
  std::string key_;
  learning::UnusedSettings unused_;
};

// ---- contradictions --------------------------------------------------------------------------

Status check_critic(const ReinforceRuns& runs, const Experiment& experiment,
                    const std::string& key) {
  const auto& config = runs.config;
  if (config.critic_updates == 0) return {};
  if (any_scored(runs.rewards))
    return fail(Errc::kConfig,
                fmt::format("{}.critic_updates = {}: attempts are scored by one model, and the "
                            "reward needs the scores of a reward model; set critic_updates = 0, "
                            "or choose the reward \"outcome\"",
                            key, config.critic_updates));
  if (experiment.attempts.keep_groups > 0)
    return fail(Errc::kConfig,
                fmt::format("{}.critic_updates = {}: the critic's replay table reads the store, "
                            "which keeps only attempts.keep_groups = {} groups per round; set "
                            "one of them to 0",
                            key, config.critic_updates, experiment.attempts.keep_groups));
  if (experiment.store.capacity < config.critic_table.capacity)
    return fail(Errc::kConfig,
                fmt::format("store.capacity = {} is less than what {}.critic_table may hold: "
                            "raise it to at least {}",
                            experiment.store.capacity, key, config.critic_table.capacity));
  return {};
}

// Rates fall with the share of the budget that is spent, so a warm-up in steps has no meaning.
Status check_rates(const ReinforceConfig& config, const std::string& key) {
  if (config.optimizer.warmup == 0 && config.gradient.optimizer.warmup == 0) return {};
  return fail(Errc::kConfig,
              fmt::format("{0}.optimizer.warmup and {0}.gradient.optimizer.warmup must be 0: the "
                          "learning rates of these runs depend on the share of the budget that "
                          "is spent, not on steps",
                          key));
}

}  // namespace

void ReinforceConfig::describe(FieldVisitor& v) {
  v.value({"tokens",
           "Generated tokens after which a run ends, including those that searches discard (0: no "
           "limit)",
           0, 1e12},
          tokens);
  v.value({"rounds", "Rounds after which a run ends (0: no limit)", 0, 1e9}, rounds);
  v.value({"problems", "Problems per round", 1, 1e6}, problems);
  v.value({"samples", "Attempts per problem", 1, 4096}, samples);
  v.value(
      {"staleness",
       "Rounds by which the weights of an attempt may lag behind the policy that learns from it "
       "(0: lock-step)",
       0, 64},
      staleness);
  v.value({"temperature", "Sampling temperature", 0.01, 10}, temperature);
  v.value({"allow_lucky",
           "Also reward right answers that were reached by a wrong step (outcome, both, screened)"},
          selection.allow_lucky);
  v.value({"curve_every", "Rounds between two points of the learning curve", 1, 1e9}, curve_every);
  v.value({"updates", "Expert iteration: optimiser steps per round", 1, 1e6}, updates);
  v.value(
      {"groups_per_update", "Expert iteration: attempt groups drawn per optimiser step", 1, 65536},
      groups_per_update);
  v.value({"window", "Expert iteration: number of latest rounds to learn from", 1, 1e6}, window);
  v.value(
      {"per_problem", "Expert iteration: distinct right solutions used per attempt group", 1, 4096},
      selection.per_problem);
  v.value(
      {"weight_floor",
       "Expert iteration: smallest weight of a solution, which is otherwise 1 - pass rate", 0, 1},
      selection.weight_floor);
  section(v, "optimizer", "Expert iteration: optimisers (Muon and AdamW)", optimizer);
  v.value({"attempts_per_update", "Policy gradients: attempts per optimiser step", 1, 1e6},
          attempts_per_update);
  section(v, "gradient", "Policy gradients: loss and optimiser", gradient);
  v.value({"value_updates",
           "Optimiser steps per round of PPO's value model and of Q-advantage's critic", 0, 1e6},
          value_updates);
  v.value({"gae_lambda", "PPO: lambda of generalised advantage estimation", 0, 1}, gae_lambda);
  section(v, "value", "PPO: training of the value model", value);
  v.value({"critic_updates",
           "Optimiser steps per round of a critic that learns beside the policy and scores its "
           "attempts (0: there is none)",
           0, 1e6},
          critic_updates);
  section(v, "critic",
          "Critic beside the policy, and Q-advantage's: Q-learning from the win signal", critic);
  section(v, "critic_table", "Replay table that the critic beside the policy learns from",
          critic_table);
}

std::vector<Need> needs_of(const ReinforceRuns& runs, const std::string& algorithms,
                           const std::string& rewards) {
  std::vector<Need> needs;
  if (any_scored(runs.rewards)) needs.push_back({"prm", rewards});
  // A critic of its own guides its searches, if it has one.
  if (any_searches(runs.algorithms) && runs.config.critic_updates == 0)
    needs.push_back({"critic", algorithms});
  return needs;
}

Status check(const ReinforceRuns& runs, const Experiment& experiment, const std::string& key) {
  const auto& config = runs.config;
  if (config.tokens == 0 && config.rounds == 0)
    return fail(Errc::kConfig, fmt::format("{0}.tokens and {0}.rounds are both 0, so the run would "
                                           "never end; set one of them",
                                           key));
  if (any_of(runs.algorithms, {"q_advantage"}) && any_scored(runs.rewards))
    return fail(Errc::kConfig,
                fmt::format("{}: the algorithm q_advantage learns from wins only; choose the "
                            "reward \"outcome\"",
                            key));
  if (auto rates = check_rates(config, key); !rates) return rates;
  if (auto critic = check_critic(runs, experiment, key); !critic) return critic;
  // The limits differ from one kind of stage to another.
  ReinforceConfig standard;
  standard.tokens = config.tokens;
  return Unused(runs, standard, key).status();
}

}  // namespace qstar::experiment

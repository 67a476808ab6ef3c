// Runs of reinforcement learning for tests, from a base that solves some of its problems.
#pragma once

#include "experiment/text/reinforce.hpp"
#include "learning/critic/critic_learner.hpp"
#include "learning/policy/pretraining.hpp"
#include "tests/support/small_run.hpp"

namespace qstar::testing {

inline ReinforcePlan plan_of(const std::string& algorithm, const ReinforceConfig& config) {
  return {.label = "test." + algorithm, .algorithm = algorithm, .config = config};
}

// Some solutions win: a base that has seen a little of the corpus, and a critic from it.
inline Run taught_run(const Experiment& experiment, RunHost host) {
  auto run = small_run(experiment, std::move(host));
  static const auto taught = [&] {
    learning::PolicyLearner learner(run.model("base"));
    for (std::int64_t i = 0; i < 250; ++i)
      learning::pretrain_step(
          learner, run.environment(), run.tokenizer(), environment::CorpusConfig::curated(),
          {.steps = 250, .rows = 8, .length = 32, .optimizer = {.warmup = 5}}, 1, i);
    return learner.model();
  }();
  replace_model(run, "base", taught);
  replace_model(run, "critic", learning::CriticLearner(taught, 1).model());
  return run;
}

}  // namespace qstar::testing

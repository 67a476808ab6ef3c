// What `qstar train` of a text experiment computes in lock-step (rollout.versions_ahead = 0),
// without an actor, a task or a saved state: one loop that calls the same pure classes in the same
// order and ends with the same policy, byte for byte. The tests compare the two, and
// benchmarks/actors_against_loop.py measures what the actors cost.
//
//   build/release/benchmarks/plain_loop configs/smoke.toml runs/plain [dotted.key=value …]
#include <fmt/format.h>

#include <filesystem>
#include <optional>

#include "core/sha256.hpp"
#include "experiment/text/critic_trainer.hpp"
#include "experiment/text/text_attempts.hpp"
#include "experiment/text/text_experiment.hpp"
#include "inference/decoder.hpp"
#include "learning/policy/policy_learner.hpp"
#include "learning/policy/pretraining.hpp"
#include "persistence/store.hpp"

using namespace qstar;
using namespace qstar::model;
using namespace qstar::experiment;

namespace {

struct Loop {
  ExperimentConfig config;
  persistence::Store store;
  persistence::ReplayTable replay = persistence::ReplayTable::make(config.replay.policy).value();
  std::uint64_t seed = static_cast<std::uint64_t>(config.seed);
  std::unique_ptr<environment::Environment> environment =
      environment::make_environment(config.environment).value();
  Tokenizer tokenizer = Tokenizer::make(environment->alphabet()).value();
  learning::PolicyLearner learner{config.model, tokenizer, derive_seed(seed, "policy")};
  std::unique_ptr<CriticTrainer> critic = nullptr;
  Rng rng{derive_seed(seed, "replay")};
  std::uint64_t leases = 0;
  std::int64_t policy_updates = 0;

  void pretrain() {
    const auto& p = config.pretrain;
    for (std::int64_t i = 0; i < p.steps; ++i) {
      learning::pretrain_step(learner, *environment, tokenizer, config.corpus, p, seed, i).value();
    }
    critic = CriticTrainer::make(config, learner.model(), {}).value();
    learner.reset_optimizer();
  }

  // One lease: problems attempted and judged, every step scored, all of it kept.
  void roll_out(Policy& policy, StepScorer& scorer, std::uint64_t made_by,
                std::uint64_t scored_by) {
    const auto task = rollout_task(config, *environment, leases++, {});
    auto groups = search::groups_of(search::make_search(task.search)
                                        .value()
                                        .attempt(*environment, {policy}, task.problems, task.how)
                                        .value());
    write_scores(scorer, groups);
    std::vector<std::shared_ptr<const AttemptGroup>> shared;
    for (auto& group : groups)
      for (auto& attempt : group.attempts) {
        attempt.critic_version = static_cast<std::uint64_t>(critic->updates());
        attempt.critic_model = scored_by;
        for (auto& step : attempt.steps) step.model = made_by;
      }
    QSTAR_ASSERT(store.insert(groups).has_value(), "the store refuses");
    for (auto& group : groups)
      shared.push_back(std::make_shared<const AttemptGroup>(std::move(group)));
    for (const auto& group : shared) replay.insert(group);
    critic->insert(shared);
  }

  // Expert iteration on wins that are not too old.
  void update_policy(std::uint64_t min_version) {
    const auto& rl = config.rl;
    for (std::int64_t i = 0; i < rl.updates_per_version; ++i) {
      std::vector<std::string> texts;
      std::vector<float> weights;
      for (const auto& sampled : replay.sample(rl.groups_per_update, min_version, rng))
        learning::select_wins(*sampled.group, rl.selection, texts, weights);
      const auto rate =
          learning::schedule(rl.optimizer, policy_updates++, rl.versions * rl.updates_per_version);
      if (!texts.empty())
        learner.update(learning::batch_of_solutions(tokenizer, texts, weights), rl.optimizer, rate)
            .value();
    }
  }

  // A model's number in the store's table of models.
  std::uint64_t number_of(const ModelFile& model, const char* role, std::uint64_t version) {
    return store.model_number(sha256(serialize(model)), role, role, version).value();
  }

  ModelFile policy_model() const {
    ModelFile model = learner.model();
    model.metadata = metadata_of(config, "policy");
    return model;
  }

  void reinforce() {
    const auto bound = static_cast<std::uint64_t>(config.rl.staleness);
    for (std::uint64_t v = 1; v <= static_cast<std::uint64_t>(config.rl.versions); ++v) {
      const auto made_by = number_of(policy_model(), "policy", v);
      const auto scored_by = number_of(critic->model(), "critic", v);
      inference::DecoderPolicy policy(inference::DecoderWeights::make(learner.model(), v).value(),
                                      static_cast<std::int32_t>(config.rollout.slots));
      const auto scorer = inference::DecoderScorer::make(critic->model()).value();
      while (leases < v * leases_per_version(config)) roll_out(policy, *scorer, made_by, scored_by);
      update_policy(v > bound ? v - bound : 0);
      const auto updates = static_cast<std::int64_t>(v) * config.critic.updates_per_version;
      QSTAR_ASSERT(critic->train(updates).has_value(), "the critic's loss is not finite");
    }
  }
};

int run(const std::string& path, const std::string& folder,
        std::span<const std::string> overrides) {
  ExperimentConfig config;
  if (auto loaded = load_config(path, overrides, describe_of(config)); !loaded)
    return fmt::print(stderr, "{}\n", loaded.error().message), exit_code(loaded.error().code);
  QSTAR_ASSERT(learning::prepare_torch().has_value(), "no usable BLAS");
  std::filesystem::create_directories(folder);
  Loop loop{config,
            persistence::Store::open(folder + "/store", persistence::Store::Mode::kWrite).value()};
  loop.pretrain();
  loop.reinforce();
  const auto written = write_model(loop.policy_model(), folder + "/policy.safetensors");
  return written ? 0 : exit_code(written.error().code);
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> words(argv + 1, argv + argc);
  if (words.size() < 2)
    return fmt::print(stderr, "usage: plain_loop CONFIG FOLDER [KEY=VALUE …]\n"), 2;
  return run(words[0], words[1], std::span(words).subspan(2));
}

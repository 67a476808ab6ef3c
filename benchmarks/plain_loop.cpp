// What `qstar train --deterministic` computes, without an actor: one loop that calls the same pure
// classes in the same order and ends with the same policy, byte for byte. The tests compare the
// two, and benchmarks/actors_against_loop.py measures what the actors cost.
//
//   build/release/benchmarks/plain_loop configs/smoke.toml runs/plain [dotted.key=value …]
#include <fmt/format.h>

#include <filesystem>
#include <optional>

#include "actors/experiment.hpp"
#include "core/sha256.hpp"
#include "learning/decoder.hpp"
#include "persistence/checkpoint.hpp"
#include "search/search.hpp"

using namespace qstar;

namespace {

struct Loop {
  ExperimentConfig config;
  ReplayBuffer replay;
  std::uint64_t seed = static_cast<std::uint64_t>(config.seed);
  std::unique_ptr<Environment> environment = make_environment(config.environment).value();
  Tokenizer tokenizer = Tokenizer::make(environment->alphabet()).value();
  PolicyLearner learner{config.model, tokenizer, derive_seed(seed, "policy")};
  std::optional<CriticLearner> critic{};
  Rng rng{derive_seed(seed, "replay")};
  std::uint64_t leases = 0;
  std::int64_t policy_updates = 0, critic_updates = 0;

  void pretrain() {
    const auto& p = config.pretrain;
    for (std::int64_t i = 0; i < p.steps; ++i) {
      pretrain_step(learner, *environment, tokenizer, config.corpus, p, seed, i).value();
    }
    critic.emplace(learner.model(), derive_seed(seed, "critic"), heads_of(config.critic));
    learner.reset_optimizer();
  }

  // One lease: problems attempted and judged, every step valued, all of it kept. `model` is the
  // policy's number in the store.
  void roll_out(Policy& policy, std::uint64_t model) {
    const auto& r = config.rollout;
    Rng draw(derive_seed(seed, "problems", leases));
    std::vector<std::string> problems;
    for (std::int64_t i = 0; i < r.lease_groups; ++i)
      problems.push_back(environment->sample_problem(draw, Split::kTraining));
    const SearchOptions how{.samples = r.samples,
                            .temperature = r.temperature,
                            .max_tokens = static_cast<std::int32_t>(r.max_tokens),
                            .seed = seed,
                            .first_group = leases++ * problems.size()};
    const auto search = make_search("sample").value();
    auto groups = groups_of(search.attempt(*environment, {policy}, problems, how).value());
    for (auto& group : groups) {
      write_values(*critic, group);
      for (auto& attempt : group.attempts)
        for (auto& step : attempt.steps) step.model = model;
    }
    QSTAR_ASSERT(replay.insert(groups).has_value(), "the store refuses");
  }

  // Expert iteration on wins that are not too old.
  void update_policy(std::uint64_t min_version) {
    const auto& rl = config.rl;
    for (std::int64_t i = 0; i < rl.updates_per_version; ++i) {
      std::vector<std::string> texts;
      std::vector<float> weights;
      for (const auto& sampled :
           replay.sample(Table::kPolicy, rl.groups_per_update, min_version, rng, true))
        select_wins(*sampled.group, rl.selection, texts, weights);
      const auto rate =
          schedule(rl.optimizer, policy_updates++, rl.versions * rl.updates_per_version);
      if (!texts.empty())
        learner.update(batch_of_solutions(tokenizer, texts, weights), rl.optimizer, rate).value();
    }
  }

  // Double Q-learning on what surprises most.
  void update_critic() {
    const auto& c = config.critic;
    for (std::int64_t i = 0; i < c.updates_per_version; ++i) {
      std::vector<WeightedGroup> batch;
      std::vector<std::uint64_t> ids;
      const auto samples = replay.sample(Table::kCritic, c.groups_per_update, 0, rng, true);
      for (const auto& sampled : samples) {
        batch.push_back({sampled.group.get(), sampled.weight});
        ids.push_back(sampled.group->group);
      }
      const auto rate =
          schedule(c.optimizer, critic_updates++, config.rl.versions * c.updates_per_version);
      if (!batch.empty())
        replay.update_priorities(Table::kCritic, ids,
                                 critic->update(batch, c, rate).value().priorities);
    }
  }

  // The policy's number in the store's table of models.
  std::uint64_t number_of(ModelFile policy, std::uint64_t version) {
    policy.metadata = metadata_of(config, "policy");
    return replay.store()
        .model_number(sha256(serialize(policy)), "policy", "policy", version)
        .value();
  }

  // The learning phases; gives the number of tokens generated.
  void reinforce() {
    const auto bound = static_cast<std::uint64_t>(config.rl.staleness);
    for (std::uint64_t v = 1; v <= static_cast<std::uint64_t>(config.rl.versions); ++v) {
      DecoderPolicy policy(DecoderWeights::make(learner.model(), v).value(),
                           static_cast<std::int32_t>(config.rollout.slots));
      const auto model = number_of(learner.model(), v);
      while (leases < v * leases_per_version(config)) roll_out(policy, model);
      update_policy(v > bound ? v - bound : 0);
      update_critic();
    }
  }
};

int run(const std::string& path, const std::string& folder,
        std::span<const std::string> overrides) {
  ExperimentConfig config;
  if (auto loaded = load_config(path, overrides, describe_of(config)); !loaded)
    return fmt::print(stderr, "{}\n", loaded.error().message), exit_code(loaded.error().code);
  QSTAR_ASSERT(prepare_torch().has_value(), "no usable BLAS");
  std::filesystem::create_directories(folder);
  Loop loop{config, ReplayBuffer::open(folder + "/store", config.replay, "", true).value()};
  loop.pretrain();
  loop.reinforce();
  const auto written = write_model(loop.learner.model(), folder + "/policy.safetensors");
  return written ? 0 : exit_code(written.error().code);
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> words(argv + 1, argv + argc);
  if (words.size() < 2)
    return fmt::print(stderr, "usage: plain_loop CONFIG FOLDER [KEY=VALUE …]\n"), 2;
  return run(words[0], words[1], std::span(words).subspan(2));
}

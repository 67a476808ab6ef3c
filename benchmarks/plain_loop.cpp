// What `qstar train` computes of an experiment with the stages pretrain and reinforce (expert
// iteration in lock-step: staleness = 0), without an actor, a task or a saved state: one loop that
// calls the same pure classes in the same order and ends with the same policy, byte for byte. The
// tests compare the two, and benchmarks/actors_against_loop.py measures what the actors cost.
//
//   build/release/benchmarks/plain_loop configs/smoke.toml runs/plain
//       stages.reinforce.staleness=0 [dotted.key=value …]
#include <fmt/format.h>

#include <cmath>
#include <filesystem>

#include "core/sha256.hpp"
#include "experiment/text/budget.hpp"
#include "experiment/text/critic_trainer.hpp"
#include "experiment/text/improvers.hpp"
#include "experiment/text/revisits.hpp"
#include "experiment/text/rewards.hpp"
#include "experiment/text/stage_configs.hpp"
#include "inference/decoder.hpp"
#include "learning/policy/policy_learner.hpp"
#include "learning/policy/pretraining.hpp"
#include "persistence/store.hpp"

using namespace qstar;
using namespace qstar::model;
using namespace qstar::experiment;

namespace {

// The two stages, in this order.
struct Stages {
  std::string base, name;  // of the first and of the second
  const PretrainStageConfig& pretrain;
  const ReinforceStageConfig& reinforce;
};

// kConfig: the experiment has other stages, or they do what the loop does not.
Result<Stages> stages_of(const Experiment& experiment) {
  const auto active = experiment.active();
  const auto* first = active.size() == 2 ? active[0]->as<PretrainStageConfig>() : nullptr;
  const auto* second = active.size() == 2 ? active[1]->as<ReinforceStageConfig>() : nullptr;
  if (first == nullptr || second == nullptr)
    return fail(Errc::kConfig, "stages: the loop runs one of kind pretrain, then one of reinforce");
  if (second->algorithm != "expert_iteration" || second->reward != "outcome" ||
      second->proposer.share > 0 || second->reinforce.staleness > 0)
    return fail(Errc::kConfig, "stages." + active[1]->name +
                                   ": the loop runs expert_iteration with the reward outcome, "
                                   "without a proposer, with staleness = 0");
  return Stages{active[0]->name, active[1]->name, *first, *second};
}

// The store in place of the host's archive: groups are kept, models are numbered.
RunHost storing_host(const Experiment& experiment, persistence::Store& store) {
  auto host = local_host(experiment);
  host.keep = [&store](const std::string& packed) {
    return store.insert(packed).map([](const auto&) {});
  };
  host.model_number = [&store](const ModelHash& model, std::string_view role,
                               std::string_view label, std::uint64_t version) {
    return store.model_number(parse_sha256(model).value(), role, label, version);
  };
  return host;
}

ModelFile pretrained(const Run& run, const Stages& stages) {
  learning::PolicyLearner learner(run.config().model, run.tokenizer(), run.seed("policy"));
  for (std::int64_t i = 0; i < stages.pretrain.steps; ++i)
    learning::pretrain_step(learner, run.environment(), run.tokenizer(), run.config().corpus,
                            stages.pretrain, run.seed(stages.base), i)
        .value();
  return learner.model();
}

class Loop {
 public:
  Loop(Run& run, const Stages& stages, const ModelFile& base)
      : run_(run),
        config_(stages.reinforce.reinforce),
        label_(stages.name),
        learner_(base),
        improver_(make_improver("expert_iteration", {.config = config_,
                                                     .max_tokens = run.config().attempts.max_tokens,
                                                     .tokenizer = &run.tokenizer(),
                                                     .start = &base,
                                                     .seed = run.seed(label_ + ".improver")})),
        problems_(config_.problems, stages.reinforce.revisit_share, label_ + ".problems") {
    (void)run.group_id(label_, 0);
    if (config_.critic_updates > 0)
      critic_ = CriticTrainer::make(config_, base, run.seed(label_ + ".critic"), {}).value();
  }

  ModelFile train() {
    while (share() < 1) round();
    return learner_.model();
  }

 private:
  double share() const { return Budget{config_.tokens, config_.rounds}.share(spent_); }

  void round() {
    const auto version = static_cast<std::uint64_t>(spent_.rounds + 1);
    const auto policy = learner_.model();
    AttemptTask made_by{.policy = run_.publish(policy, version, label_).value()};
    if (critic_)
      made_by.scorer = run_.publish_scorer(critic_->model(), label_ + ".critic", version).value();
    const auto proposal = problems_.propose(run_, made_by.policy, spent_.rounds).value();
    auto groups = attempt(policy, version, proposal.problems);
    auto origin = run_.origin(made_by, label_, first_group_);
    if (critic_) origin.critic_version = static_cast<std::uint64_t>(critic_->updates());
    write_origin(origin, groups);
    QSTAR_ASSERT(run_.keep(persistence::pack(groups), label_, first_group_).has_value(),
                 "the store refuses");
    first_group_ += proposal.problems.size();
    learn(proposal, std::move(groups));
    ++spent_.rounds;
  }

  // A round's problems attempted and judged, every step scored.
  std::vector<AttemptGroup> attempt(const ModelFile& model, std::uint64_t version,
                                    const std::vector<std::string>& problems) {
    auto how = run_.options(label_, first_group_);
    how.samples = config_.samples;
    how.temperature = config_.temperature;
    inference::DecoderPolicy policy(inference::DecoderWeights::make(model, version).value(),
                                    static_cast<std::int32_t>(run_.config().engine.slots));
    auto found = search::make_search("sample")
                     .value()
                     .attempt(run_.environment(), {policy}, problems, how)
                     .value();
    for (const auto& one : found) spent_.tokens += static_cast<std::int64_t>(one.tokens);
    auto groups = search::groups_of(std::move(found));
    if (critic_) write_scores(*inference::DecoderScorer::make(critic_->model()).value(), groups);
    return groups;
  }

  // Rates fall with the share of the budget that is spent, this round's tokens included.
  void learn(const ProblemSource::Proposal& proposal, std::vector<AttemptGroup> groups) {
    constexpr std::int64_t kWhole = 1'000'000'000;
    const auto done = std::llround(share() * static_cast<double>(kWhole));
    const double rate = learning::schedule(config_.optimizer, done, kWhole);
    if (critic_) teach_critic(groups);
    const auto rated = rated_problems(groups);
    const auto lucky = config_.selection.allow_lucky ? Lucky::kAllowed : Lucky::kWrong;
    auto rewards = rewards_of(RewardKind::kOutcome, groups, lucky);
    improver_->improve(learner_, {std::move(groups), std::move(rewards), rate}).value();
    problems_.learn(learner_, proposal, rated, rate).value();
  }

  void teach_critic(const std::vector<AttemptGroup>& groups) {
    std::vector<std::shared_ptr<const AttemptGroup>> shared;
    shared.reserve(groups.size());
    for (const auto& group : groups) shared.push_back(std::make_shared<const AttemptGroup>(group));
    critic_->insert(shared);
    const auto updates = critic_->updates() + config_.critic_updates;
    QSTAR_ASSERT(critic_->train(updates, share()).has_value(), "the critic's loss is not finite");
  }

  Run& run_;
  const ReinforceConfig& config_;
  const std::string& label_;
  learning::PolicyLearner learner_;
  std::unique_ptr<Improver> improver_;
  RevisitedProblems problems_;
  std::unique_ptr<CriticTrainer> critic_;  // null: there is none
  Spent spent_;
  std::uint64_t first_group_ = 0;
};

ModelFile trained(Run& run, const Stages& stages) {
  const auto base = pretrained(run, stages);
  // The evaluations of the base, which the loop leaves out, have the first labels and number.
  run.publish(base, 0, stages.base).value();
  for (const auto* how : {"greedy", "sampled"})
    (void)run.group_id(fmt::format("evaluation.{}.{}", stages.base, how), 0);
  return Loop(run, stages, base).train();
}

Status run_loop(const std::string& path, const std::string& folder,
                std::span<const std::string> overrides) {
  Experiment experiment;
  if (auto loaded = load_config(path, overrides, describe_of(experiment)); !loaded) return loaded;
  if (auto sound = check(experiment); !sound) return sound;
  const auto stages = stages_of(experiment);
  if (!stages) return tl::unexpected(stages.error());
  if (auto ready = learning::prepare_torch(); !ready) return ready;
  std::filesystem::create_directories(folder);
  auto store = persistence::Store::open(folder + "/store", persistence::Store::Mode::kWrite);
  if (!store) return tl::unexpected(store.error());
  Run run(experiment, problems_of(experiment).value(), storing_host(experiment, *store));
  auto policy = trained(run, *stages);
  policy.metadata = metadata_of(experiment, "policy");
  return write_model(policy, folder + "/policy.safetensors");
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> words(argv + 1, argv + argc);
  if (words.size() < 2)
    return fmt::print(stderr, "usage: plain_loop CONFIG FOLDER [KEY=VALUE …]\n"), 2;
  const auto done = run_loop(words[0], words[1], std::span(words).subspan(2));
  if (done) return 0;
  fmt::print(stderr, "{}\n", done.error().message);
  return exit_code(done.error().code);
}

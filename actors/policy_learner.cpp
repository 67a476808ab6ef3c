// Trains the policy: on the corpus first, then on verified wins from the replay buffer.
#include <fmt/format.h>

#include "actors/actors.hpp"
#include "actors/ask_in_turns.hpp"

namespace qstar {
namespace {

struct LearnerState {
  PolicyLearnerActor::pointer self = nullptr;
  ExperimentConfig config;
  EnvironmentPtr environment;
  LearnerLinks links;
  std::unique_ptr<Tokenizer> tokenizer;
  std::unique_ptr<PolicyLearner> learner;

  // A Train in progress.
  Train train;
  Trained result;
  caf::typed_response_promise<Trained> promise;

  bool stopped() const { return links.stop(); }
  std::uint64_t seed() const { return static_cast<std::uint64_t>(config.seed); }

  // A slice's corpus depends on its place alone, so that a resumed run reads on where it stopped.
  Result<Trained> pretrain(const Pretrain& request) {
    if (request.first_step == 0) learner->reset_optimizer();
    Trained trained;
    const auto end = request.first_step + request.steps;
    for (std::int64_t i = request.first_step; i < end && !stopped(); ++i) {
      const auto stats = pretrain_step(*learner, *environment, *tokenizer, config.corpus,
                                       config.pretrain, seed(), i);
      if (!stats) return tl::unexpected(not_pretrained(stats.error(), i));
      ++trained.updates;
      trained.tokens += stats->tokens;
      trained.loss += stats->loss;
      trained.values["gradient_norm"] = stats->gradient_norm;
    }
    if (trained.updates > 0) trained.loss /= static_cast<double>(trained.updates);
    return trained;
  }

  // Keeps the rows of a step of pre-training that failed.
  Error not_pretrained(const Error& why, std::int64_t step) const {
    const auto batch =
        pretraining_batch(*environment, *tokenizer, config.corpus, config.pretrain, seed(), step);
    return FailedBatches{"pretrain", links.keep_failed}.keep_rows(why,
                                                                  rows_json(*tokenizer, batch));
  }

  // A run does not continue with weights that learn no more: the session ends with the error.
  caf::result<Trained> answer(const Pretrain& request) {
    auto trained = pretrain(request);
    if (trained) return std::move(*trained);
    self->quit(to_caf(trained.error()));
    return to_caf(trained.error());
  }

  caf::result<Trained> start(const Train& request) {
    if (request.first_update == 0) learner->reset_optimizer();
    train = request;
    result = {};
    promise = self->make_response_promise<Trained>();
    auto reply = promise;
    next();
    return reply;
  }

  void next() {
    if (result.updates == train.updates || stopped()) {
      promise.deliver(std::move(result));
      return;
    }
    ask_in_turns(
        self, links.replay,
        Sample{Table::kPolicy, config.rl.groups_per_update, train.min_version, train.force},
        [this](Samples& samples) { update(samples); },
        [this](const caf::error& error) { self->quit(error); });
  }

  void update(const Samples& samples) {
    if (samples.groups.empty() && !train.force) {
      promise.deliver(std::move(result));
      return;
    }
    std::vector<std::string> texts;
    std::vector<float> weights;
    double versions = 0;
    for (const auto& sampled : samples.groups) {
      select_wins(*sampled.group, config.rl.selection, texts, weights);
      versions += static_cast<double>(sampled.group->policy_version());
    }
    if (!samples.groups.empty())
      result.values["sampled_version"] = versions / static_cast<double>(samples.groups.size());
    if (!texts.empty()) {
      const auto total = config.rl.versions * config.rl.updates_per_version;
      const auto batch = batch_of_solutions(*tokenizer, texts, weights);
      const auto rate = schedule(config.rl.optimizer, train.first_update + result.updates, total);
      const auto stats = or_keep(learner->update(batch, config.rl.optimizer, rate),
                                 {"policy", links.keep_failed}, *tokenizer, batch);
      if (!stats) return self->quit(to_caf(stats.error()));
      result.tokens += stats->tokens;
      result.loss += stats->loss / static_cast<double>(train.updates);
      result.values["rows"] = static_cast<double>(texts.size());
    }
    ++result.updates;
    next();
  }

  Bytes export_model() const {
    ModelFile model = learner->model();
    model.metadata = metadata_of(config, "policy");
    return {serialize(model)};
  }
};

PolicyLearnerActor::behavior_type policy_learner(
    PolicyLearnerActor::stateful_pointer<LearnerState> self, const ExperimentConfig& config,
    EnvironmentPtr environment, const Restored& restored, const LearnerLinks& links) {
  explain_exceptions(*self);
  auto& state = self->state;
  state.self = self;
  state.config = config;
  state.environment = std::move(environment);
  state.links = links;
  auto tokenizer = Tokenizer::make(state.environment->alphabet());
  QSTAR_ASSERT(tokenizer.has_value(), std::string(state.environment->alphabet()));
  state.tokenizer = std::make_unique<Tokenizer>(std::move(*tokenizer));
  state.learner = std::make_unique<PolicyLearner>(config.model, *state.tokenizer,
                                                  derive_seed(state.seed(), "policy"));
  if (!restored.state.empty()) {
    if (auto loaded = state.learner->load(restored.state, restored.source); !loaded)
      self->quit(to_caf(loaded.error()));
  }
  return {
      [&state](const Pretrain& request) { return state.answer(request); },
      [&state](const Train& request) { return state.start(request); },
      [&state](SaveState) { return Bytes{state.learner->save()}; },
      [&state](ExportModel) { return state.export_model(); },
  };
}

}  // namespace

PolicyLearnerActor spawn_policy_learner(caf::actor_system& system, const ExperimentConfig& config,
                                        EnvironmentPtr environment, Restored restored,
                                        const LearnerLinks& links) {
  return system.spawn<caf::detached>(policy_learner, config, std::move(environment),
                                     std::move(restored), links);
}

}  // namespace qstar

// The Q-critic as an actor: learns from prioritised replay, values the steps of fresh attempts.
#include <deque>

#include "actors/actors.hpp"
#include "actors/ask_in_turns.hpp"

namespace qstar {
namespace {

constexpr std::size_t kFresh = 1024;  // attempts
constexpr std::size_t kSlice = 64;    // attempts

struct CriticState {
  CriticActor::pointer self = nullptr;
  ExperimentConfig config;
  LearnerLinks links;
  std::unique_ptr<CriticLearner> critic;
  // The newest attempts with the values that they were given before anything was learned from them:
  // what its calibration is measured on.
  std::deque<Trajectory> fresh;

  Train train;
  Trained result;
  caf::typed_response_promise<Trained> promise;

  void begin(const StartCritic& start) {
    auto policy = parse_model(start.policy, "the policy handed to the critic");
    if (!policy) return self->quit(to_caf(policy.error()));
    critic = std::make_unique<CriticLearner>(
        *policy, derive_seed(static_cast<std::uint64_t>(config.seed), "critic"),
        heads_of(config.critic));
  }

  Groups score(Score& request) {
    if (critic) {
      for (auto& group : request.groups) value(group);
    }
    return {std::move(request.groups)};
  }

  void value(AttemptGroup& group) {
    write_values(*critic, group);
    fresh.insert(fresh.end(), group.attempts.begin(), group.attempts.end());
    while (fresh.size() > kFresh) fresh.pop_front();
  }

  caf::result<Trained> start(const Train& request) {
    train = request;
    result = {};
    promise = self->make_response_promise<Trained>();
    auto reply = promise;
    next();
    return reply;
  }

  void next() {
    const bool stopped = links.stop();
    if (result.updates == train.updates || stopped) {
      promise.deliver(std::move(result));
      return;
    }
    ask_in_turns(
        self, links.replay,
        Sample{Table::kCritic, config.critic.groups_per_update, train.min_version, train.force},
        [this](Samples& samples) { update(samples); },
        [this](const caf::error& error) { self->quit(error); });
  }

  void update(const Samples& samples) {
    std::vector<WeightedGroup> groups;
    Priorities priorities{Table::kCritic, {}, {}};
    for (const auto& sampled : samples.groups) {
      groups.push_back({sampled.group.get(), sampled.weight});
      priorities.groups.push_back(sampled.group->group);
    }
    if (critic && !groups.empty()) {
      const auto total = config.rl.versions * config.critic.updates_per_version;
      const auto rate =
          schedule(config.critic.optimizer, train.first_update + result.updates, total);
      auto stats = or_keep(critic->update(groups, config.critic, rate),
                           {"critic", links.keep_failed}, std::span<const WeightedGroup>(groups));
      if (!stats) return self->quit(to_caf(stats.error()));
      result.tokens += stats->tokens;
      result.loss += stats->loss / static_cast<double>(train.updates);
      priorities.priorities = std::move(stats->priorities);
      self->send(links.replay, std::move(priorities));
    }
    ++result.updates;
    next();
  }

  // Attempts in slices: the forward pass of all at once would not fit the caches.
  CriticReport assess_all(const std::vector<AttemptGroup>& groups) const {
    std::vector<Trajectory> attempts;
    std::vector<std::vector<float>> q;
    for (const auto& group : groups)
      attempts.insert(attempts.end(), group.attempts.begin(), group.attempts.end());
    for (std::size_t first = 0; first < attempts.size(); first += kSlice) {
      const auto n = std::min(kSlice, attempts.size() - first);
      auto values = critic->step_values(std::span(attempts).subspan(first, n));
      std::move(values.begin(), values.end(), std::back_inserter(q));
    }
    return assess(attempts, q);
  }

  CriticReport assess_fresh() const {
    const std::vector<Trajectory> attempts(fresh.begin(), fresh.end());
    std::vector<std::vector<float>> q(attempts.size());
    for (std::size_t a = 0; a < attempts.size(); ++a) {
      for (const auto& step : attempts[a].steps)
        if (step.q) q[a].push_back(*step.q);
    }
    return assess(attempts, q);
  }

  Bytes export_model() const {
    if (!critic) return {};
    ModelFile model = critic->model();
    model.metadata = metadata_of(config, "critic");
    return {serialize(model)};
  }

  Trained figures(const Assess& request) const {
    if (!critic) return {};
    const auto reference = assess_all(request.groups);
    const auto now = assess_fresh();
    Trained figures;
    figures.values = {{"steps", static_cast<double>(now.steps)}};
    if (reference.steps > 0) figures.values["step_auc"] = reference.step_auc;
    if (now.steps > 0) figures.values["calibration_error"] = now.calibration_error;
    for (std::size_t b = 0; b < now.bins.size(); ++b) {
      const auto prefix = "bin" + std::to_string(b);
      figures.values[prefix + ".q"] = now.bins[b].mean_q;
      figures.values[prefix + ".win"] = now.bins[b].win_rate;
      figures.values[prefix + ".n"] = static_cast<double>(now.bins[b].n);
    }
    return figures;
  }
};

CriticActor::behavior_type critic_behavior(CriticActor::stateful_pointer<CriticState> self,
                                           const ExperimentConfig& config, const Restored& restored,
                                           const LearnerLinks& links) {
  explain_exceptions(*self);
  auto& state = self->state;
  state.self = self;
  state.config = config;
  state.links = links;
  if (!restored.policy.empty()) state.begin({restored.policy});
  if (state.critic && !restored.state.empty()) {
    if (auto loaded = state.critic->load(restored.state, restored.source); !loaded)
      self->quit(to_caf(loaded.error()));
  }
  return {
      [&state](Score& request) { return state.score(request); },
      [&state](const StartCritic& start) { state.begin(start); },
      [&state](const Train& request) { return state.start(request); },
      [&state](const Assess& request) { return state.figures(request); },
      [&state](SaveState) { return Bytes{state.critic ? state.critic->save() : std::string()}; },
      [&state](ExportModel) { return state.export_model(); },
  };
}

}  // namespace

CriticActor spawn_critic(caf::actor_system& system, const ExperimentConfig& config,
                         Restored restored, const LearnerLinks& links) {
  return system.spawn<caf::detached>(critic_behavior, config, std::move(restored), links);
}

}  // namespace qstar

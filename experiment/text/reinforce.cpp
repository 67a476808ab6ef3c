#include "experiment/text/reinforce.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "experiment/text/algorithms.hpp"
#include "experiment/text/budget.hpp"
#include "experiment/text/critic_beside.hpp"
#include "experiment/text/measurements_under_way.hpp"
#include "experiment/text/revisits.hpp"
#include "experiment/text/rounds.hpp"

namespace qstar::experiment {
namespace {

using nlohmann::json;

class Reinforcement {
 public:
  Reinforcement(Run& run, const ReinforcePlan& plan)
      : run_(run),
        plan_(plan),
        config_(plan.config),
        algorithm_(*find_algorithm(plan.algorithm)),
        start_(run.model(plan.start)),
        learner_(start_),
        improver_(make_improver(plan.algorithm, {.config = plan.config,
                                                 .max_tokens = run.config().attempts.max_tokens,
                                                 .tokenizer = &run.tokenizer(),
                                                 .start = &start_,
                                                 .measure_kl = plan.reward == RewardKind::kProxy,
                                                 .seed = run.seed(stream() + ".improver"),
                                                 .failed = {plan.label, run.host().keep_failed}})),
        problems_(plan.config.problems, plan.revisit_share, stream() + ".problems"),
        source_(plan.source != nullptr ? *plan.source : problems_),
        measurements_(run) {
    (void)run.group_id(plan.label, 0);  // in the same place of the order in every session
  }
  ~Reinforcement() { withdraw(); }
  Reinforcement(const Reinforcement&) = delete;
  Reinforcement& operator=(const Reinforcement&) = delete;

  Result<Reinforced> train() {
    if (auto ready = prepare(); !ready) return tl::unexpected(ready.error());
    cpu_began_ = run_.cpu_seconds();
    began_ = run_.engine().times();
    Status status;
    // What was being read when the run was stopped comes first.
    while (status && measurements_.size() > staleness()) status = note();
    while (status && goes_on()) status = round();
    if (status) rounds_->withdraw();
    while (status && measurements_.size() > 0) status = note();
    if (!status) return tl::unexpected(interrupted(status.error()));
    // Kept until the stage ends, so that a resumed run does not repeat this one.
    if (auto kept = save(true); !kept) return tl::unexpected(kept.error());
    result_.policy = learner_.model();
    if (critic_) result_.critic = critic_->model();
    return finished();
  }

 private:
  const std::string& stream() const { return plan_.stream.empty() ? plan_.label : plan_.stream; }
  std::size_t staleness() const { return static_cast<std::size_t>(config_.staleness); }

  // ---- limits ----------------------------------------------------------------------------------

  Spent spent() const { return {result_.tokens, result_.rounds}; }
  double share() const { return Budget{config_.tokens, config_.rounds}.share(spent()); }
  bool goes_on() const { return share() < 1 && !result_.tokens_to_target; }
  // The learning rates fall with the share that is done.
  double rate_factor() const {
    const bool imitates = plan_.algorithm == "expert_iteration" || algorithm_.searches;
    return learning::schedule(imitates ? config_.optimizer : config_.gradient.optimizer,
                              std::llround(share() * 1e9), 1'000'000'000);
  }

  // ---- a round ---------------------------------------------------------------------------------

  Status prepare() {
    RoundPlan rounds{.label = plan_.label,
                     .stream = stream(),
                     .searches = algorithm_.searches,
                     .samples = config_.samples,
                     .staleness = config_.staleness,
                     .temperature = config_.temperature};
    if (!plan_.reward_model.empty())
      if (auto done = publish_scorer(plan_.reward_model, rounds.scorer); !done) return done;
    if (config_.critic_updates > 0) {
      auto critic = CriticBeside::make(run_, plan_.label, config_, start_);
      if (!critic) return tl::unexpected(critic.error());
      critic_ = std::move(*critic);
    } else if (algorithm_.searches) {
      if (auto done = publish_scorer("critic", rounds.guide); !done) return done;
    }
    rounds_.emplace(run_, source_, std::move(rounds));
    const auto saved = run_.host().load(plan_.label);
    if (!saved) return tl::unexpected(saved.error());
    return saved->empty() ? publish() : load(*saved);
  }

  Status publish_scorer(const std::string& name, ModelHash& hash) {
    auto published = run_.publish_scorer(run_.model(name), name);
    return std::move(published).map([&](ModelHash&& made) { hash = std::move(made); });
  }

  // Makes the learners' weights available to all nodes.
  Status publish() {
    const auto version = static_cast<std::uint64_t>(result_.rounds + 1);
    auto model = learner_.model();
    auto published = run_.publish(model, version, plan_.label);
    if (!published) return tl::unexpected(published.error());
    models_.policy = std::move(*published);
    weights_[models_.policy.hash] = std::move(model);
    if (!critic_) return {};
    if (auto done = critic_->publish(version); !done) return done;
    models_.critic = critic_->hash();
    models_.critic_updates = static_cast<std::uint64_t>(critic_->updates());
    return {};
  }

  // Problems and attempts of the next rounds; then rewards and updates of the first.
  Status round() {
    const auto left =
        Budget{config_.tokens, config_.rounds}.rounds_left(spent(), rounds_->tokens_per_round());
    if (auto begun = rounds_->begin(models_, result_.rounds, left); !begun) return begun;
    auto attempts = rounds_->collect();
    if (!attempts) return tl::unexpected(attempts.error());
    learning_ = true;
    const auto pending = rounds_->next();
    result_.tokens += attempts->tokens;
    result_.attempts.add(attempts->groups);
    if (auto kept = keep(*attempts, pending); !kept) return kept;
    auto values = learn(pending, std::move(attempts->groups));
    if (!values) return tl::unexpected(values.error());
    ++result_.rounds;
    if (auto published = publish(); !published) return published;
    if (auto measured = measure(std::move(*values)); !measured) return measured;
    forget();
    learning_ = false;
    // Saved between rounds only, so that a resumed run begins with those that are under way.
    while (measurements_.size() > staleness())
      if (auto noted = note(); !noted) return noted;
    return {};
  }

  Status keep(const Rounds::Attempts& made, const PendingRound& pending) {
    const auto most = static_cast<std::size_t>(run_.config().attempts.keep_groups);
    const auto n = most == 0 ? made.groups.size() : std::min(most, made.groups.size());
    if (n > 0) newest_group_ = made.groups[n - 1].group;
    return run_.keep(made.records, plan_.label, static_cast<std::uint64_t>(pending.first_group));
  }

  void forget() {
    const auto needed = [this](const ModelHash& hash) {
      return hash == models_.policy.hash || rounds_->uses(hash) || measurements_.uses(hash);
    };
    std::erase_if(weights_, [&](const auto& entry) { return !needed(entry.first); });
    if (critic_) critic_->keep_only(needed);
  }

  // Rewards and updates, the critic's beside the policy's. Returns figures of the round.
  Result<std::map<std::string, double>> learn(const PendingRound& pending,
                                              std::vector<AttemptGroup> groups) {
    auto values = pending.proposal.figures;
    values["lucky"] = lucky_share(groups);
    values["pass_rate"] = pass_rate(groups);
    if (critic_) critic_->begin(groups, share());
    auto improved = improve(pending, std::move(groups));
    const auto taught = critic_ ? critic_->finish() : Status{};
    if (!improved) return improved;
    if (!taught) return tl::unexpected(taught.error());
    if (critic_) critic_->add_loss(values);
    for (const auto& [name, value] : *improved) values[name] = value;
    return values;
  }

  Result<std::map<std::string, double>> improve(const PendingRound& pending,
                                                std::vector<AttemptGroup> groups) {
    auto rewards = rewards_of(plan_.reward, groups,
                              config_.selection.allow_lucky ? Lucky::kAllowed : Lucky::kWrong);
    const double reward = mean_of(rewards), rate = rate_factor();
    const auto rated = rated_problems(groups);
    const bool stale = pending.models.policy.hash != models_.policy.hash;
    EngineLogprobs proximal(run_.engine(), models_.policy);
    auto values = improver_->improve(
        learner_, {std::move(groups), std::move(rewards), rate, stale ? &proximal : nullptr});
    if (!values) return values;
    auto proposed = source_.learn(learner_, pending.proposal, rated, rate);
    if (!proposed) return proposed;
    for (const auto& [name, value] : *proposed) (*values)[name] = value;
    (*values)["reward"] = reward;
    return values;
  }

  // ---- measurements ----------------------------------------------------------------------------

  // Orders a point of the learning curve where one is due; the end of the run always has one.
  Status measure(std::map<std::string, double> values) {
    const bool due = result_.rounds % config_.curve_every == 0 || !goes_on();
    values["tokens"] = static_cast<double>(result_.tokens);
    values["attempts"] = static_cast<double>(result_.attempts.n);
    values["wins"] = static_cast<double>(result_.attempts.wins);
    if (due && critic_) {
      auto figures = critic_->assess();
      if (!figures) return tl::unexpected(figures.error());
      for (const auto* name : {"step_auc", "calibration_error"})
        if (figures->contains(name)) values[name] = figures->at(name);
      result_.critic_figures = std::move(*figures);
      result_.critic_updates = critic_->updates();
    }
    measurements_.begin({models_.policy, due, result_.tokens, result_.rounds, std::move(values)});
    return {};
  }

  // Waits for the oldest evaluation, adds a point to the learning curve, reports progress and
  // saves.
  Status note() {
    auto noted = measurements_.next();
    if (!noted) return tl::unexpected(noted.error());
    auto& [measured, right, cpu_seconds] = *noted;
    if (measured.evaluated) {
      evaluating_ += cpu_seconds;
      const double accuracy = experiment::share(right);
      json point = {{"tokens", measured.tokens}, {"accuracy", accuracy}};
      for (const auto& [name, value] : measured.values)
        if (name != "tokens") point[name] = value;
      result_.curve.push_back(std::move(point));
      result_.quick_evaluations.push_back(std::move(right));
      if (plan_.target && !result_.tokens_to_target && accuracy >= *plan_.target)
        result_.tokens_to_target = measured.tokens;
      measured.values["accuracy"] = accuracy;
    }
    // By whichever limit is nearer.
    const Budget by_tokens{config_.tokens, 0}, by_rounds{0, config_.rounds};
    const Spent spent{measured.tokens, measured.rounds};
    const bool rounds = by_rounds.share(spent) > by_tokens.share(spent);
    auto on = run_.host().show(
        {plan_.label, rounds ? measured.rounds : std::min(measured.tokens, config_.tokens),
         rounds ? config_.rounds : config_.tokens, std::move(measured.values)});
    if (auto kept = save(!on); !kept) return kept;
    return on;
  }

  // ---- saves -----------------------------------------------------------------------------------

  // Saves before it passes the error on, if that is what was asked for and can be done.
  Error interrupted(const Error& why) {
    if (why.code == Errc::kInterrupted && !learning_) (void)save(true);
    return why;
  }

  Status save(bool at_once) {
    const auto bytes = [this] { return parts(); };
    return run_.host().save(plan_.label, bytes, at_once);
  }

  // The times of this process added to those of earlier ones.
  Reinforced finished() const {
    Reinforced result = result_;
    const auto now = run_.engine().times();
    result.cpu_seconds += run_.cpu_seconds() - cpu_began_ - evaluating_;
    result.wall_seconds += now.now - began_.now;
    result.waited_seconds += now.stage_waited - began_.stage_waited;
    result.executors_busy += now.executors_busy - began_.executors_busy;
    result.executors_idle += now.executors_idle - began_.executors_idle;
    return result;
  }

  SavedParts parts() const {
    const json state = {{"result", json_of(finished())},
                        {"newest_group", newest_group_ ? json(*newest_group_) : json()},
                        {"under_way", rounds_->save()},
                        {"measurements", measurements_.save()}};
    SavedParts parts = {{"learner", learner_.save()},
                        {"improver", improver_->save()},
                        {"source", source_.save()},
                        {"state.json", state.dump()}};
    for (const auto& [hash, model] : weights_)
      if (hash != models_.policy.hash) parts["policy-" + hash] = serialize(model);
    if (critic_) critic_->save(parts);
    return parts;
  }

  Status damaged(std::string_view what) const {
    return fail(Errc::kCorrupt,
                fmt::format("checkpoints/{}: the saved state is damaged ({}); start a new run",
                            plan_.label, what));
  }

  Status load(const SavedParts& parts) {
    for (const auto* part : {"state.json", "learner", "improver", "source"})
      if (!parts.contains(part)) return damaged(std::string(part) + " is missing");
    const auto state = json::parse(parts.at("state.json"), nullptr, false);
    if (state.is_discarded()) return damaged("state.json");
    const auto folder = "checkpoints/" + plan_.label;
    if (auto loaded = learner_.load(parts.at("learner"), folder + ": learner"); !loaded)
      return loaded;
    if (auto loaded = improver_->load(parts.at("improver")); !loaded)
      return fail(loaded.error().code, folder + ": improver: " + loaded.error().message);
    if (!source_.load(parts.at("source"))) return damaged("source");
    if (auto loaded = load_weights(parts); !loaded) return loaded;
    if (critic_)
      if (auto loaded = critic_->load(parts); !loaded) return loaded;
    return load_counters(state);
  }

  // The weights of earlier rounds whose attempts or evaluations were under way.
  Status load_weights(const SavedParts& parts) {
    constexpr std::string_view kPrefix = "policy-";
    for (const auto& [name, bytes] : parts) {
      if (!name.starts_with(kPrefix)) continue;
      auto model = model::parse_model(bytes, "checkpoints/" + plan_.label + ": " + name);
      if (!model) return tl::unexpected(model.error());
      if (auto published = run_.publish(*model, 0, plan_.label); !published)
        return tl::unexpected(published.error());
      weights_[name.substr(kPrefix.size())] = std::move(*model);
    }
    return {};
  }

  Status load_counters(const json& state) {
    try {
      result_ = reinforced_of(state.at("result"));
      if (const auto& group = state.at("newest_group"); !group.is_null())
        newest_group_ = group.get<std::uint64_t>();
      if (auto fits = check_limit(); !fits) return fits;
      // Eviction begins with the oldest groups, so the newest one is there unless files are lost.
      if (newest_group_)
        if (auto stored = check_stored(run_.host(), *newest_group_); !stored) return stored;
      // The newest weights are the learners'; what is under way may use them.
      if (auto published = publish(); !published) return published;
      for (const auto& models : Rounds::models_in(state.at("under_way")))
        if (!has(models)) return damaged("weights of a round under way are missing");
      rounds_->restore(state.at("under_way"));
      return measurements_.restore(
                 state.at("measurements"),
                 [this](const ModelHash& hash) { return weights_.contains(hash); })
                 ? Status{}
                 : damaged("weights of an evaluation under way are missing");
    } catch (const json::exception&) {
      return damaged("state.json");
    }
  }

  bool has(const RoundModels& models) const {
    return weights_.contains(models.policy.hash) &&
           (models.critic.empty() || (critic_ && critic_->has(models.critic)));
  }

  Status check_limit() const {
    if (config_.rounds == 0 || result_.rounds <= config_.rounds) return {};
    return fail(Errc::kConfig, fmt::format("{}.rounds = {}: the run has trained {} rounds "
                                           "already; give at least that many",
                                           plan_.settings, config_.rounds, result_.rounds));
  }

  void withdraw() {
    if (rounds_) rounds_->withdraw();
    measurements_.withdraw();
  }

  Run& run_;
  const ReinforcePlan& plan_;
  const ReinforceConfig& config_;
  const AlgorithmName& algorithm_;
  const model::ModelFile& start_;
  learning::PolicyLearner learner_;
  std::unique_ptr<Improver> improver_;
  RevisitedProblems problems_;
  ProblemSource& source_;
  std::unique_ptr<CriticBeside> critic_;  // null: there is none
  std::optional<Rounds> rounds_;
  MeasurementsUnderWay measurements_;
  RoundModels models_;                             // the learners' weights
  std::map<ModelHash, model::ModelFile> weights_;  // of policies that are in use
  std::optional<std::uint64_t> newest_group_;      // in the store
  double cpu_began_ = 0, evaluating_ = 0;          // CPU seconds
  EngineTimes began_;
  bool learning_ = false;  // from a round that is no longer under way
  Reinforced result_;
};

}  // namespace

Result<Reinforced> reinforce(Run& run, const ReinforcePlan& plan) {
  return Reinforcement(run, plan).train();
}

}  // namespace qstar::experiment

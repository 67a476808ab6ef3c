#include "experiment/story/reinforce.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <deque>

#include "experiment/story/revisits.hpp"
#include "experiment/story/rounds.hpp"
#include "experiment/story/verifiers.hpp"

namespace qstar::experiment {
namespace {

using nlohmann::json;

// The search for solutions to learn from: Q* guided by the critic.
search::SearchOptions search_for_data(std::int64_t samples) {
  return {.samples = 4, .budget = 24 * samples, .repeat_cost = 1};
}

class Run {
 public:
  Run(Story& story, const ReinforcePlan& plan, const Algorithm& algorithm)
      : story_(story),
        plan_(plan),
        algorithm_(algorithm),
        start_(story.models.at(plan.start)),
        learner_(start_),
        improver_(algorithm.make({.config = plan.config,
                                  .value = story.config().verifiers.reward,
                                  .critic = story.config().verifiers.critic,
                                  .max_tokens = story.config().attempts.max_tokens,
                                  .tokenizer = &story.tokenizer(),
                                  .start = &start_,
                                  .measure_kl = plan.reward == RewardKind::kProxy,
                                  .seed = story.seed(stream() + ".improver"),
                                  .failed = {plan.label, story.host().keep_failed}})),
        problems_(plan.config.problems, plan.revisit_share, stream() + ".problems"),
        source_(plan.source != nullptr ? *plan.source : problems_) {}
  ~Run() { withdraw(); }
  Run(const Run&) = delete;
  Run& operator=(const Run&) = delete;

  Result<Reinforced> run() {
    if (auto ready = prepare(); !ready) return tl::unexpected(ready.error());
    cpu_began_ = story_.cpu_seconds();
    began_ = story_.engine().times();
    Status status;
    // What was being read when the run was stopped comes first.
    while (status && measurements_pending_.size() > staleness()) status = note();
    while (status && goes_on()) status = round();
    if (status) withdraw_rounds();
    while (status && !measurements_pending_.empty()) status = note();
    if (!status) return tl::unexpected(interrupted(status.error()));
    // Kept until the stage ends, so that a resumed run does not repeat this one.
    if (auto kept = save(true); !kept) return tl::unexpected(kept.error());
    result_.policy = learner_.model();
    return finished();
  }

 private:
  const std::string& stream() const { return plan_.stream.empty() ? plan_.label : plan_.stream; }
  std::size_t staleness() const { return static_cast<std::size_t>(plan_.config.staleness); }
  bool goes_on() const { return result_.tokens < plan_.config.tokens && !result_.tokens_to_target; }

  // Saves before it passes the error on, if that is what was asked for and can be done.
  Error interrupted(const Error& why) {
    if (why.code == Errc::kInterrupted && !learning_) (void)save(true);
    return why;
  }

  Status prepare() {
    if (auto found = publish_scorers(); !found) return found;
    const auto saved = story_.host().load(plan_.label);
    if (!saved) return tl::unexpected(saved.error());
    return saved->empty() ? publish() : load(*saved);
  }

  Status publish_scorers() {
    const auto publish = [&](const std::string& name, ModelHash& hash) -> Status {
      auto published = story_.publish_scorer(story_.models.at(name), name);
      if (published) hash = std::move(*published);
      return published.map([](const ModelHash&) {});
    };
    if (!plan_.reward_model.empty())
      if (auto done = publish(plan_.reward_model, scorer_); !done) return done;
    return algorithm_.searches ? publish("critic", guide_) : Status{};
  }

  // Makes the learner's weights available to all nodes.
  Status publish() {
    auto model = learner_.model();
    auto published = story_.publish(model, static_cast<std::uint64_t>(rounds_ + 1), plan_.label);
    if (!published) return tl::unexpected(published.error());
    policy_ = std::move(*published);
    weights_[policy_.hash] = std::move(model);
    return {};
  }

  // Problems and attempts of the next rounds; then rewards and updates of the first.
  Status round() {
    if (auto begun = begin_rounds(); !begun) return begun;
    auto groups = attempts_of_round(rounds_pending_.front());
    if (!groups) return tl::unexpected(groups.error());
    learning_ = true;
    const auto pending = std::move(rounds_pending_.front());
    rounds_pending_.pop_front();
    auto values = learn(pending, std::move(*groups));
    if (!values) return tl::unexpected(values.error());
    ++rounds_;
    if (auto published = publish(); !published) return published;
    std::erase_if(weights_, [&](const auto& entry) { return !in_use(entry.first); });
    measurements_pending_.push_back(
        {policy_, story_.begin_quick_evaluation(policy_), result_.tokens, std::move(*values)});
    learning_ = false;
    // Saved between rounds only, so that a resumed run begins with those that are in pending.
    while (measurements_pending_.size() > staleness())
      if (auto noted = note(); !noted) return noted;
    return {};
  }

  bool in_use(const ModelHash& hash) const {
    const auto uses = [&](const auto& work) { return work.policy.hash == hash; };
    return hash == policy_.hash || std::ranges::any_of(rounds_pending_, uses) ||
           std::ranges::any_of(measurements_pending_, uses);
  }

  // Begins rounds up to the staleness, but none that the limit of tokens will probably make
  // needless.
  Status begin_rounds() {
    while (rounds_pending_.size() <= staleness()) {
      const auto expected =
          result_.tokens + static_cast<std::int64_t>(rounds_pending_.size()) * tokens_;
      if (!rounds_pending_.empty() && (tokens_ == 0 || expected >= plan_.config.tokens)) break;
      auto proposal = source_.propose(story_, policy_,
                                      rounds_ + static_cast<std::int64_t>(rounds_pending_.size()));
      if (!proposal) return tl::unexpected(proposal.error());
      PendingRound pending{std::move(*proposal), policy_, groups_};
      groups_ += static_cast<std::int64_t>(pending.proposal.problems.size());
      pending.parts = submit(pending);
      rounds_pending_.push_back(std::move(pending));
    }
    return {};
  }

  AttemptTask task_of(const PendingRound& pending) const {
    AttemptTask task{.policy = pending.policy,
                     .guide = guide_,
                     .scorer = scorer_,
                     .search = algorithm_.searches ? "qstar" : "sample",
                     .problems = pending.proposal.problems};
    if (algorithm_.searches) task.how = search_for_data(plan_.config.samples);
    if (!algorithm_.searches) task.how.samples = plan_.config.samples;
    const auto defaults = story_.options(stream(), static_cast<std::uint64_t>(pending.first_group));
    task.how.temperature = plan_.config.temperature;
    task.how.max_tokens = defaults.max_tokens;
    task.how.seed = defaults.seed;
    task.how.first_group = defaults.first_group;
    return task;
  }

  std::vector<TaskId> submit(const PendingRound& pending) const {
    return submit_in_parts(story_.engine(), task_of(pending));
  }

  // Waits for a round's attempts.
  Result<std::vector<AttemptGroup>> attempts_of_round(const PendingRound& pending) {
    auto results = wait_for_all(story_.engine(), pending.parts);
    if (!results) return tl::unexpected(results.error());
    tokens_ = pending.proposal.tokens;
    for (const auto& made : results->found) tokens_ += static_cast<std::int64_t>(made.tokens);
    result_.tokens += tokens_;
    auto groups = search::groups_of(std::move(results->found));
    // Runs with the same stream share their seeds but not their group ids in the store.
    for (std::size_t g = 0; g < groups.size(); ++g) {
      groups[g].group = group_id(plan_.label, static_cast<std::uint64_t>(pending.first_group) + g);
      for (auto& made : groups[g].attempts) made.id.group = groups[g].group;
    }
    story_.name_models(task_of(pending), groups);
    return groups;
  }

  // Rewards and updates. Returns figures of the round.
  Result<std::map<std::string, double>> learn(const PendingRound& pending,
                                              std::vector<AttemptGroup> groups) {
    auto values = pending.proposal.figures;
    values["lucky"] = lucky_share(groups);
    values["pass_rate"] = pass_rate(groups);
    auto rewards = rewards_of(plan_.reward, groups);
    values["reward"] = mean(rewards);
    if (auto kept = story_.keep(groups); !kept) return tl::unexpected(kept.error());
    const double rate = rate_factor();
    const auto learned = source_.learn(learner_, pending.proposal, groups, rate);
    if (!learned) return tl::unexpected(learned.error());
    values.insert(learned->begin(), learned->end());
    const bool stale = pending.policy.hash != policy_.hash;
    const auto improved =
        improver_->improve(learner_, {std::move(groups), std::move(rewards), rate, stale});
    if (!improved) return improved;
    for (const auto& [name, value] : *improved) values[name] = value;
    return values;
  }

  static double pass_rate(const std::vector<AttemptGroup>& groups) {
    double sum = 0;
    for (const auto& group : groups) sum += group.pass_rate();
    return groups.empty() ? 0 : sum / static_cast<double>(groups.size());
  }

  static double mean(const std::vector<std::vector<double>>& rows) {
    double sum = 0, n = 0;
    for (const auto& row : rows)
      for (const double value : row) sum += value, n += 1;
    return n > 0 ? sum / n : 0;
  }

  // The learning rates fall with the share of tokens already generated.
  double rate_factor() const {
    const auto& optimizer = plan_.algorithm == "expert_iteration" || algorithm_.searches
                                ? plan_.config.optimizer
                                : plan_.config.gradient.optimizer;
    return learning::schedule(optimizer, std::min(result_.tokens, plan_.config.tokens),
                              plan_.config.tokens);
  }

  // Waits for the oldest evaluation, adds a point to the learning curve, reports progress and
  // saves.
  Status note() {
    auto evaluation = story_.quick_evaluation(measurements_pending_.front().parts);
    if (!evaluation) return tl::unexpected(evaluation.error());
    auto [policy, parts, tokens, values] = std::move(measurements_pending_.front());
    measurements_pending_.pop_front();
    evaluating_ += evaluation->cpu_seconds;
    const double accuracy = share(evaluation->right);
    json point = {{"tokens", tokens}, {"accuracy", accuracy}};
    for (const auto& [name, value] : values) point[name] = value;
    result_.curve.push_back(std::move(point));
    result_.quick_evaluations.push_back(std::move(evaluation->right));
    if (plan_.target && !result_.tokens_to_target && accuracy >= *plan_.target)
      result_.tokens_to_target = tokens;
    values["accuracy"] = accuracy;
    auto on = story_.host().show({plan_.label, std::min(tokens, plan_.config.tokens),
                                  plan_.config.tokens, std::move(values)});
    if (auto kept = save(!on); !kept) return kept;
    return on;
  }

  Status save(bool at_once) {
    return story_.host().save(
        plan_.label, [this] { return parts(); }, at_once);
  }

  // The times of this process added to those of earlier ones.
  Reinforced finished() const {
    Reinforced result = result_;
    const auto now = story_.engine().times();
    result.cpu_seconds += story_.cpu_seconds() - cpu_began_ - evaluating_;
    result.wall_seconds += now.now - began_.now;
    result.waited_seconds += now.stage_waited - began_.stage_waited;
    result.executors_busy += now.executors_busy - began_.executors_busy;
    result.executors_idle += now.executors_idle - began_.executors_idle;
    return result;
  }

  std::map<std::string, std::string> parts() const {
    json state = {{"rounds", rounds_},
                  {"groups", groups_},
                  {"round_tokens", tokens_},
                  {"result", json_of(finished())},
                  {"pending_rounds", json::array()},
                  {"pending_measurements", json::array()}};
    for (const auto& pending : rounds_pending_) state["pending_rounds"].push_back(json_of(pending));
    for (const auto& measurement : measurements_pending_)
      state["pending_measurements"].push_back(json_of(measurement));
    std::map<std::string, std::string> parts = {
        {"learner", learner_.save()}, {"improver", improver_->save()}, {"source", source_.save()}};
    for (const auto& [hash, model] : weights_)
      if (hash != policy_.hash) parts["policy-" + hash] = serialize(model);
    parts["state.json"] = state.dump();
    return parts;
  }

  Status damaged(std::string_view what) const {
    return fail(Errc::kCorrupt,
                fmt::format("{}: the saved state of this run is damaged ({}); start "
                            "a new run",
                            plan_.label, what));
  }

  Status load(const std::map<std::string, std::string>& parts) {
    for (const auto* part : {"state.json", "learner", "improver", "source"})
      if (!parts.contains(part)) return damaged(std::string(part) + " is missing");
    const auto state = json::parse(parts.at("state.json"), nullptr, false);
    if (state.is_discarded()) return damaged("state.json");
    if (!state.contains("pending_rounds"))
      return fail(Errc::kSchema, plan_.label +
                                     ": the saved state is of another version of qstar; "
                                     "start a new run, or resume with that version");
    const auto folder = "checkpoints/" + plan_.label;
    if (auto loaded = learner_.load(parts.at("learner"), folder + ": learner"); !loaded)
      return loaded;
    if (auto loaded = improver_->load(parts.at("improver")); !loaded)
      return fail(loaded.error().code, folder + ": improver: " + loaded.error().message);
    if (!source_.load(parts.at("source"))) return damaged("source");
    if (auto loaded = load_weights(parts); !loaded) return loaded;
    return load_counters(state);
  }

  // The weights of earlier rounds whose attempts or evaluations were under way.
  Status load_weights(const std::map<std::string, std::string>& parts) {
    constexpr std::string_view kPrefix = "policy-";
    for (const auto& [name, bytes] : parts) {
      if (!name.starts_with(kPrefix)) continue;
      auto model = model::parse_model(bytes, "checkpoints/" + plan_.label + ": " + name);
      if (!model) return tl::unexpected(model.error());
      if (auto published = story_.publish(*model, 0, plan_.label); !published)
        return tl::unexpected(published.error());
      weights_[name.substr(kPrefix.size())] = std::move(*model);
    }
    return {};
  }

  Status load_counters(const json& state) {
    try {
      rounds_ = state.at("rounds");
      // The newest weights are the learner's; evaluations under way may use them.
      if (auto published = publish(); !published) return published;
      groups_ = state.at("groups");
      tokens_ = state.at("round_tokens");
      result_ = reinforced_of(state.at("result"));
      for (const auto* work : {"pending_rounds", "pending_measurements"})
        for (const auto& saved : state.at(work))
          if (!weights_.contains(saved.at("policy").get<std::string>()))
            return damaged("weights of a round under way are missing");
      for (const auto& saved : state.at("pending_rounds")) begin_again(saved);
      for (const auto& saved : state.at("pending_measurements")) measure_again(saved);
      return {};
    } catch (const json::exception&) {
      return damaged("state.json");
    }
  }

  void begin_again(const json& saved) {
    auto pending = pending_round_of(saved);
    pending.parts = submit(pending);
    rounds_pending_.push_back(std::move(pending));
  }

  void measure_again(const json& saved) {
    auto measurement = pending_measurement_of(saved);
    measurement.parts = story_.begin_quick_evaluation(measurement.policy);
    measurements_pending_.push_back(std::move(measurement));
  }

  void withdraw_rounds() {
    for (const auto& pending : rounds_pending_) story_.engine().cancel(pending.parts);
    rounds_pending_.clear();
  }
  void withdraw() {
    withdraw_rounds();
    for (const auto& measurement : measurements_pending_) story_.engine().cancel(measurement.parts);
  }

  Story& story_;
  const ReinforcePlan& plan_;
  Algorithm algorithm_;
  const model::ModelFile& start_;
  learning::PolicyLearner learner_;
  std::unique_ptr<Improver> improver_;
  RevisitedProblems problems_;
  ProblemSource& source_;
  ModelHash scorer_, guide_;
  PolicyRef policy_;                               // the learner's weights
  std::map<ModelHash, model::ModelFile> weights_;  // that rounds and evaluations under way use
  std::deque<PendingRound> rounds_pending_;        // the first is the next to learn from
  std::deque<PendingMeasurement> measurements_pending_;
  std::int64_t rounds_ = 0, groups_ = 0;
  std::int64_t tokens_ = 0;                // of the latest round
  double cpu_began_ = 0, evaluating_ = 0;  // CPU seconds
  EngineTimes began_;
  bool learning_ = false;  // from a round that is no longer pending
  Reinforced result_;
};

}  // namespace

Result<Reinforced> reinforce(Story& story, const ReinforcePlan& plan) {
  const auto algorithm = find_algorithm(plan.algorithm);
  if (!algorithm) return tl::unexpected(algorithm.error());
  return Run(story, plan, *algorithm).run();
}

}  // namespace qstar::experiment

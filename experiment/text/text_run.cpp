#include "experiment/text/text_run.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <optional>
#include <set>
#include <utility>

#include "core/metrics.hpp"
#include "experiment/text/critic_trainer.hpp"
#include "experiment/text/text_attempts.hpp"
#include "experiment/text/text_evaluations.hpp"
#include "experiment/text/text_models.hpp"
#include "experiment/text/text_pretraining.hpp"
#include "experiment/text/text_progress.hpp"
#include "learning/policy/policy_learner.hpp"
#include "persistence/bytes.hpp"
#include "persistence/store.hpp"

namespace qstar::experiment {
namespace {

constexpr std::size_t kReference = 500;         // attempts of the base that the critic is judged by
constexpr std::chrono::milliseconds kTurn{20};  // of waiting for the critic

class TextRun {
 public:
  TextRun(const ExperimentConfig& config,
          std::shared_ptr<const environment::Environment> environment, const StageHost& host,
          persistence::ReplayTable table)
      : config_(config),
        environment_(std::move(environment)),
        host_(host),
        tokenizer_(model::Tokenizer::make(environment_->alphabet()).value()),
        models_(host),
        attempts_(config, *environment_, host),
        evaluations_(config, *environment_, host),
        learner_(config.model, tokenizer_, derive_seed(seed(), "policy")),
        table_(std::move(table)),
        rng_(derive_seed(seed(), "replay")),
        progress_(config) {}

  Result<TextResult> run() {
    if (auto ready = restore(); !ready) return tl::unexpected(ready.error());
    progress_.begin(state_, now());
    auto status = train();
    if (status || status.error().code == Errc::kInterrupted) {
      if (auto saved = save(true); status && !saved) status = saved;
    }
    if (!status) return tl::unexpected(status.error());
    return TextResult{snapshot(), models_.bytes(state_.policy), serialize(critic_->model())};
  }

 private:
  std::uint64_t seed() const { return static_cast<std::uint64_t>(config_.seed); }
  double now() const { return host_.engine->times().now; }
  bool has_critic() const { return config_.critic.updates_per_version > 0; }

  Status train() {
    Status status;
    while (status && state_.pretrain_steps < config_.pretrain.steps) status = pretrain();
    if (status && state_.version == 0) status = base();
    if (status && state_.assessment_due) status = assess_critic();
    while (status && state_.version <= static_cast<std::uint64_t>(config_.rl.versions))
      status = next_version();
    if (status && !state_.finished) status = finish();
    return status;
  }

  Status interrupted() const {
    if (!host_.stop()) return {};
    return fail(Errc::kInterrupted, "stopped");
  }

  Status show(StageProgress progress) const {
    progress.values["cpu_seconds"] = cpu();
    progress.values["wall_seconds"] = before_.times.now + now();
    return host_.show(progress);
  }

  Status pretrain() {
    if (state_.pretrain_steps == 0) learner_.reset_optimizer();
    const auto slice = pretrain_slice(config_, *environment_, tokenizer_, host_, learner_, state_);
    if (!slice) return tl::unexpected(slice.error());
    if (slice->updates == 0) return interrupted();
    if (auto on = show(progress_.pretrained(state_, *slice, now())); !on) return on;
    return save(false);
  }

  // The pre-trained policy becomes version 1, and the critic begins as a copy of it.
  Status base() {
    auto critic = CriticTrainer::make(config_, learner_.model(), host_.keep_failed);
    if (!critic) return tl::unexpected(critic.error());
    critic_ = std::move(*critic);
    learner_.reset_optimizer();
    if (auto published = publish(); !published) return published;
    attempts_.order(state_);
    evaluate("base", false, config_.evaluation.problems);
    evaluate("base", true, config_.evaluation.problems);
    return interrupted();
  }

  // Makes the learners' weights the next version.
  Status publish() {
    ++state_.version;
    model::ModelFile policy = learner_.model();
    policy.metadata = metadata_of(config_, "policy");
    auto hash = models_.publish(serialize(policy), "policy", state_.version);
    if (!hash) return tl::unexpected(hash.error());
    state_.policy = std::move(*hash);
    if (!has_critic()) return {};
    hash = models_.publish(serialize(critic_->model()), "critic", state_.version);
    if (!hash) return tl::unexpected(hash.error());
    state_.critic = std::move(*hash);
    return {};
  }

  // Forgets the models that nothing under way names.
  void forget_models() {
    std::set<ModelHash> needed = {state_.policy, state_.critic};
    attempts_.add_models(needed);
    evaluations_.add_models(needed);
    models_.keep_only(needed);
  }

  // ---- a version -------------------------------------------------------------------------------

  Status store(const OrderedVersion& made_by, std::vector<AttemptGroup> groups) {
    for (auto& group : groups) {
      for (auto& attempt : group.attempts) {
        attempt.provenance = {config_.name, "", QSTAR_VERSION};
        models_.name_in(attempt, made_by);
      }
      count(group, state_);
    }
    if (auto kept = host_.keep(groups); !kept) return kept;
    std::vector<std::shared_ptr<const AttemptGroup>> shared;
    shared.reserve(groups.size());
    for (auto& group : groups)
      shared.push_back(std::make_shared<const AttemptGroup>(std::move(group)));
    for (const auto& group : shared) table_.insert(group);
    if (has_critic()) critic_->insert(shared);
    return {};
  }

  Status next_version() {
    attempts_.order(state_);
    auto stored = attempts_.collect(
        state_, [this](const OrderedVersion& made_by, std::vector<AttemptGroup> groups) {
          return store(made_by, std::move(groups));
        });
    if (!stored) return stored;
    auto critic = begin_critic();
    // Whatever happens here, the critic has come to rest before its stage ends.
    const AtRest at_rest{critic, critic_stops_};
    Status status;
    const auto learning = [&] {
      return state_.policy_updates < version_end(state_, config_) ||
             (critic && critic->wait_for(kTurn) != std::future_status::ready);
    };
    while (status && learning()) {
      if (state_.policy_updates < version_end(state_, config_)) status = update_policy();
      if (status && evaluations_.ready()) status = note_evaluation();
      if (status) status = interrupted();
    }
    if (!status) critic_stops_ = true;
    Status taught = critic ? critic->get() : Status{};
    note_critic();
    if (!taught) return taught;
    if (status) status = interrupted();  // the critic may have stopped before its last update
    return status ? end_version() : status;
  }

  // The critic learns beside the policy.
  std::optional<std::future<Status>> begin_critic() {
    if (!has_critic()) return std::nullopt;
    const auto target =
        static_cast<std::int64_t>(state_.version) * config_.critic.updates_per_version;
    critic_stops_ = false;
    return host_.beside("critic", [this, target] {
      return critic_->train(target, Stop([this] { return critic_stops_ || host_.stop(); }));
    });
  }

  void note_critic() {
    if (!critic_) return;
    state_.critic_updates = critic_->updates();
    state_.trained_tokens += critic_->trained_tokens() - critic_tokens_;
    critic_tokens_ = critic_->trained_tokens();
  }

  // Expert iteration on wins that are not too old.
  Status update_policy() {
    if (state_.policy_updates == 0) learner_.reset_optimizer();
    const auto sampled =
        table_.sample(config_.rl.groups_per_update, oldest_allowed(state_, config_), rng_);
    std::vector<std::string> texts;
    std::vector<float> weights;
    double versions = 0;
    for (const auto& one : sampled) {
      learning::select_wins(*one.group, config_.rl.selection, texts, weights);
      versions += static_cast<double>(one.group->policy_version());
    }
    if (!sampled.empty())
      trained_.staleness =
          static_cast<double>(state_.version) - versions / static_cast<double>(sampled.size());
    if (!texts.empty()) {
      if (auto taught = learn(texts, weights); !taught) return taught;
    }
    ++state_.policy_updates;
    return {};
  }

  Status learn(const std::vector<std::string>& texts, const std::vector<float>& weights) {
    const auto& optimizer = config_.rl.optimizer;
    const auto total = config_.rl.versions * config_.rl.updates_per_version;
    const auto batch = learning::batch_of_solutions(tokenizer_, texts, weights);
    const auto stats = learning::or_keep(
        learner_.update(batch, optimizer,
                        learning::schedule(optimizer, state_.policy_updates, total)),
        {"policy", host_.keep_failed}, tokenizer_, batch);
    if (!stats) return tl::unexpected(stats.error());
    state_.trained_tokens += static_cast<std::uint64_t>(stats->tokens);
    trained_.tokens += stats->tokens;
    trained_.loss += stats->loss / static_cast<double>(config_.rl.updates_per_version);
    trained_.values["rows"] = static_cast<double>(texts.size());
    return {};
  }

  Status end_version() {
    const auto made = static_cast<std::int64_t>(state_.version);
    if (auto published = publish(); !published) return published;
    attempts_.order(state_);
    if (made % config_.evaluation.curve_every == 0)
      evaluate("curve", false, config_.evaluation.curve_problems);
    auto trained = std::exchange(trained_, {});
    trained.dropped_stale = table_.dropped_stale();
    auto on = show(progress_.trained(state_, trained, now()));
    state_.assessment_due = has_critic() && made % config_.evaluation.curve_every == 0;
    if (on && state_.assessment_due) on = assess_critic();
    while (on && evaluations_.ready()) on = note_evaluation();
    forget_models();
    if (!on) return on;
    return save(false);
  }

  Status assess_critic() {
    // What it is judged by are attempts of the base.
    while (reference_.empty() && !evaluations_.empty())
      if (auto noted = note_evaluation(); !noted) return noted;
    state_.critic_figures = critic_->assess(reference_);
    state_.assessment_due = false;
    return show(progress_.criticised(state_, critic_->loss()));
  }

  void evaluate(const std::string& what, bool sampled, std::int64_t problems) {
    const nlohmann::json point = {{"policy_version", state_.version},
                                  {"generated_tokens", state_.generated_tokens},
                                  {"cpu_seconds", cpu()}};
    evaluations_.order({what, sampled, problems, point, state_.policy});
  }

  // Waits for the oldest evaluation.
  Status note_evaluation() {
    auto complete = evaluations_.take();
    if (!complete) return tl::unexpected(complete.error());
    const auto& what = complete->what;
    if (what.what == "base" && what.sampled) {
      reference_ = std::move(complete->groups);
      reference_.resize(std::min(reference_.size(), kReference));
    }
    record(state_, what, complete->figures);
    return show(TextProgress::evaluated(what, complete->figures));
  }

  // The figures of the last policy.
  Status finish() {
    if (!evaluations_.has("final") && state_.final_.empty()) {
      evaluate("final", false, config_.evaluation.problems);
      evaluate("final", true, config_.evaluation.problems);
    }
    while (!evaluations_.empty()) {
      if (auto noted = note_evaluation(); !noted) return noted;
    }
    state_.finished = true;
    return {};
  }

  // ---- saves -----------------------------------------------------------------------------------

  double cpu() const {
    return before_.cpu_seconds + process_cpu_seconds() - cpu_at_start_ +
           host_.engine->remote_cpu_seconds();
  }
  TextState snapshot() const {
    TextState state = state_;
    state.ordered = attempts_.ordered();
    state.evaluations = evaluations_.ordered();
    state.cpu_seconds = cpu();
    state.times = before_.times + host_.engine->times();
    return state;
  }

  Status save(bool at_once) {
    return host_.save(
        kTextLabel, [this] { return parts(); }, at_once);
  }

  SavedParts parts() const {
    SavedParts parts = {{"state.json", qstar::experiment::save(snapshot())},
                        {"policy", learner_.save()}};
    std::string table;
    persistence::append_raw(table, rng_.state());
    parts["policy_table"] = table + table_.save();
    parts["reference"] = persistence::pack(reference_);
    if (critic_) parts.merge(critic_->save());
    models_.save(parts);
    return parts;
  }

  Status restore() {
    const auto saved = host_.load(kTextLabel);
    if (!saved) return tl::unexpected(saved.error());
    if (saved->empty()) return {};
    for (const auto* part : {"state.json", "policy", "policy_table", "reference"})
      if (!saved->contains(part)) return damaged_part(part);
    auto state = load_text_state(saved->at("state.json"));
    if (!state) return tl::unexpected(state.error());
    if (auto fits = extend(*state, config_); !fits) return fits;
    state_ = std::move(*state);
    before_ = state_;
    if (auto kept = attempts_.check_stored(state_); !kept) return kept;
    const auto source = fmt::format("checkpoints/{}/policy", kTextLabel);
    if (auto loaded = learner_.load(saved->at("policy"), source); !loaded) return loaded;
    std::string_view table = saved->at("policy_table");
    std::array<std::uint64_t, 4> place{};
    if (!persistence::take_raw(table, place)) return damaged_part("policy_table");
    rng_.set_state(place);
    if (auto restored = table_.restore(table, host_.stored); !restored) return restored;
    auto reference = persistence::unpack(saved->at("reference"));
    if (!reference) return damaged_part("reference");
    reference_ = std::move(*reference);
    return state_.version > 0 ? restore_models(*saved) : Status{};
  }

  Status restore_models(const SavedParts& saved) {
    auto critic = CriticTrainer::make(config_, learner_.model(), host_.keep_failed);
    if (!critic) return tl::unexpected(critic.error());
    critic_ = std::move(*critic);
    const auto folder = fmt::format("checkpoints/{}", kTextLabel);
    if (auto loaded = critic_->load(saved, folder, host_.stored); !loaded) return loaded;
    critic_tokens_ = critic_->trained_tokens();
    if (auto restored = models_.restore(saved); !restored) return restored;
    std::set<ModelHash> needed = {state_.policy, state_.critic};
    for (const auto& ordered : state_.ordered) needed.insert({ordered.policy.hash, ordered.critic});
    for (const auto& evaluation : state_.evaluations) needed.insert(evaluation.policy);
    for (const auto& model : needed)
      if (!model.empty() && !models_.has(model)) return damaged_part("model " + model);
    attempts_.order_again(state_.ordered);
    for (const auto& evaluation : state_.evaluations) evaluations_.order(evaluation);
    return {};
  }

  const ExperimentConfig& config_;
  std::shared_ptr<const environment::Environment> environment_;
  const StageHost& host_;
  model::Tokenizer tokenizer_;
  TextModels models_;
  TextAttempts attempts_;
  TextEvaluations evaluations_;
  learning::PolicyLearner learner_;
  std::unique_ptr<CriticTrainer> critic_;  // from version 1 on
  std::atomic<bool> critic_stops_ = false;
  std::uint64_t critic_tokens_ = 0;  // counted
  persistence::ReplayTable table_;   // of the policy
  Rng rng_;
  TextProgress progress_;
  TextState state_, before_;
  Trained trained_;                      // of the version under way
  std::vector<AttemptGroup> reference_;  // the base's attempts at held-out problems
  double cpu_at_start_ = process_cpu_seconds();
};

}  // namespace

Result<TextResult> run_text(const ExperimentConfig& config,
                            std::shared_ptr<const environment::Environment> environment,
                            const StageHost& host) {
  auto table = persistence::ReplayTable::make(config.replay.policy);
  if (!table) return tl::unexpected(table.error());
  return TextRun(config, std::move(environment), host, std::move(*table)).run();
}

}  // namespace qstar::experiment

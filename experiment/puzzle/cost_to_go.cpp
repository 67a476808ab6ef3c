#include "experiment/puzzle/cost_to_go.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <deque>

#include "core/metrics.hpp"
#include "experiment/puzzle/greedy_records.hpp"
#include "learning/cost_to_go/puzzle_targets.hpp"
#include "persistence/store.hpp"

namespace qstar::experiment {
namespace {

constexpr double kBetweenReports = 1;  // seconds

class CostToGoStage {
 public:
  CostToGoStage(Run& run, const std::string& name, const CostToGoConfig& config,
                learning::PuzzleLearner learner)
      : run_(run),
        name_(name),
        config_(config),
        puzzle_(run.puzzle()),
        host_(run.host()),
        learner_(std::move(learner)),
        taught_(learning::taught_outputs(config_.learner)) {
    environment::EnvironmentConfig environment = run.config().environment;
    learning::PuzzleLearnerConfig described = config_.learner;
    description_.environment = print_config(describe_of(environment));
    description_.learner = print_config(describe_of(described));
    description_.seed = scrambles_seed(run.config());
    description_.with_targets = !config_.learner.double_q;
  }

  Result<StageResult> train() {
    if (auto ready = restore(); !ready) return tl::unexpected(ready.error());
    Status status;
    while (status && !done()) status = train_on_next();
    if (status) withdraw();
    if (status && !state_.just_checked()) status = check(config_.record.checks > 0);
    if (status || status.error().code == Errc::kInterrupted) {
      if (auto saved = save(true); status && !saved) status = saved;
    }
    if (!status) return tl::unexpected(status.error());
    return result();
  }

 private:
  struct Ordered {
    TaskId task = 0;
    OrderedBatches what;
  };

  // ---- the state -------------------------------------------------------------------------------

  Status restore() {
    const auto saved = host_.load(name_);
    if (!saved) return tl::unexpected(saved.error());
    if (saved->empty()) return publish_target();
    auto state = load_cost_to_go_state(part(*saved, "state"));
    if (!state) return tl::unexpected(state.error());
    state_ = std::move(*state);
    if (config_.updates < state_.updates)
      return fail(
          Errc::kConfig,
          fmt::format("stages.{}.updates = {}: the run has made {} updates already; give at "
                      "least that many",
                      name_, config_.updates, state_.updates));
    before_ = state_;
    const std::string source = fmt::format("the saved state of {}: learner", name_);
    if (auto loaded = learner_.load(part(*saved, "learner"), source); !loaded) return loaded;
    if (auto published = publish_target(); !published) return published;
    return order_again(*saved);
  }

  static std::string_view part(const SavedParts& saved, const std::string& name) {
    const auto it = saved.find(name);
    return it == saved.end() ? std::string_view() : std::string_view(it->second);
  }

  static std::string target_name(std::uint64_t version) {
    return fmt::format("target-{}", version);
  }

  // Orders what was under way when the state was saved, with the same target networks.
  Status order_again(const SavedParts& saved) {
    // The limit may be lower now.
    const auto end = state_.batches + static_cast<std::uint64_t>(config_.updates - state_.updates);
    for (OrderedBatches what : state_.ordered) {
      if (what.first >= end) break;
      what.count = std::min(what.count, end - what.first);
      if (!targets_.contains(what.target_version)) {
        const auto bytes = part(saved, target_name(what.target_version));
        if (bytes.empty())
          return fail(Errc::kCorrupt, fmt::format("the saved state of {} lacks target network {}; "
                                                  "start a new run",
                                                  name_, what.target_version));
        if (auto published = publish_target(what.target_version, std::string(bytes)); !published)
          return published;
      }
      order(what);
    }
    state_.amid = state_.amid && !ordered_.empty();
    return {};
  }

  CostToGoState snapshot() const {
    CostToGoState state = state_;
    state.ordered.clear();
    for (const Ordered& ordered : ordered_) state.ordered.push_back(ordered.what);
    state.cpu_seconds = cpu();
    state.times = before_.times + host_.engine->times();
    return state;
  }

  Status save(bool at_once) {
    const auto parts = [this] {
      SavedParts all = {{"state", qstar::experiment::save(snapshot())},
                        {"learner", learner_.save()}};
      // The newest one is in the learner's state.
      for (const auto& [version, target] : targets_)
        if (version != state_.target_version) all[target_name(version)] = target.bytes;
      return all;
    };
    return host_.save(name_, parts, at_once);
  }

  // ---- limits ----------------------------------------------------------------------------------

  double cpu() const { return before_.cpu_seconds + run_.cpu_seconds() - cpu_at_start_; }
  bool done() const { return share_done(state_, config_, cpu()) >= 1; }

  // ---- batches ---------------------------------------------------------------------------------

  // The first batch that must not be ordered yet.
  std::uint64_t horizon() const {
    const auto& learner = config_.learner;
    const std::int64_t until_check =
        learner.check_period - (state_.updates - state_.newest.updates);
    const std::int64_t until_stale = until_check + config_.checks_ahead * learner.check_period;
    const std::int64_t until_end = config_.updates - state_.updates;
    const std::int64_t ahead = std::min({config_.batches_ahead, until_stale, until_end});
    return state_.batches + static_cast<std::uint64_t>(std::max<std::int64_t>(ahead, 1));
  }

  void order_ahead() {
    const std::uint64_t end = horizon();
    const auto most = static_cast<std::uint64_t>(config_.batches_per_lease);
    std::uint64_t next = state_.batches;
    if (!ordered_.empty()) next = ordered_.back().what.first + ordered_.back().what.count;
    for (; next < end; next = ordered_.back().what.first + ordered_.back().what.count) {
      const std::uint64_t count = std::min(most, end - next);
      // Where only the capacity limits it, a lease can wait until it is a full one.
      const bool at_capacity =
          end - state_.batches == static_cast<std::uint64_t>(config_.batches_ahead);
      if (count < most && at_capacity && !ordered_.empty()) return;
      order({next, count, state_.target_version});
    }
  }

  void order(const OrderedBatches& what) {
    ScrambleTask task = description_;
    task.first_batch = what.first;
    task.batches = what.count;
    task.network = targets_.at(what.target_version).hash;
    ordered_.push_back({host_.engine->submit(std::move(task)), what});
  }

  void withdraw() {
    std::vector<TaskId> tasks;
    for (const Ordered& ordered : ordered_) tasks.push_back(ordered.task);
    host_.engine->cancel(tasks);
    ordered_.clear();
  }

  // Fits the batches of one task.
  Status train_on_next() {
    // Between two leases only, as if it had never been interrupted.
    if (!state_.amid) order_ahead();
    auto made = host_.engine->wait(ordered_.front().task);
    if (!made) return tl::unexpected(made.error());
    if (made->batches.size() != ordered_.front().what.count)
      return fail(Errc::kCorrupt, "a node made another number of batches than it was asked for");
    for (const ExampleBatch& batch : made->batches) {
      if (auto fitted = fit(batch); !fitted) return fitted;
    }
    forget_targets();
    return save(false);
  }

  Status fit(const ExampleBatch& batch) {
    if (auto sound = qstar::experiment::check(batch, *puzzle_, taught_); !sound) return sound;
    const learning::PuzzleUpdate update = batch.targets.empty()
                                              ? learner_.update(batch.examples)
                                              : learner_.fit(batch.examples, batch.targets);
    if (!std::isfinite(update.loss)) return not_finite(batch);
    fitted(update);
    if (auto on = learner_.check_due() ? check(records_due()) : report(false); !on) return on;
    if (host_.stop()) return fail(Errc::kInterrupted, "stopped");
    return {};
  }

  void fitted(const learning::PuzzleUpdate& update) {
    ++state_.batches;
    auto& under_way = ordered_.front().what;
    ++under_way.first;
    state_.amid = --under_way.count > 0;
    if (!state_.amid) ordered_.pop_front();
    if (update.examples == 0) return;  // the batch had no position with a legal move
    ++state_.updates;
    state_.examples += update.examples;
    loss_ = update.loss;
  }

  Status not_finite(const ExampleBatch& batch) const {
    nlohmann::json rows = nlohmann::json::array();
    std::string text;
    const std::size_t size = puzzle_->state_bytes();
    for (std::size_t i = 0; i < batch.examples.size(); ++i) {
      const auto state = std::span(batch.examples.states).subspan(i * size, size);
      const nlohmann::json row = {{"position", puzzle_->text(state)},
                                  {"move", puzzle_->move_name(batch.examples.moves[i])}};
      text += (i == 0 ? "" : ",\n") + row.dump();
    }
    const Error why{Errc::kConfig, "the loss is no longer finite: lower the stage's rate"};
    return tl::unexpected(learning::FailedBatches{name_, host_.keep_failed}.keep_rows(why, text));
  }

  // ---- checks and target networks --------------------------------------------------------------

  bool records_due() const {
    return config_.record.checks > 0 && state_.checks % config_.record.checks == 0;
  }

  Status check(bool with_records) {
    const learning::PuzzleCheck found = learner_.check();
    ++state_.checks;
    if (found.target_updated) {
      ++state_.target_version;
      if (auto published = publish_target(); !published) return published;
    }
    state_.newest = {state_.updates, state_.examples, cpu(),
                     found.loss,     found.solved,    state_.target_version};
    state_.curve.add(state_.newest);
    if (with_records) {
      if (auto kept = keep_records(); !kept) return kept;
    }
    return report(true);
  }

  Status publish_target() {
    return publish_target(state_.target_version, serialize(learner_.target_model()));
  }

  Status publish_target(std::uint64_t version, std::string bytes) {
    auto hash = host_.engine->publish(bytes);
    if (!hash) return tl::unexpected(hash.error());
    targets_[version] = {std::move(*hash), std::move(bytes)};
    return {};
  }

  // Keeps the newest target network and those of batches under way.
  void forget_targets() {
    std::erase_if(targets_, [this](const auto& target) {
      const std::uint64_t version = target.first;
      return version != state_.target_version &&
             std::none_of(ordered_.begin(), ordered_.end(), [version](const Ordered& ordered) {
               return ordered.what.target_version == version;
             });
    });
  }

  Status keep_records() {
    auto number = model_number();
    if (!number) return tl::unexpected(number.error());
    const auto walks = learner_.walks(static_cast<std::size_t>(config_.record.positions));
    const auto groups =
        records_of(*puzzle_, walks,
                   {run_.group_id(name_, static_cast<std::uint64_t>(state_.records)),
                    static_cast<std::uint64_t>(state_.updates),
                    state_.target_version,
                    *number,
                    {run_.config().name, "head", QSTAR_VERSION}});
    state_.records += static_cast<std::int64_t>(groups.size());
    return host_.keep(persistence::pack(groups));
  }

  Result<std::uint64_t> model_number() const {
    if (!host_.model_number) return 0;
    const auto hash = host_.engine->publish(serialize(learner_.model()));
    if (!hash) return tl::unexpected(hash.error());
    return host_.model_number(*hash, "cost_to_go", name_,
                              static_cast<std::uint64_t>(state_.updates));
  }

  inference::PuzzleModel described_model() const {
    inference::PuzzleModel model = learner_.model();
    for (const auto& [key, value] : metadata_of(run_.config(), "cost_to_go"))
      if (key == "environment" || key == "config_hash" || key == "seed" || key == "code_version")
        model.metadata.insert({key, value});
    return model;
  }

  StageResult result() const {
    nlohmann::json figures = state_.newest;
    auto curve = state_.curve.points;
    if (curve.empty() || curve.back().updates != state_.newest.updates)
      curve.push_back(state_.newest);
    const auto& learner = config_.learner;
    figures.update({{"positions", learner.check_positions},
                    {"moves", learner.check_moves},
                    {"curve", curve},
                    {"network",
                     {{"values", learner.network.values},
                      {"first", learner.network.first},
                      {"second", learner.network.second},
                      {"blocks", learner.network.blocks}}},
                    {"updates", state_.updates},
                    {"examples", state_.examples},
                    {"target_versions", state_.target_version},
                    {"cpu_seconds", cpu()}});
    StageResult result{std::move(figures), {}};
    auto& model = result.models[name_];
    model.cpu_seconds = cpu();
    model.network = serialize(described_model());
    return result;
  }

  // ---- progress --------------------------------------------------------------------------------

  Status report(bool checked) {
    const double now = host_.engine->times().now;
    if (!checked && now - reported_ < kBetweenReports) return {};
    reported_ = now;
    const double share = share_done(state_, config_, cpu());
    const auto total = std::llround(static_cast<double>(state_.updates) / std::max(share, 1e-9));
    StageProgress progress{name_, state_.updates, share < 1 ? total : state_.updates, {}};
    auto& values = progress.values;
    values = {{"examples", static_cast<double>(state_.examples)},
              {"target_version", static_cast<double>(state_.target_version)},
              {"leases.outstanding", static_cast<double>(ordered_.size())},
              {"cpu_seconds", cpu()},
              {"wall_seconds", before_.times.now + now},
              {"loss", checked ? state_.newest.loss : loss_}};
    if (state_.checks > 0) values["solved"] = state_.newest.solved;
    return host_.show(progress);
  }

  Run& run_;
  const std::string& name_;
  const CostToGoConfig& config_;
  std::shared_ptr<const environment::Puzzle> puzzle_;
  const StageHost& host_;
  learning::PuzzleLearner learner_;
  std::size_t taught_;
  ScrambleTask description_;  // of every task, but for its batches
  struct Target {
    ModelHash hash;
    std::string bytes;
  };
  std::map<std::uint64_t, Target> targets_;  // by version
  std::deque<Ordered> ordered_;
  CostToGoState state_, before_;
  double cpu_at_start_ = run_.cpu_seconds();
  double reported_ = 0, loss_ = 0;
};

}  // namespace

double share_done(const CostToGoState& state, const CostToGoConfig& limits, double cpu_seconds) {
  const double by_updates =
      static_cast<double>(state.updates) / static_cast<double>(limits.updates);
  const double by_time = limits.cpu_seconds > 0 ? cpu_seconds / limits.cpu_seconds : 0;
  return std::min(1.0, std::max(by_updates, by_time));
}

Result<StageResult> cost_to_go_stage(Run& run, const StageEntry& stage) {
  const auto& config = *stage.as<CostToGoConfig>();
  (void)run.group_id(stage.name, 0);
  auto learner = learner_of(run.config(), config, run.puzzle());
  if (!learner) return tl::unexpected(learner.error());
  return CostToGoStage(run, stage.name, config, std::move(*learner)).train();
}

}  // namespace qstar::experiment

// Pre-training on noisy solutions, and fine-tuning on right ones.
#include <numeric>

#include "experiment/text/curated.hpp"
#include "experiment/text/stage_configs.hpp"
#include "experiment/text/stages.hpp"
#include "learning/failed_batch.hpp"
#include "learning/policy/policy_learner.hpp"
#include "learning/policy/pretraining.hpp"

namespace qstar::experiment {
namespace {

constexpr std::int64_t kShown = 25;  // steps between two figures

class Pretraining {
 public:
  Pretraining(Run& run, const std::string& name, const PretrainStageConfig& config)
      : run_(run),
        name_(name),
        config_(config),
        learner_(run.config().model, run.tokenizer(), run.seed("policy")) {}

  Result<StageResult> train() {
    if (auto restored = restore(); !restored) return tl::unexpected(restored.error());
    Status status;
    while (status && step_ < config_.steps) status = learn();
    // Kept until the stage ends, so that a resumed run does not repeat it.
    if (status) status = save(true);
    if (!status) return tl::unexpected(status.error());
    const double spent = cpu_seconds();
    auto policy = measured(run_, learner_.model(), name_, spent);
    if (!policy) return tl::unexpected(policy.error());
    policy->figures.update({{"tokens", tokens_}, {"cpu_seconds", spent}});
    return StageResult{std::move(policy->figures), {{name_, std::move(policy->model)}}};
  }

 private:
  double cpu_seconds() const { return before_ + run_.cpu_seconds() - began_; }

  Status restore() {
    began_ = run_.cpu_seconds();
    const auto saved = run_.host().load(name_);
    if (!saved) return tl::unexpected(saved.error());
    if (!saved->contains("learner")) return {};
    const auto state = nlohmann::json::parse(part(*saved, "state.json"), nullptr, false);
    const auto has_number = [&](const char* key) {
      return state.is_object() && state.contains(key) && state[key].is_number();
    };
    if (!has_number("step") || !has_number("cpu"))
      return fail(Errc::kCorrupt,
                  "checkpoints/" + name_ + ": state.json is missing or damaged; start a new run");
    step_ = state.at("step");
    before_ = state.at("cpu");
    tokens_ = step_ * config_.rows * config_.length;
    return learner_.load(saved->at("learner"), "checkpoints/" + name_ + ": learner");
  }

  static std::string_view part(const SavedParts& saved, const std::string& name) {
    const auto found = saved.find(name);
    return found == saved.end() ? std::string_view() : std::string_view(found->second);
  }

  Status save(bool at_once) {
    const auto parts = [&] {
      const nlohmann::json state = {{"step", step_}, {"cpu", cpu_seconds()}};
      return SavedParts{{"learner", learner_.save()}, {"state.json", state.dump()}};
    };
    return run_.host().save(name_, parts, at_once);
  }

  Status learn() {
    const auto stats =
        learning::pretrain_step(learner_, run_.environment(), run_.tokenizer(),
                                run_.config().corpus, config_, run_.seed(name_), step_);
    if (!stats) return failed(stats.error());
    ++step_;
    tokens_ += stats->tokens;
    losses_.push_back(stats->loss);
    const bool due = step_ % kShown == 0 || step_ == config_.steps || run_.host().stop();
    auto on = due ? show(stats->gradient_norm) : Status{};
    if (on && run_.host().stop()) on = fail(Errc::kInterrupted, "stopped");
    if (auto kept = save(!on); !kept) return kept;
    return on;
  }

  // The mean loss since it was shown last.
  Status show(double gradient_norm) {
    const double loss =
        std::accumulate(losses_.begin(), losses_.end(), 0.0) / static_cast<double>(losses_.size());
    losses_.clear();
    return run_.host().show({name_,
                             step_,
                             config_.steps,
                             {{"loss", loss},
                              {"gradient_norm", gradient_norm},
                              {"tokens", static_cast<double>(tokens_)}}});
  }

  // Keeps the rows of the step.
  Status failed(const Error& why) const {
    const auto batch =
        learning::pretraining_batch(run_.environment(), run_.tokenizer(), run_.config().corpus,
                                    config_, run_.seed(name_), step_);
    const learning::FailedBatches failed{name_, run_.host().keep_failed};
    return tl::unexpected(failed.keep_rows(why, learning::rows_json(run_.tokenizer(), batch)));
  }

  Run& run_;
  const std::string& name_;
  const PretrainStageConfig& config_;
  learning::PolicyLearner learner_;
  std::int64_t step_ = 0, tokens_ = 0;
  std::vector<double> losses_;
  double began_ = 0, before_ = 0;  // CPU seconds; before: of earlier sessions
};

}  // namespace

Result<StageResult> pretrain_stage(Run& run, const StageEntry& stage) {
  return Pretraining(run, stage.name, *stage.as<PretrainStageConfig>()).train();
}

Result<StageResult> finetune_stage(Run& run, const StageEntry& stage) {
  const double cpu = run.cpu_seconds();
  const auto& config = *stage.as<FineTuneConfig>();
  learning::PolicyLearner learner(run.model(config.start));
  const auto texts = curated_solutions(run, config.solutions);
  Rng rng(run.seed(stage.name));
  std::int64_t tokens = 0;
  for (std::int64_t i = 0; i < config.steps; ++i) {
    const auto batch = draw_solutions(run.tokenizer(), texts, config.rows, rng);
    const auto stats =
        learning::or_keep(learner.update(batch, config.optimizer,
                                         learning::schedule(config.optimizer, i, config.steps)),
                          {stage.name, run.host().keep_failed}, run.tokenizer(), batch);
    if (!stats) return tl::unexpected(stats.error());
    tokens += stats->tokens;
    if (auto on = run.host().show({stage.name, i + 1, config.steps, {{"loss", stats->loss}}}); !on)
      return tl::unexpected(on.error());
  }
  const double spent = run.cpu_seconds() - cpu;
  auto policy = measured(run, learner.model(), stage.name, run.cost_of(config.start) + spent);
  if (!policy) return tl::unexpected(policy.error());
  policy->figures.update({{"solutions", texts.size()}, {"tokens", tokens}, {"cpu_seconds", spent}});
  return StageResult{std::move(policy->figures), {{stage.name, std::move(policy->model)}}};
}

}  // namespace qstar::experiment

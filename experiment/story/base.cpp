// Pre-training on noisy solutions, and fine-tuning on right ones.
#include "experiment/story/curated.hpp"
#include "experiment/story/stages.hpp"
#include "learning/policy/pretraining.hpp"

namespace qstar::experiment {
namespace {

// Keeps the rows of a step of pre-training that failed.
Status not_pretrained(const Story& story, const Error& why, std::int64_t step) {
  const auto& config = story.config();
  const auto batch =
      learning::pretraining_batch(story.environment(), story.tokenizer(), config.corpus,
                                  config.pretrain, story.seed("base"), step);
  const learning::FailedBatches failed{"base", story.host().keep_failed};
  return tl::unexpected(failed.keep_rows(why, learning::rows_json(story.tokenizer(), batch)));
}

}  // namespace

Status base_stage(Story& story) {
  const double cpu = story.cpu_seconds();
  const auto& config = story.config();
  learning::PolicyLearner learner(config.model, story.tokenizer(), story.seed("policy"));
  const auto saved = story.host().load("base");
  if (!saved) return tl::unexpected(saved.error());
  std::int64_t first = 0;
  double before = 0;  // CPU seconds of earlier processes
  if (saved->contains("learner")) {
    if (auto loaded = learner.load(saved->at("learner"), "checkpoints/base: learner"); !loaded)
      return loaded;
    first = std::stoll(saved->at("step"));
    before = std::stod(saved->at("cpu"));
  }
  std::int64_t tokens = first * config.pretrain.rows * config.pretrain.length;
  for (std::int64_t i = first; i < config.pretrain.steps; ++i) {
    const auto stats =
        learning::pretrain_step(learner, story.environment(), story.tokenizer(), config.corpus,
                                config.pretrain, story.seed("base"), i);
    if (!stats) return not_pretrained(story, stats.error(), i);
    tokens += stats->tokens;
    const auto parts = [&] {
      return std::map<std::string, std::string>{
          {"learner", learner.save()},
          {"step", std::to_string(i + 1)},
          {"cpu", std::to_string(before + story.cpu_seconds() - cpu)}};
    };
    auto on = story.host().show({"base", i + 1, config.pretrain.steps, {{"loss", stats->loss}}});
    if (auto kept = story.host().save("base", parts, !on); !kept) return kept;
    if (!on) return on;
  }
  story.models["base"] = learner.model();
  const double spent = before + story.cpu_seconds() - cpu;
  auto figures = story.evaluate(story.models["base"], "base");
  if (!figures) return tl::unexpected(figures.error());
  figures->update({{"tokens", tokens}, {"cpu_seconds", spent}});
  story.report["base"] = std::move(*figures);
  return {};
}

Status fine_tuning_stage(Story& story) {
  const double cpu = story.cpu_seconds();
  const auto& config = story.config().sft;
  learning::PolicyLearner learner(story.models.at("base"));
  const auto texts = curated_solutions(story, config.solutions);
  Rng rng(story.seed("sft"));
  std::int64_t tokens = 0;
  for (std::int64_t i = 0; i < config.steps; ++i) {
    const auto batch = draw_solutions(story.tokenizer(), texts, config.rows, rng);
    const auto stats =
        learning::or_keep(learner.update(batch, config.optimizer,
                                         learning::schedule(config.optimizer, i, config.steps)),
                          {"sft", story.host().keep_failed}, story.tokenizer(), batch);
    if (!stats) return tl::unexpected(stats.error());
    tokens += stats->tokens;
    if (auto on = story.host().show({"sft", i + 1, config.steps, {{"loss", stats->loss}}}); !on)
      return on;
  }
  story.models["sft"] = learner.model();
  const double spent = story.cpu_seconds() - cpu;
  auto figures = story.evaluate(story.models["sft"], "sft");
  if (!figures) return tl::unexpected(figures.error());
  figures->update({{"solutions", texts.size()}, {"tokens", tokens}, {"cpu_seconds", spent}});
  story.report["sft"] = std::move(*figures);
  return {};
}

}  // namespace qstar::experiment

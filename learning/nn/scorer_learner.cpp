#include "learning/nn/scorer_learner.hpp"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <utility>

namespace qstar::learning::nn {
namespace {

model::Tokenizer tokenizer_of(const model::ModelFile& model) {
  auto tokenizer = model::Tokenizer::make(std::string_view(model.characters).substr(2));
  QSTAR_ASSERT(tokenizer.has_value(), model.characters);
  return std::move(*tokenizer);
}

}  // namespace

ScorerLearner::ScorerLearner(const model::ModelFile& policy, Parameters parameters)
    : spec(policy.spec),
      tokenizer(tokenizer_of(policy)),
      online(std::move(parameters)),
      optimizer(online) {}

std::vector<std::vector<float>> ScorerLearner::step_scores(
    std::span<const Trajectory> attempts) const {
  if (attempts.empty()) return {};
  at::NoGradGuard no_gradients;
  std::vector<const Trajectory*> pointers;
  for (const auto& attempt : attempts) pointers.push_back(&attempt);
  const auto rows = rows_of(tokenizer, pointers, std::vector<float>(pointers.size(), 0.0F));
  return read_scores(rows, nn::score_steps(online, spec, tokens_of(rows.batch)).scores);
}

std::vector<float> ScorerLearner::scores(std::span<const model::StepQuery> queries) const {
  std::vector<std::string> texts;
  for (const auto& query : queries) texts.push_back(query.state + query.step);
  return score_texts(online, spec, tokenizer, texts);
}

model::ModelFile ScorerLearner::model(const std::string& role) const {
  model::ModelFile model{spec, tokenizer.characters(), {{"role", role}}, {}};
  to_model(online, model);
  return model;
}

std::string ScorerLearner::save(const Parameters& more) const {
  std::string out(reinterpret_cast<const char*>(&updates), sizeof(updates));
  return out + nn::save(online) + nn::save(more) + optimizer.save();
}

Status ScorerLearner::restore(std::string_view in, const Parameters& more) {
  if (auto loaded = nn::load(updates, in); !loaded) return loaded;
  for (const auto* parameters : {&std::as_const(online), &more})
    if (auto loaded = nn::load(*parameters, in); !loaded) return loaded;
  if (auto loaded = optimizer.load(in); !loaded) return loaded;
  return check_read(in);
}

Status ScorerLearner::load(std::string_view bytes, std::string_view source,
                           const Parameters& more) {
  const std::string before = save(more);
  const auto loaded = restore(bytes, more);
  if (loaded) return {};
  (void)restore(before, more);
  return refused(source, loaded.error());
}

}  // namespace qstar::learning::nn

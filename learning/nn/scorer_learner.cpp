#include "learning/nn/scorer_learner.hpp"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <fmt/format.h>

#include <cstring>

namespace qstar::nn {
namespace {

Tokenizer tokenizer_of(const ModelFile& model) {
  auto tokenizer = Tokenizer::make(std::string_view(model.characters).substr(2));
  QSTAR_ASSERT(tokenizer.has_value(), model.characters);
  return std::move(*tokenizer);
}

}  // namespace

ScorerLearner::ScorerLearner(const ModelFile& policy, Parameters parameters)
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

std::vector<float> ScorerLearner::scores(std::span<const StepQuery> queries) const {
  std::vector<std::string> texts;
  for (const auto& query : queries) texts.push_back(query.state + query.step);
  return score_texts(online, spec, tokenizer, texts);
}

ModelFile ScorerLearner::model(const std::string& role) const {
  ModelFile model{spec, tokenizer.characters(), {{"role", role}}, {}};
  to_model(online, model);
  return model;
}

std::string ScorerLearner::save(const Parameters& more) const {
  std::string out(reinterpret_cast<const char*>(&updates), sizeof(updates));
  return out + nn::save(online) + nn::save(more) + optimizer.save();
}

bool ScorerLearner::restore(std::string_view in, const Parameters& more) {
  if (in.size() < sizeof(updates)) return false;
  std::memcpy(&updates, in.data(), sizeof(updates));
  in.remove_prefix(sizeof(updates));
  return nn::load(online, in) && nn::load(more, in) && optimizer.load(in) && in.empty();
}

Status ScorerLearner::load(std::string_view bytes, std::string_view what, const Parameters& more) {
  const std::string before = save(more);
  if (restore(bytes, more)) return {};
  restore(before, more);
  return fail(
      Errc::kCorrupt,
      fmt::format("the saved state of the {} does not fit this model; start a new run", what));
}

}  // namespace qstar::nn

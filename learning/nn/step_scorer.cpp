#include "learning/nn/step_scorer.hpp"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <cmath>

#include "data/attempt.hpp"
#include "learning/nn/attention.hpp"

namespace qstar::learning::nn {
namespace {

// The name contains "blocks.", so that Muon trains its matrices.
constexpr const char* kBlock = "scorer.blocks.0";

constexpr const char* kValueHead = "scorer.value.weight";

// log p(token) and log p − max log p of every token given those before it, clamped at −8, halved;
// zero at place 0. [B,T,2], without gradients.
at::Tensor surprise(const at::Tensor& logits, const at::Tensor& tokens) {
  at::NoGradGuard no_gradients;
  const auto logp = at::log_softmax(logits.detach().slice(1, 0, -1), -1);
  const auto taken = logp.gather(-1, tokens.slice(1, 1).unsqueeze(-1)).squeeze(-1);
  const auto best = std::get<0>(logp.max(-1));
  const auto features = at::stack({taken, taken - best}, -1).clamp_min(-8).mul(0.5);
  return at::constant_pad_nd(features, {0, 0, 1, 0}, 0);
}

// The last place before each token where a step (or the problem) was closed; 0 if there is none.
// [B,T] int64.
at::Tensor states_before(const at::Tensor& tokens) {
  const auto places = at::arange(tokens.size(1), at::kLong).expand_as(tokens);
  const auto closed =
      at::where(tokens == model::Tokenizer::kStepToken, places, at::zeros_like(places));
  const auto last = std::get<0>(at::cummax(closed, 1));
  return at::constant_pad_nd(last.slice(1, 0, -1), {1, 0}, 0);
}

}  // namespace

StepRows rows_of(const model::Tokenizer& tokenizer, std::span<const Trajectory* const> attempts,
                 std::span<const float> weights) {
  std::vector<std::string> texts;
  StepRows rows;
  for (const Trajectory* attempt : attempts) {
    std::string text = text_of(*attempt);
    std::vector<std::int64_t> ends;
    auto at = static_cast<std::int64_t>(prompt_of(attempt->problem, {}).size());
    rows.prompt.push_back(at);
    if (!tokenizer.encode(text))
      text = prompt_of("0", {});
    else {
      for (std::size_t i = 0; i < closed_steps(*attempt); ++i) {
        at += static_cast<std::int64_t>(attempt->steps[i].text.size()) + 1;
        ends.push_back(at - 1);
      }
    }
    texts.push_back(std::move(text));
    rows.ends.push_back(std::move(ends));
  }
  rows.batch = batch_of_solutions(tokenizer, texts, weights);
  return rows;
}

Parameters scorer_parameters(const model::ModelFile& policy, std::uint64_t seed,
                             ScorerHeads heads) {
  auto p = from_model(policy, true);
  const auto d = policy.spec.width;
  Rng rng(seed);
  const double deviation = 1 / std::sqrt(static_cast<double>(d));
  const std::string b = kBlock;
  const auto add = [&p](const std::string& name, at::Tensor tensor) {
    p[name] = tensor.requires_grad_();
  };
  for (const char* norm : {".norm1", ".norm2"}) {
    add(b + norm + ".weight", at::ones({d}));
    add(b + norm + ".bias", at::zeros({d}));
  }
  add(b + ".attention.qkv.weight", normal_tensor({3 * d, d}, deviation, rng));
  add(b + ".attention.out.weight", at::zeros({d, d}));
  add(b + ".mlp.up.weight", normal_tensor({4 * d, d}, deviation, rng));
  add(b + ".mlp.down.weight", at::zeros({d, 4 * d}));
  add("scorer.features.weight", normal_tensor({d, 2}, 0.5, rng));
  add("scorer.norm.weight", at::ones({d}));
  add("scorer.norm.bias", at::zeros({d}));
  add("scorer.head.weight", normal_tensor({1, d}, 0.1 * deviation, rng));
  add("scorer.head.bias", at::zeros({1}));
  if (heads == ScorerHeads::kDueling) {
    add(kValueHead, normal_tensor({1, d}, 0.1 * deviation, rng));
    add("scorer.value.bias", at::zeros({1}));
  }
  return p;
}

StepScores score_steps(const Parameters& p, const model::ModelSpec& spec,
                       const at::Tensor& tokens) {
  const auto hidden = forward(p, spec, tokens);
  auto x =
      hidden.residual + at::linear(surprise(hidden.logits, tokens), p.at("scorer.features.weight"));
  // Its heads see everything, whatever the scopes of the trunk's heads: a step is judged after its
  // separator, when its line is already the previous line.
  model::ModelSpec all = spec;
  all.scopes.clear();
  x = block(p, kBlock, all, spec.scopes.empty() ? hidden.sights : sights_of(tokens, all), x);
  x = at::layer_norm(x, {x.size(-1)}, p.at("scorer.norm.weight"), p.at("scorer.norm.bias"), 1e-5);
  const auto scores =
      at::linear(x, p.at("scorer.head.weight"), p.at("scorer.head.bias")).squeeze(-1);
  if (p.find(kValueHead) == p.end()) return {scores, hidden.logits, scores};
  const auto values = at::linear(x, p.at(kValueHead), p.at("scorer.value.bias")).squeeze(-1);
  return {scores + values.gather(1, states_before(tokens)), hidden.logits, scores};
}

std::vector<std::vector<float>> read_scores(const StepRows& rows, const at::Tensor& logits) {
  const auto q = at::sigmoid(logits.detach()).contiguous();
  const auto* data = q.data_ptr<float>();
  std::vector<std::vector<float>> values;
  for (std::size_t r = 0; r < rows.ends.size(); ++r) {
    std::vector<float> steps;
    for (const auto end : rows.ends[r])
      steps.push_back(data[static_cast<std::int64_t>(r) * rows.batch.length + end]);
    values.push_back(std::move(steps));
  }
  return values;
}

at::Tensor at_ends(const StepRows& rows, const at::Tensor& of_places) {
  std::vector<std::int64_t> places;
  for (std::size_t r = 0; r < rows.ends.size(); ++r) {
    for (const auto end : rows.ends[r])
      places.push_back(static_cast<std::int64_t>(r) * rows.batch.length + end);
  }
  return of_places.flatten().index_select(0, at::tensor(places));
}

std::vector<float> score_texts(const Parameters& parameters, const model::ModelSpec& spec,
                               const model::Tokenizer& tokenizer,
                               std::span<const std::string> texts) {
  if (texts.empty()) return {};
  at::NoGradGuard no_gradients;
  const auto batch = batch_of_solutions(tokenizer, texts, std::vector<float>(texts.size(), 1.0F));
  const auto q = at::sigmoid(score_steps(parameters, spec, tokens_of(batch)).scores).contiguous();
  std::vector<float> values;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    values.push_back(q.data_ptr<float>()[static_cast<std::int64_t>(i) * batch.length +
                                         static_cast<std::int64_t>(texts[i].size()) - 1]);
  }
  return values;
}

StepTargets::StepTargets(const StepRows& rows)
    : values(at::zeros({rows.batch.rows, rows.batch.length})), weights(at::zeros_like(values)) {}

void StepTargets::teach(const StepRows& rows, std::size_t row, std::span<const float> targets,
                        float inside, float weight) {
  const auto offset = static_cast<std::int64_t>(row) * rows.batch.length;
  auto* value_of = values.data_ptr<float>() + offset;
  auto* weight_of = weights.data_ptr<float>() + offset;
  std::int64_t at = rows.prompt[row];
  for (std::size_t s = 0; s < std::min(targets.size(), rows.ends[row].size()); ++s) {
    const auto end = rows.ends[row][s];
    for (; at <= end; ++at) {
      if (std::isnan(targets[s])) continue;
      value_of[at] = targets[s];
      weight_of[at] = weight * (at == end ? 1.0F : inside);
    }
  }
}

}  // namespace qstar::learning::nn

#include "learning/critic_learner.hpp"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <cmath>
#include <cstring>

#include "learning/nn/optimizer.hpp"
#include "learning/nn/transformer.hpp"

namespace qstar {
namespace {

constexpr const char* kBlock =
    "critic.blocks.0";  // "blocks." in its name: Muon trains its matrices

// Attempts as rows of tokens, and where in its row each step ends.
struct Rows {
  TokenBatch batch;                  // weights: 1 on solutions of won attempts (language loss)
  std::vector<std::int64_t> prompt;  // tokens before the first step
  std::vector<std::vector<std::int64_t>> ends;  // place of each step's closing separator
};

// The text with every step closed, the last by the end, whether or not the attempt got that far.
std::string closed_text(const Trajectory& attempt) {
  std::string text = prompt_of(attempt.problem, {});
  for (std::size_t i = 0; i < attempt.steps.size(); ++i) {
    text += attempt.steps[i].text;
    text += i + 1 == attempt.steps.size() ? Tokenizer::kEnd : Tokenizer::kStep;
  }
  return text;
}

Rows rows_of(const Tokenizer& tokenizer, std::span<const Trajectory* const> attempts) {
  std::vector<std::string> texts;
  std::vector<float> weights;
  Rows rows;
  for (const Trajectory* attempt : attempts) {
    std::string text = closed_text(*attempt);
    std::vector<std::int64_t> ends;
    auto at = static_cast<std::int64_t>(prompt_of(attempt->problem, {}).size());
    rows.prompt.push_back(at);
    if (!tokenizer.encode(text))
      text = prompt_of("0", {});
    else {
      for (const auto& step : attempt->steps) {
        at += static_cast<std::int64_t>(step.text.size()) + 1;
        ends.push_back(at - 1);
      }
    }
    texts.push_back(std::move(text));
    weights.push_back(attempt->win() ? 1.0F : 0.0F);
    rows.ends.push_back(std::move(ends));
  }
  rows.batch = batch_of_solutions(tokenizer, texts, weights);
  return rows;
}

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

}  // namespace

struct CriticLearner::Impl {
  ModelSpec spec;
  Tokenizer tokenizer;
  nn::Parameters online, target;
  nn::Optimizer optimizer;
  std::int64_t updates = 0;

  Impl(const ModelFile& policy, Tokenizer t, nn::Parameters parameters)
      : spec(policy.spec),
        tokenizer(std::move(t)),
        online(std::move(parameters)),
        optimizer(online) {
    copy_target();
  }

  void copy_target() {
    for (const auto& [name, tensor] : online) target[name] = tensor.detach().clone();
  }

  struct Output {
    at::Tensor q;       // [B,T] logits
    at::Tensor logits;  // [B,T,V] of the trunk
  };
  Output forward(const nn::Parameters& p, const at::Tensor& tokens) const {
    const auto hidden = nn::forward(p, spec, tokens);
    auto x = hidden.residual +
             at::linear(surprise(hidden.logits, tokens), p.at("critic.features.weight"));
    x = nn::block(p, kBlock, spec, x);
    x = at::layer_norm(x, {x.size(-1)}, p.at("critic.norm.weight"), p.at("critic.norm.bias"), 1e-5);
    const auto q = at::linear(x, p.at("critic.head.weight"), p.at("critic.head.bias")).squeeze(-1);
    return {q, hidden.logits};
  }

  // Q at the end of every step, from q logits [B,T].
  static std::vector<std::vector<float>> read(const Rows& rows, const at::Tensor& logits) {
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
};

namespace {

struct Targets {
  at::Tensor values, weights;  // [B,T]
};

// Every token of a step is taught the step's target: fully at its end, a little inside.
void teach(const Rows& rows, std::size_t row, std::span<const float> targets, float inside,
           float weight, Targets& out) {
  auto* values = out.values.data_ptr<float>() + static_cast<std::int64_t>(row) * rows.batch.length;
  auto* weights =
      out.weights.data_ptr<float>() + static_cast<std::int64_t>(row) * rows.batch.length;
  std::int64_t at = rows.prompt[row];
  for (std::size_t s = 0; s < targets.size(); ++s) {
    const auto end = rows.ends[row][s];
    for (; at <= end; ++at) {
      values[at] = targets[s];
      weights[at] = weight * (at == end ? 1.0F : inside);
    }
  }
}

}  // namespace

CriticLearner::CriticLearner(const ModelFile& policy, std::uint64_t seed) {
  auto p = nn::from_model(policy, true);
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
  add(b + ".attention.qkv.weight", nn::normal_tensor({3 * d, d}, deviation, rng));
  add(b + ".attention.out.weight", at::zeros({d, d}));
  add(b + ".mlp.up.weight", nn::normal_tensor({4 * d, d}, deviation, rng));
  add(b + ".mlp.down.weight", at::zeros({d, 4 * d}));
  add("critic.features.weight", nn::normal_tensor({d, 2}, 0.5, rng));
  add("critic.norm.weight", at::ones({d}));
  add("critic.norm.bias", at::zeros({d}));
  add("critic.head.weight", nn::normal_tensor({1, d}, 0.1 * deviation, rng));
  add("critic.head.bias", at::zeros({1}));
  auto tokenizer = Tokenizer::make(std::string_view(policy.characters).substr(2));
  QSTAR_ASSERT(tokenizer.has_value(), policy.characters);
  impl_ = std::make_unique<Impl>(policy, std::move(*tokenizer), std::move(p));
}
CriticLearner::~CriticLearner() = default;
CriticLearner::CriticLearner(CriticLearner&&) noexcept = default;
CriticLearner& CriticLearner::operator=(CriticLearner&&) noexcept = default;

CriticStats CriticLearner::update(std::span<const WeightedGroup> groups, const CriticConfig& config,
                                  double rate_factor) {
  std::vector<const Trajectory*> attempts;
  for (const auto& g : groups) {
    for (const auto& attempt : g.group->attempts) attempts.push_back(&attempt);
  }
  CriticStats stats;
  if (attempts.empty()) return stats;
  const Rows rows = rows_of(impl_->tokenizer, attempts);
  const auto tokens = nn::tokens_of(rows.batch);
  const auto out = impl_->forward(impl_->online, tokens);
  const auto online = Impl::read(rows, out.q);
  std::vector<std::vector<float>> target;
  {
    at::NoGradGuard no_gradients;
    target = Impl::read(rows, impl_->forward(impl_->target, tokens).q);
  }
  Targets targets{at::zeros_like(out.q), at::zeros_like(out.q)};
  std::size_t row = 0;
  for (const auto& g : groups) {
    const std::size_t n = g.group->attempts.size();
    const auto q = std::span(online).subspan(row, n);
    const auto wanted =
        double_q_targets(*g.group, q, std::span(target).subspan(row, n), config.discount);
    double error = 0;
    std::int64_t steps = 0;
    for (std::size_t a = 0; a < n; ++a) {
      const std::size_t known = rows.ends[row + a].size();
      const auto of_attempt = std::span(wanted[a]).first(std::min(known, wanted[a].size()));
      teach(rows, row + a, of_attempt, static_cast<float>(config.inside_weight), g.weight, targets);
      for (std::size_t s = 0; s < of_attempt.size(); ++s, ++steps)
        error += std::abs(of_attempt[s] - q[a][s]);
    }
    stats.priorities.push_back(steps > 0 ? static_cast<float>(error / static_cast<double>(steps))
                                         : 0.0F);
    row += n;
  }
  const auto critic_loss = nn::binary_loss(out.q, targets.values, targets.weights);
  const auto language = nn::next_token_loss(out.logits, tokens, nn::weights_of(rows.batch));
  (critic_loss + config.language_weight * language).backward();
  impl_->optimizer.step(config.optimizer, rate_factor);
  if (++impl_->updates % config.target_period == 0) impl_->copy_target();
  stats.loss = critic_loss.item<double>();
  stats.tokens = rows.batch.rows * rows.batch.length;
  return stats;
}

std::vector<std::vector<float>> CriticLearner::step_values(std::span<const Trajectory> attempts) {
  if (attempts.empty()) return {};
  at::NoGradGuard no_gradients;
  std::vector<const Trajectory*> pointers;
  for (const auto& attempt : attempts) pointers.push_back(&attempt);
  const Rows rows = rows_of(impl_->tokenizer, pointers);
  return Impl::read(rows, impl_->forward(impl_->online, nn::tokens_of(rows.batch)).q);
}

std::vector<float> CriticLearner::values(std::span<const StepQuery> queries) {
  if (queries.empty()) return {};
  at::NoGradGuard no_gradients;
  std::vector<std::string> texts;
  for (const auto& query : queries) texts.push_back(query.state + query.step);
  const auto batch =
      batch_of_solutions(impl_->tokenizer, texts, std::vector<float>(texts.size(), 1.0F));
  const auto q = at::sigmoid(impl_->forward(impl_->online, nn::tokens_of(batch)).q).contiguous();
  std::vector<float> values;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    values.push_back(q.data_ptr<float>()[static_cast<std::int64_t>(i) * batch.length +
                                         static_cast<std::int64_t>(texts[i].size()) - 1]);
  }
  return values;
}

std::int64_t CriticLearner::updates() const { return impl_->updates; }

ModelFile CriticLearner::model() const {
  ModelFile model{impl_->spec, impl_->tokenizer.characters(), {{"role", "critic"}}, {}};
  nn::to_model(impl_->online, model);
  return model;
}

std::string CriticLearner::save() const {
  std::string out(reinterpret_cast<const char*>(&impl_->updates), sizeof(impl_->updates));
  return out + nn::save(impl_->online) + nn::save(impl_->target) + impl_->optimizer.save();
}

Status CriticLearner::load(std::string_view bytes) {
  const std::string before = save();
  const auto restore = [this](std::string_view in) {
    if (in.size() < sizeof(impl_->updates)) return false;
    std::memcpy(&impl_->updates, in.data(), sizeof(impl_->updates));
    in.remove_prefix(sizeof(impl_->updates));
    return nn::load(impl_->online, in) && nn::load(impl_->target, in) &&
           impl_->optimizer.load(in) && in.empty();
  };
  if (restore(bytes)) return {};
  restore(before);
  return fail(Errc::kCorrupt, "the saved critic does not fit this model");
}

void write_values(CriticLearner& critic, AttemptGroup& group) {
  const auto q = critic.step_values(group.attempts);
  for (std::size_t a = 0; a < q.size(); ++a) {
    auto& attempt = group.attempts[a];
    attempt.critic_version = static_cast<std::uint64_t>(critic.updates());
    for (std::size_t s = 0; s < q[a].size(); ++s) attempt.steps[s].q = q[a][s];
  }
}

}  // namespace qstar

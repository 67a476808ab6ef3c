#include "inference/decoder_scorer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "inference/decoder_weights.hpp"
#include "inference/text_reader.hpp"
#include "model/within_memory.hpp"

namespace qstar::inference {

using namespace decoding;

namespace {

std::optional<model::ScorerRole> role_of(const model::ModelFile& model) {
  const auto found = model.metadata.find("role");
  for (const auto role : {model::ScorerRole::kCritic, model::ScorerRole::kProcess,
                          model::ScorerRole::kOutcome, model::ScorerRole::kPreference})
    if (found != model.metadata.end() && found->second == to_string(role)) return role;
  return std::nullopt;
}

using Tokens = std::vector<std::int32_t>;

// x -> weight · x + bias.
struct Head {
  std::vector<float> weight;  // [width]; empty: no such head
  float bias = 0;

  Head(const model::ModelFile& model, const std::string& name) {
    const auto found = model.tensors.find(name + ".weight");
    if (found == model.tensors.end()) return;
    weight = found->second.data;
    bias = model.tensors.at(name + ".bias").data[0];
  }
  float of(const float* x) const {
    return std::inner_product(weight.begin(), weight.end(), x, bias);
  }
};

bool is_dueling(const model::ModelFile& model) {
  return model.tensors.count("scorer.value.weight") > 0;
}

}  // namespace

struct DecoderScorer::Impl {
  Impl(std::shared_ptr<const DecoderWeights> w, const model::ModelFile& model, model::ScorerRole r);

  float score(const Tokens& text);
  // Whether a text of all tokens gets finite scores, see DecoderWeights::make().
  bool computes();
  void score_places(std::size_t begin, std::span<const Row> rows);
  std::size_t state_before(std::size_t place) const;
  void add_surprise(std::size_t begin, std::size_t n);

  std::shared_ptr<const DecoderWeights> weights;
  const DecoderWeights::Packed& p;
  model::ScorerRole role;
  Block block;
  Norm norm;
  std::vector<float> features[2];    // [width]
  Head head, value;                  // value: only with dueling heads
  std::vector<model::Scope> scopes;  // of the block's heads

  // The text read last, and the results of its places.
  TextReader reader;
  std::vector<float> scores;
  std::vector<float> values;  // V of the states that end there; 0 without dueling heads
  bool finite = true;         // all scores so far, before the sigmoid
};

DecoderScorer::Impl::Impl(std::shared_ptr<const DecoderWeights> w, const model::ModelFile& model,
                          model::ScorerRole r)
    : weights(std::move(w)),
      p(weights->packed()),
      role(r),
      block(block_of(model, "scorer.blocks.0")),
      norm(norm_of(model, "scorer.norm")),
      head(model, "scorer.head"),
      value(model, "scorer.value"),
      scopes(p.heads, model::Scope::kAll),
      reader(p, 1),
      scores(static_cast<std::size_t>(p.spec.context)),
      values(scores.size()) {
  const auto& weight = model.tensors.at("scorer.features.weight").data;
  for (std::size_t i = 0; i < weight.size(); ++i) features[i % 2].push_back(weight[i]);
}

// log p(token) and log p − max log p of each token given those before it, clamped at −8 and halved;
// zero for the first token.
void DecoderScorer::Impl::add_surprise(std::size_t begin, std::size_t n) {
  for (std::size_t i = 0; i < n; ++i) {
    if (begin + i == 0) continue;
    const auto row = reader.logits(begin + i - 1);
    const double largest = *std::max_element(row.begin(), row.end());
    double sum = 0;
    for (const float logit : row) sum += std::exp(static_cast<double>(logit) - largest);
    const double behind =
        static_cast<double>(row[static_cast<std::size_t>(reader.tokens()[begin + i])]) - largest;
    const auto of_all = static_cast<float>(0.5 * std::max(behind - std::log(sum), -8.0));
    const auto of_best = static_cast<float>(0.5 * std::max(behind, -8.0));
    float* x = reader.pass().x() + i * p.stride;
    for (std::size_t d = 0; d < p.width; ++d)
      x[d] += of_all * features[0][d] + of_best * features[1][d];
  }
}

// The end of the state in which the step at a place is taken; 0 before the first step.
std::size_t DecoderScorer::Impl::state_before(std::size_t place) const {
  while (place > 0 && reader.tokens()[--place] != model::Tokenizer::kStepToken) {
  }
  return place;
}

void DecoderScorer::Impl::score_places(std::size_t begin, std::span<const Row> rows) {
  add_surprise(begin, rows.size());
  reader.pass().run_block(block, p.blocks.size(), scopes, rows);
  const float* last = reader.pass().normalise(norm, rows.size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const float* x = last + i * p.stride;
    values[begin + i] = value.of(x);
    const float z = head.of(x) + values[state_before(begin + i)];
    finite = finite && std::isfinite(z);
    scores[begin + i] = 1 / (1 + std::exp(-z));
  }
}

float DecoderScorer::Impl::score(const Tokens& text) {
  reader.read(text,
              [this](std::size_t begin, std::span<const Row> rows) { score_places(begin, rows); });
  return scores[text.size() - 1];
}

bool DecoderScorer::Impl::computes() {
  const FlushDenormals flushed;
  Tokens text(std::min(p.head.view.n, scores.size()));
  std::iota(text.begin(), text.end(), 0);
  score(text);
  return finite;
}

DecoderScorer::DecoderScorer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
DecoderScorer::~DecoderScorer() = default;
model::ScorerRole DecoderScorer::role() const { return impl_->role; }

Result<std::unique_ptr<DecoderScorer>> DecoderScorer::make(const model::ModelFile& model) {
  const auto role = role_of(model);
  if (!role)
    return fail(Errc::kCorrupt,
                "model: it scores no steps: its role is not critic, prm, orm or preference");
  auto weights = DecoderWeights::make(model, 0);
  if (!weights) return tl::unexpected(weights.error());
  if (auto ok = check_tensors(model, scorer_shapes(model.spec, is_dueling(model))); !ok)
    return tl::unexpected(ok.error());
  return model::within_memory("model", [&]() -> Result<std::unique_ptr<DecoderScorer>> {
    auto impl = std::make_unique<Impl>(std::move(*weights), model, *role);
    if (!impl->computes()) {
      return fail(
          Errc::kCorrupt,
          "model: its weights are too large to compute with: the scores of a short text are "
          "not finite; train it again");
    }
    return std::unique_ptr<DecoderScorer>(new DecoderScorer(std::move(impl)));
  });
}

std::vector<float> DecoderScorer::scores(std::span<const model::StepQuery> queries) {
  const FlushDenormals flushed;
  std::vector<Tokens> texts;
  for (const auto& query : queries) {
    auto tokens = impl_->p.tokenizer.encode(query.state + query.step);
    const bool fits = tokens && static_cast<std::int64_t>(tokens->size()) <= impl_->p.spec.context;
    texts.push_back(fits ? std::move(*tokens) : Tokens());
  }
  std::vector<std::size_t> order(texts.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(),
            [&](std::size_t a, std::size_t b) { return texts[a] < texts[b]; });
  std::vector<float> scores(texts.size(), 0);
  for (const std::size_t i : order)
    if (!texts[i].empty()) scores[i] = impl_->score(texts[i]);
  return scores;
}

std::map<std::string, std::vector<std::int64_t>> scorer_shapes(const model::ModelSpec& spec,
                                                               bool dueling) {
  const std::int64_t d = spec.width;
  const std::string block = "scorer.blocks.0.";
  std::map<std::string, std::vector<std::int64_t>> shapes{
      {"scorer.features.weight", {d, 2}},
      {"scorer.norm.weight", {d}},
      {"scorer.norm.bias", {d}},
      {"scorer.head.weight", {1, d}},
      {"scorer.head.bias", {1}},
      {block + "attention.qkv.weight", {3 * d, d}},
      {block + "attention.out.weight", {d, d}},
      {block + "mlp.up.weight", {4 * d, d}},
      {block + "mlp.down.weight", {d, 4 * d}}};
  if (dueling) {
    shapes["scorer.value.weight"] = {1, d};
    shapes["scorer.value.bias"] = {1};
  }
  for (const char* norm : {"norm1.weight", "norm1.bias", "norm2.weight", "norm2.bias"})
    shapes[block + norm] = {d};
  return shapes;
}

}  // namespace qstar::inference

#include "inference/decoder_weights.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/finite.hpp"
#include "inference/forward_pass.hpp"
#include "model/within_memory.hpp"

namespace qstar::inference {

using namespace decoding;

using kernels::round_up;

namespace decoding {

PackedMatrix packed_matrix(const model::NamedTensor& tensor) {
  const auto n = static_cast<std::size_t>(tensor.shape[0]);
  const auto k = static_cast<std::size_t>(tensor.shape[1]);
  PackedMatrix matrix{Floats(kernels::packed_size(n, k)), {}};
  kernels::pack(tensor.data.data(), n, k, matrix.data.get());
  matrix.view = {matrix.data.get(), n, k};
  return matrix;
}

Floats padded_rows(const model::NamedTensor& tensor, std::size_t width, std::size_t stride) {
  const std::size_t rows = tensor.data.size() / width;
  Floats padded(rows * stride);
  for (std::size_t row = 0; row < rows; ++row)
    std::copy_n(tensor.data.data() + row * width, width, padded.get() + row * stride);
  return padded;
}

Norm norm_of(const model::ModelFile& model, const std::string& name) {
  const auto width = static_cast<std::size_t>(model.spec.width);
  const auto row = [&](const char* part) {
    return padded_rows(model.tensors.at(name + part), width, round_up(width, kernels::kColumns));
  };
  return {row(".weight"), row(".bias")};
}

Block block_of(const model::ModelFile& model, const std::string& prefix) {
  const auto matrix = [&](const char* name) {
    return packed_matrix(model.tensors.at(prefix + name));
  };
  return {norm_of(model, prefix + ".norm1"), norm_of(model, prefix + ".norm2"),
          matrix(".attention.qkv.weight"),   matrix(".attention.out.weight"),
          matrix(".mlp.up.weight"),          matrix(".mlp.down.weight")};
}

Status check_tensors(const model::ModelFile& model,
                     const std::map<std::string, std::vector<std::int64_t>>& shapes) {
  for (const auto& [name, shape] : shapes) {
    const auto found = model.tensors.find(name);
    std::int64_t count = 1;
    for (const std::int64_t size : shape) count *= size;
    if (found == model.tensors.end() || found->second.shape != shape ||
        found->second.data.size() != static_cast<std::size_t>(count))
      return fail(Errc::kCorrupt,
                  fmt::format("model: tensor '{}' is missing or of the wrong shape", name));
    if (const auto wrong = first_not_finite(found->second.data))
      return fail(Errc::kCorrupt, fmt::format("model: tensor '{}' holds {} at element {}", name,
                                              found->second.data[*wrong], *wrong));
  }
  return {};
}

}  // namespace decoding

namespace {

void fill_rotations(DecoderWeights::Packed& p) {
  const std::size_t half = p.head_size / 2;
  const auto context = static_cast<std::size_t>(p.spec.context);
  p.cosines = Floats((context + 1) * half);
  p.sines = Floats((context + 1) * half);
  for (std::size_t row = 0; row <= context; ++row)
    for (std::size_t j = 0; j < half; ++j) {
      const double share = 2.0 * static_cast<double>(j) / static_cast<double>(p.head_size);
      const double angle = (static_cast<double>(row) - 1) * std::pow(p.spec.rope_base, -share);
      p.cosines.get()[row * half + j] = static_cast<float>(std::cos(angle));
      p.sines.get()[row * half + j] = static_cast<float>(std::sin(angle));
    }
}

void fill_weights(DecoderWeights::Packed& p, const model::ModelFile& model) {
  const auto rows = [&](const std::string& name) {
    return padded_rows(model.tensors.at(name), p.width, p.stride);
  };
  p.embed = rows("embed.weight");
  if (!p.spec.scopes.empty()) p.digit = rows("digit.weight");
  p.norm = norm_of(model, "norm");
  p.head = packed_matrix(model.tensors.at("head.weight"));
  for (std::int64_t i = 0; i < p.spec.layers; ++i)
    p.blocks.push_back(block_of(model, fmt::format("blocks.{}", i)));
}

std::unique_ptr<DecoderWeights::Packed> packed_model(const model::ModelFile& model,
                                                     const model::Tokenizer& tokenizer,
                                                     std::uint64_t version) {
  const auto width = static_cast<std::size_t>(model.spec.width);
  const auto heads = static_cast<std::size_t>(model.spec.heads);
  std::unique_ptr<DecoderWeights::Packed> packed(
      new DecoderWeights::Packed{model.spec,
                                 tokenizer,
                                 version,
                                 width,
                                 round_up(width, kernels::kColumns),
                                 heads,
                                 width / heads,
                                 {},
                                 {},
                                 {},
                                 {},
                                 {},
                                 {},
                                 {},
                                 {}});
  for (std::int64_t head = 0; head < model.spec.heads; ++head)
    packed->scopes.push_back(model::scope_of(model.spec, head));
  fill_weights(*packed, model);
  fill_rotations(*packed);
  return packed;
}

// Finite weights can still be too large to compute with. One look at a text of all tokens: what
// overflows there would overflow everywhere.
Status check_logits(const DecoderWeights::Packed& p) {
  const FlushDenormals flushed;
  const auto n =
      std::min({p.head.view.n, static_cast<std::size_t>(p.spec.context), ForwardPass::kChunk});
  ForwardPass pass(p);
  Floats cache(pass.cache_floats(p.blocks.size()));
  model::LineReader reader;
  std::vector<model::LinePlace> places;
  std::vector<Row> rows;
  for (std::size_t i = 0; i < n; ++i) {
    const auto token = static_cast<std::int32_t>(i);
    places.push_back(reader.next(token));
    rows.push_back({cache.get(), &places, i, token});
  }
  pass.run(rows);
  const float* logits = pass.logits(n);
  for (std::size_t i = 0; i < n; ++i)
    if (first_not_finite({logits + i * pass.logit_stride(), p.head.view.n}))
      return fail(
          Errc::kCorrupt,
          "model: its weights are too large to compute with: the logits of a short text are "
          "not finite; train it again");
  return {};
}

}  // namespace

DecoderWeights::DecoderWeights(std::unique_ptr<Packed> packed) : packed_(std::move(packed)) {}
DecoderWeights::~DecoderWeights() = default;
const model::ModelSpec& DecoderWeights::spec() const { return packed_->spec; }
const model::Tokenizer& DecoderWeights::tokenizer() const { return packed_->tokenizer; }
std::uint64_t DecoderWeights::version() const { return packed_->version; }

Result<std::shared_ptr<const DecoderWeights>> DecoderWeights::make(const model::ModelFile& model,
                                                                   std::uint64_t version) {
  if (const auto ok = model::check(model.spec, model.characters); !ok)
    return fail(Errc::kCorrupt, ok.error().message);
  if (!model.characters.starts_with(";="))
    return fail(Errc::kCorrupt, "model: its characters do not begin with the two separators");
  auto tokenizer = model::Tokenizer::make(std::string_view(model.characters).substr(2));
  if (!tokenizer) return fail(Errc::kCorrupt, tokenizer.error().message);
  if (const auto ok = check_tensors(model, model::policy_shapes(model.spec, tokenizer->size()));
      !ok)
    return tl::unexpected(ok.error());
  using Made = Result<std::shared_ptr<const DecoderWeights>>;
  return model::within_memory("model", [&]() -> Made {
    auto packed = packed_model(model, *tokenizer, version);
    if (auto ok = check_logits(*packed); !ok) return tl::unexpected(ok.error());
    return std::shared_ptr<const DecoderWeights>(new DecoderWeights(std::move(packed)));
  });
}

double DecoderWeights::flops_per_token() const {
  const auto d = static_cast<double>(spec().width);
  return 2 * (12 * d * d * static_cast<double>(spec().layers) + d * tokenizer().size());
}

}  // namespace qstar::inference

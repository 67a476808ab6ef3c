#include "inference/decoder_logprobs.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "inference/decoder_weights.hpp"
#include "inference/forward_pass.hpp"
#include "inference/softmax.hpp"

namespace qstar::inference {

using namespace decoding;

struct DecoderLogprobs::Impl {
  explicit Impl(std::shared_ptr<const DecoderWeights> w)
      : weights(std::move(w)),
        p(weights->packed()),
        pass(p),
        cache(pass.cache_floats(p.blocks.size())),
        logits(static_cast<std::size_t>(p.spec.context) * p.head.view.n) {}

  Status check(const model::LogprobRequest& request, std::size_t index) const;
  void read(const std::vector<std::int32_t>& text);
  void feed(std::size_t begin, std::size_t end);
  std::vector<float> logprobs(const model::LogprobRequest& request);

  std::shared_ptr<const DecoderWeights> weights;
  const DecoderWeights::Packed& p;
  ForwardPass pass;
  Floats cache;
  std::vector<float> logits;  // [context, V]: after each place of the text read last
  std::vector<std::int32_t> tokens;
  std::vector<model::LinePlace> places;
  std::vector<double> probabilities;
};

Status DecoderLogprobs::Impl::check(const model::LogprobRequest& request, std::size_t index) const {
  const auto vocabulary = static_cast<std::int32_t>(p.head.view.n);
  const auto known = [&](std::int32_t token) { return token >= 0 && token < vocabulary; };
  const auto context = static_cast<std::size_t>(p.spec.context);
  if (request.first >= 1 && request.first < request.tokens.size() &&
      request.tokens.size() <= context && std::ranges::all_of(request.tokens, known))
    return {};
  return fail(Errc::kUsage,
              fmt::format("text {} of those whose log-probabilities are wanted does not fit the "
                          "model: {} tokens from {} on, in a context of {} and a vocabulary of {}",
                          index, request.tokens.size(), request.first, context, vocabulary));
}

// Feeds the places [begin, end) of the text, at most a chunk; all earlier ones have been fed.
void DecoderLogprobs::Impl::feed(std::size_t begin, std::size_t end) {
  std::vector<Row> rows;
  for (std::size_t place = begin; place < end; ++place)
    rows.push_back({cache.get(), &places, place, tokens[place]});
  pass.run(rows);
  const float* found = pass.logits(rows.size());
  for (std::size_t i = 0; i < rows.size(); ++i)
    std::copy_n(found + i * pass.logit_stride(), p.head.view.n,
                logits.data() + (begin + i) * p.head.view.n);
}

// Feeds all of the text but its last token, from where it differs from the text read last.
void DecoderLogprobs::Impl::read(const std::vector<std::int32_t>& text) {
  const auto fed = tokens.empty() ? tokens.end() : tokens.end() - 1;
  auto begin = static_cast<std::size_t>(
      std::mismatch(text.begin(), text.end() - 1, tokens.begin(), fed).first - text.begin());
  tokens = text;
  places.clear();
  model::LineReader reader;
  for (const auto token : tokens) places.push_back(reader.next(token));
  for (; begin + 1 < tokens.size(); begin += ForwardPass::kChunk)
    feed(begin, std::min(begin + ForwardPass::kChunk, tokens.size() - 1));
}

std::vector<float> DecoderLogprobs::Impl::logprobs(const model::LogprobRequest& request) {
  read(request.tokens);
  std::vector<float> found;
  for (std::size_t i = request.first; i < tokens.size(); ++i) {
    const std::span row(logits.data() + (i - 1) * p.head.view.n, p.head.view.n);
    const double total = softmax_weights(row, request.temperature, probabilities);
    found.push_back(
        static_cast<float>(std::log(probabilities[static_cast<std::size_t>(tokens[i])] / total)));
  }
  return found;
}

DecoderLogprobs::DecoderLogprobs(std::shared_ptr<const DecoderWeights> weights)
    : impl_(std::make_unique<Impl>(std::move(weights))) {}
DecoderLogprobs::~DecoderLogprobs() = default;
DecoderLogprobs::DecoderLogprobs(DecoderLogprobs&&) noexcept = default;
DecoderLogprobs& DecoderLogprobs::operator=(DecoderLogprobs&&) noexcept = default;
const DecoderWeights& DecoderLogprobs::weights() const { return *impl_->weights; }

Result<std::vector<std::vector<float>>> DecoderLogprobs::logprobs(
    std::span<const model::LogprobRequest> requests) {
  const FlushDenormals flushed;
  for (std::size_t i = 0; i < requests.size(); ++i)
    if (auto fits = impl_->check(requests[i], i); !fits) return tl::unexpected(fits.error());
  std::vector<std::size_t> order(requests.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::sort(
      order, {}, [&](std::size_t i) -> const auto& { return requests[i].tokens; });
  std::vector<std::vector<float>> found(requests.size());
  for (const std::size_t i : order) found[i] = impl_->logprobs(requests[i]);
  return found;
}

}  // namespace qstar::inference

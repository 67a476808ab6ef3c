#include "inference/decoder_logprobs.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "inference/decoder_weights.hpp"
#include "inference/softmax.hpp"
#include "inference/text_reader.hpp"

namespace qstar::inference {

using namespace decoding;

struct DecoderLogprobs::Impl {
  explicit Impl(std::shared_ptr<const DecoderWeights> w)
      : weights(std::move(w)), p(weights->packed()), reader(p) {}

  Status check(const model::LogprobRequest& request, std::size_t index) const;
  std::vector<float> logprobs(const model::LogprobRequest& request);

  std::shared_ptr<const DecoderWeights> weights;
  const DecoderWeights::Packed& p;
  TextReader reader;
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

std::vector<float> DecoderLogprobs::Impl::logprobs(const model::LogprobRequest& request) {
  const std::span tokens(request.tokens);
  reader.read(tokens.first(tokens.size() - 1));
  std::vector<float> found;
  for (std::size_t i = request.first; i < tokens.size(); ++i) {
    const double total = softmax_weights(reader.logits(i - 1), request.temperature, probabilities);
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

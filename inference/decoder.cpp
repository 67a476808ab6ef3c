#include "inference/decoder.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <deque>

#include "core/rng.hpp"
#include "inference/decoder_weights.hpp"
#include "inference/forward_pass.hpp"
#include "inference/softmax.hpp"

namespace qstar::inference {

using namespace decoding;

namespace {

struct Sequence {
  Sequence(std::uint64_t t, std::vector<std::int32_t> prompt, const model::GenerateRequest& r)
      : ticket(t),
        tokens(std::move(prompt)),
        rng(r.seed),
        temperature(r.temperature),
        limit(r.max_tokens),
        stop_at_step(r.stop_at_step) {}

  std::uint64_t ticket;
  std::vector<std::int32_t> tokens;  // prompt, then generated tokens
  model::LineReader reader;
  std::vector<model::LinePlace> places;  // of the tokens fed
  std::size_t fed = 0;                   // number of tokens in the cache
  Rng rng;
  float temperature;
  std::int64_t limit;  // generated tokens at most
  bool stop_at_step;
  model::Generation generation;
};

// A token on its way through the network.
struct Fed {
  std::size_t slot;
  bool last;  // whether the next token is sampled from this one
};

struct Draw {
  std::int32_t token = 0;
  float logprob = 0;
};

// Samples from softmax(logits / temperature) by inversion. Temperature 0 (or an invalid one) takes
// the largest logit, the first among equals, with its log-probability at temperature 1.
Draw draw(std::span<const float> logits, float temperature, Rng& rng,
          std::vector<double>& weights) {
  const double total = softmax_weights(logits, temperature, weights);
  auto chosen =
      static_cast<std::size_t>(std::max_element(logits.begin(), logits.end()) - logits.begin());
  if (temperature > 0) {
    double left = rng.uniform() * total;
    for (std::size_t i = 0; i < weights.size(); ++i) {
      left -= weights[i];
      if (left < 0) {
        chosen = i;
        break;
      }
    }
  }
  return {static_cast<std::int32_t>(chosen), static_cast<float>(std::log(weights[chosen] / total))};
}

}  // namespace

struct DecoderPool::Impl {
  Impl(std::shared_ptr<const DecoderWeights> w, std::int32_t slots);

  void open_slots();
  void collect_rows();
  std::int64_t sample(std::span<const Fed> chunk);
  void emit(std::size_t slot, std::span<const float> logits);

  std::shared_ptr<const DecoderWeights> weights;
  const DecoderWeights::Packed& p;
  ForwardPass pass;
  std::vector<std::unique_ptr<Sequence>> active;  // one per slot; null when free
  std::vector<Floats> caches;                     // one per slot, allocated on first use
  std::deque<std::unique_ptr<Sequence>> waiting;
  std::vector<Finished> finished;
  std::int64_t unfinished = 0;
  std::vector<Row> rows;
  std::vector<Fed> fed;  // of the rows
  std::vector<double> probabilities;
};

DecoderPool::Impl::Impl(std::shared_ptr<const DecoderWeights> w, std::int32_t slots)
    : weights(std::move(w)), p(weights->packed()), pass(p) {
  const auto n = static_cast<std::size_t>(std::max(slots, 1));
  active.resize(n);
  caches.resize(n);
}

void DecoderPool::Impl::open_slots() {
  for (std::size_t slot = 0; slot < active.size() && !waiting.empty(); ++slot) {
    if (active[slot]) continue;
    active[slot] = std::move(waiting.front());
    waiting.pop_front();
    if (caches[slot].empty()) caches[slot] = Floats(pass.cache_floats(p.blocks.size()));
  }
}

// A prompt's tokens are consecutive rows.
void DecoderPool::Impl::collect_rows() {
  rows.clear();
  fed.clear();
  for (std::size_t slot = 0; slot < active.size(); ++slot) {
    if (!active[slot]) continue;
    Sequence& sequence = *active[slot];
    for (; sequence.fed < sequence.tokens.size(); ++sequence.fed) {
      const std::int32_t token = sequence.tokens[sequence.fed];
      sequence.places.push_back(sequence.reader.next(token));
      rows.push_back({caches[slot].get(), &sequence.places, sequence.fed, token});
      fed.push_back({slot, sequence.fed + 1 == sequence.tokens.size()});
    }
  }
}

std::int64_t DecoderPool::Impl::sample(std::span<const Fed> chunk) {
  std::size_t n = 0;
  float* x = pass.x();
  for (std::size_t i = 0; i < chunk.size(); ++i) {
    if (!chunk[i].last) continue;
    if (n < i) std::copy_n(x + i * p.stride, p.stride, x + n * p.stride);
    ++n;
  }
  const float* row = pass.logits(n);
  for (const Fed& token : chunk) {
    if (!token.last) continue;
    emit(token.slot, {row, p.head.view.n});
    row += pass.logit_stride();
  }
  return static_cast<std::int64_t>(n);
}

void DecoderPool::Impl::emit(std::size_t slot, std::span<const float> row) {
  Sequence& sequence = *active[slot];
  model::Generation& generation = sequence.generation;
  const Draw next = draw(row, sequence.temperature, sequence.rng, probabilities);
  sequence.tokens.push_back(next.token);
  generation.tokens.push_back(next.token);
  generation.logprobs.push_back(next.logprob);
  generation.finished = next.token == model::Tokenizer::kEndToken ||
                        (sequence.stop_at_step && next.token == model::Tokenizer::kStepToken);
  if (!generation.finished && static_cast<std::int64_t>(generation.tokens.size()) < sequence.limit)
    return;
  generation.text = p.tokenizer.decode(generation.tokens);
  finished.push_back({sequence.ticket, std::move(generation)});
  active[slot].reset();
  --unfinished;
}

DecoderPool::DecoderPool(std::shared_ptr<const DecoderWeights> weights, std::int32_t slots)
    : impl_(std::make_unique<Impl>(std::move(weights), slots)) {}
DecoderPool::~DecoderPool() = default;
DecoderPool::DecoderPool(DecoderPool&&) noexcept = default;
DecoderPool& DecoderPool::operator=(DecoderPool&&) noexcept = default;
std::int64_t DecoderPool::pending() const { return impl_->unfinished; }
const DecoderWeights& DecoderPool::weights() const { return *impl_->weights; }

Status DecoderPool::add(std::uint64_t ticket, const model::GenerateRequest& request) {
  auto prompt = impl_->p.tokenizer.encode(request.prompt);
  if (!prompt) return tl::unexpected(prompt.error());
  const std::int64_t room = impl_->p.spec.context - static_cast<std::int64_t>(prompt->size());
  if (prompt->empty()) return fail(Errc::kBadProblem, "the prompt is empty");
  if (room < 1)
    return fail(Errc::kBadProblem,
                fmt::format("a prompt of {} tokens leaves no room in a context of {}",
                            prompt->size(), impl_->p.spec.context));
  if (request.max_tokens < 1) {
    impl_->finished.push_back({ticket, {}});
    return {};
  }
  auto sequence = std::make_unique<Sequence>(ticket, std::move(*prompt), request);
  sequence->limit = std::min(sequence->limit, room);
  impl_->waiting.push_back(std::move(sequence));
  ++impl_->unfinished;
  return {};
}

std::int64_t DecoderPool::step() {
  const FlushDenormals flushed;
  impl_->open_slots();
  impl_->collect_rows();
  std::int64_t generated = 0;
  const std::span<const Row> rows(impl_->rows);
  const std::span<const Fed> fed(impl_->fed);
  for (std::size_t begin = 0; begin < rows.size(); begin += ForwardPass::kChunk) {
    const auto n = std::min(ForwardPass::kChunk, rows.size() - begin);
    impl_->pass.run(rows.subspan(begin, n));
    generated += impl_->sample(fed.subspan(begin, n));
  }
  return generated;
}

std::vector<DecoderPool::Finished> DecoderPool::take_finished() {
  std::vector<Finished> taken = std::move(impl_->finished);
  impl_->finished.clear();
  std::stable_sort(taken.begin(), taken.end(),
                   [](const Finished& a, const Finished& b) { return a.ticket < b.ticket; });
  return taken;
}

DecoderPolicy::DecoderPolicy(std::shared_ptr<const DecoderWeights> weights, std::int32_t slots,
                             Stop stop)
    : pool_(std::move(weights), slots), stop_(std::move(stop)) {}

std::uint64_t DecoderPolicy::version() const { return pool_.weights().version(); }

std::vector<model::Generation> DecoderPolicy::generate(
    std::span<const model::GenerateRequest> requests) {
  std::vector<model::Generation> generations(requests.size());
  if (stop_()) return generations;  // the pool may still hold what was given up
  for (std::size_t i = 0; i < requests.size(); ++i)
    (void)pool_.add(i,
                    requests[i]);  // the generation of an invalid prompt stays empty and unfinished
  while (pool_.pending() > 0 && !stop_()) pool_.step();
  for (DecoderPool::Finished& done : pool_.take_finished())
    generations[done.ticket] = std::move(done.generation);
  return generations;
}

}  // namespace qstar::inference

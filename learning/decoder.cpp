#include "learning/decoder.hpp"

#include <fmt/format.h>

#ifdef __SSE2__
#include <immintrin.h>
#endif

#include <algorithm>
#include <cmath>
#include <deque>

#include "core/rng.hpp"
#include "learning/decoder_weights.hpp"
#include "learning/kernels.hpp"

namespace qstar {

using namespace decoding;

namespace {

// Subnormal numbers count as zero while it lives, in processes that train as in those that do
// not: both have to get the same bits.
class FlushDenormals {
#ifdef __SSE2__
 public:
  FlushDenormals() { _mm_setcsr(before_ | 0x8040); }  // flush to zero, denormals are zero
  ~FlushDenormals() { _mm_setcsr(before_); }
  FlushDenormals(const FlushDenormals&) = delete;
  FlushDenormals& operator=(const FlushDenormals&) = delete;

 private:
  unsigned before_ = _mm_getcsr();
#endif
};

using kernels::round_up;

// Rows go through the whole network this many at a time: their activations stay in the L2 cache.
constexpr std::size_t kChunk = 64;
static_assert(kChunk % kernels::kRows == 0);

struct Sequence {
  Sequence(std::uint64_t t, std::vector<std::int32_t> prompt, const GenerateRequest& r)
      : ticket(t),
        tokens(std::move(prompt)),
        rng(r.seed),
        temperature(r.temperature),
        limit(r.max_tokens),
        stop_at_step(r.stop_at_step) {}

  std::uint64_t ticket;
  std::vector<std::int32_t> tokens;  // prompt, then what was generated
  LineReader reader;
  std::vector<LinePlace> places;  // of the tokens fed
  std::size_t fed = 0;            // of them, how many are in the cache
  Rng rng;
  float temperature;
  std::int64_t limit;  // generated tokens at most
  bool stop_at_step;
  Generation generation;
};

// One token of one sequence on its way through the network.
struct Row {
  std::size_t slot;
  std::size_t place;
  std::int32_t token;
  LinePlace at;
  bool last;  // of the sequence so far: the next token is sampled from it
};

struct Draw {
  std::int32_t token = 0;
  float logprob = 0;
};

// softmax(logits / temperature) by inversion; temperature 0 (or senseless): the largest logit, the
// first among equals, with its log-probability at temperature 1.
Draw draw(std::span<const float> logits, float temperature, Rng& rng,
          std::vector<double>& weights) {
  const bool greedy = !(temperature > 0);
  const double scale = greedy ? 1.0 : 1.0 / static_cast<double>(temperature);
  const auto best =
      static_cast<std::size_t>(std::max_element(logits.begin(), logits.end()) - logits.begin());
  weights.resize(logits.size());
  double total = 0;
  for (std::size_t i = 0; i < logits.size(); ++i)
    total += weights[i] =
        std::exp((static_cast<double>(logits[i]) - static_cast<double>(logits[best])) * scale);
  std::size_t chosen = best;
  if (!greedy) {
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
  void embed(std::span<const Row> rows);
  void attention(const Block& block, std::size_t layer, std::span<const Row> rows);
  void rotate(const Row& row, float* query) const;
  void find_sights(std::span<const Row> rows);
  void mlp(const Block& block, std::size_t padded_rows);
  std::int64_t sample(std::span<const Row> rows);
  void emit(std::size_t slot, std::span<const float> logits);
  kernels::Cache cache(std::size_t slot, std::size_t layer);
  void normalise(const Norm& norm, std::size_t rows);

  std::shared_ptr<const DecoderWeights> weights;
  const DecoderWeights::Packed& p;
  std::vector<std::unique_ptr<Sequence>> active;  // a slot each; null when free
  std::vector<Floats> caches;                     // a slot each, made when first used
  std::deque<std::unique_ptr<Sequence>> waiting;
  std::vector<Finished> finished;
  std::int64_t unfinished = 0;
  std::vector<Row> rows;
  std::size_t key_size, value_size;  // floats of one layer of one sequence
  std::size_t qkv_stride, mlp_stride, head_stride;
  Floats x, normed, qkv, mixed, hidden, logits, scratch;  // [kChunk, …]
  std::vector<kernels::Range> sights;                     // [kChunk, heads] of the rows at hand
  std::vector<double> probabilities;
};

DecoderPool::Impl::Impl(std::shared_ptr<const DecoderWeights> w, std::int32_t slots)
    : weights(std::move(w)), p(weights->packed()) {
  const auto n = static_cast<std::size_t>(std::max(slots, 1));
  const auto context = static_cast<std::size_t>(p.spec.context);
  active.resize(n);
  caches.resize(n);
  key_size = kernels::key_floats(p.heads, p.head_size, context);
  value_size = kernels::value_floats(p.heads, p.head_size, context);
  qkv_stride = round_up(3 * p.width, kernels::kColumns);
  mlp_stride = round_up(4 * p.width, kernels::kColumns);
  head_stride = round_up(p.head.view.n, kernels::kColumns);
  x = Floats(kChunk * p.stride);
  normed = Floats(kChunk * p.stride);
  qkv = Floats(kChunk * qkv_stride);
  mixed = Floats(kChunk * p.stride);
  hidden = Floats(kChunk * mlp_stride);
  logits = Floats(kChunk * head_stride);
  scratch = Floats(round_up(context, kernels::kLanes) + round_up(p.head_size, kernels::kLanes));
}

kernels::Cache DecoderPool::Impl::cache(std::size_t slot, std::size_t layer) {
  float* base = caches[slot].get() + layer * (key_size + value_size);
  const auto context = static_cast<std::size_t>(p.spec.context);
  return {base, base + key_size, p.heads, p.head_size, round_up(context, kernels::kLanes)};
}

void DecoderPool::Impl::open_slots() {
  for (std::size_t slot = 0; slot < active.size() && !waiting.empty(); ++slot) {
    if (active[slot]) continue;
    active[slot] = std::move(waiting.front());
    waiting.pop_front();
    if (caches[slot].empty()) caches[slot] = Floats((key_size + value_size) * p.blocks.size());
  }
}

// A prompt's tokens are consecutive rows. In whatever chunk they fall, a row finds the keys and
// values of all earlier ones: earlier chunks are complete, and within a chunk all are stored first.
void DecoderPool::Impl::collect_rows() {
  rows.clear();
  for (std::size_t slot = 0; slot < active.size(); ++slot) {
    if (!active[slot]) continue;
    Sequence& sequence = *active[slot];
    for (; sequence.fed < sequence.tokens.size(); ++sequence.fed) {
      const std::int32_t token = sequence.tokens[sequence.fed];
      sequence.places.push_back(sequence.reader.next(token));
      rows.push_back({slot, sequence.fed, token, sequence.places.back(),
                      sequence.fed + 1 == sequence.tokens.size()});
    }
  }
}

void DecoderPool::Impl::embed(std::span<const Row> chunk) {
  for (std::size_t i = 0; i < chunk.size(); ++i) {
    float* row = x.get() + i * p.stride;
    std::copy_n(p.embed.get() + static_cast<std::size_t>(chunk[i].token) * p.stride, p.stride, row);
    if (p.digit.empty()) continue;
    const float* digit = p.digit.get() + static_cast<std::size_t>(chunk[i].at.digit) * p.stride;
    for (std::size_t j = 0; j < p.stride; ++j) row[j] += digit[j];
  }
  // The rows that only fill up the last block of the matrix product.
  const std::size_t padded = round_up(chunk.size(), kernels::kRows);
  std::fill(x.get() + chunk.size() * p.stride, x.get() + padded * p.stride, 0.0F);
}

void DecoderPool::Impl::normalise(const Norm& norm, std::size_t n) {
  for (std::size_t i = 0; i < n; ++i)
    kernels::layer_norm(x.get() + i * p.stride, norm.gain.get(), norm.bias.get(), p.width, p.stride,
                        normed.get() + i * p.stride);
}

void DecoderPool::Impl::find_sights(std::span<const Row> chunk) {
  sights.clear();
  for (const Row& row : chunk) {
    const auto& places = active[row.slot]->places;
    for (const Scope scope : p.scopes) {
      const auto sight = sight_of(scope, places, static_cast<std::int32_t>(row.place));
      sights.push_back(
          {static_cast<std::size_t>(sight.begin), static_cast<std::size_t>(sight.end)});
    }
  }
}

// A row's queries [heads, head_size] and the keys behind them, each head by its own position.
void DecoderPool::Impl::rotate(const Row& row, float* query) const {
  const auto place = static_cast<std::int32_t>(row.place);
  const auto turn = [this](float* head, std::int32_t position) {
    const std::size_t at = static_cast<std::size_t>(position + 1) * (p.head_size / 2);
    kernels::rotate(head, p.head_size, p.cosines.get() + at, p.sines.get() + at);
  };
  for (std::size_t h = 0; h < p.heads; ++h) {
    turn(query + h * p.head_size, asking_position(p.scopes[h], row.at, place));
    turn(query + p.width + h * p.head_size, found_position(p.scopes[h], row.at, place));
  }
}

void DecoderPool::Impl::attention(const Block& block, std::size_t layer,
                                  std::span<const Row> chunk) {
  const std::size_t padded = round_up(chunk.size(), kernels::kRows);
  normalise(block.norm1, padded);
  kernels::gemm(block.qkv.view, normed.get(), p.stride, padded, qkv.get(), qkv_stride,
                kernels::Write::kStore);
  for (std::size_t i = 0; i < chunk.size(); ++i) {
    float* row = qkv.get() + i * qkv_stride;
    rotate(chunk[i], row);
    kernels::remember(cache(chunk[i].slot, layer), chunk[i].place, row + p.width,
                      row + 2 * p.width);
  }
  for (std::size_t i = 0; i < chunk.size(); ++i) {
    if (const std::size_t next = i + 2; next < chunk.size() && chunk[next].slot != chunk[i].slot)
      kernels::prefetch(cache(chunk[next].slot, layer), chunk[next].place + 1);
    kernels::attend(cache(chunk[i].slot, layer), sights.data() + i * p.heads,
                    qkv.get() + i * qkv_stride, scratch.get(), mixed.get() + i * p.stride);
  }
  kernels::gemm(block.out.view, mixed.get(), p.stride, padded, x.get(), p.stride,
                kernels::Write::kAdd);
}

void DecoderPool::Impl::mlp(const Block& block, std::size_t padded) {
  normalise(block.norm2, padded);
  kernels::gemm(block.up.view, normed.get(), p.stride, padded, hidden.get(), mlp_stride,
                kernels::Write::kStore);
  kernels::gelu(hidden.get(), padded * mlp_stride);
  kernels::gemm(block.down.view, hidden.get(), mlp_stride, padded, x.get(), p.stride,
                kernels::Write::kAdd);
}

std::int64_t DecoderPool::Impl::sample(std::span<const Row> chunk) {
  std::size_t n = 0;
  for (std::size_t i = 0; i < chunk.size(); ++i) {
    if (!chunk[i].last) continue;
    if (n < i) std::copy_n(x.get() + i * p.stride, p.stride, x.get() + n * p.stride);
    ++n;
  }
  const std::size_t padded = round_up(n, kernels::kRows);
  normalise(p.norm, padded);
  kernels::gemm(p.head.view, normed.get(), p.stride, padded, logits.get(), head_stride,
                kernels::Write::kStore);
  const float* row = logits.get();
  for (const Row& r : chunk) {
    if (!r.last) continue;
    emit(r.slot, {row, p.head.view.n});
    row += head_stride;
  }
  return static_cast<std::int64_t>(n);
}

void DecoderPool::Impl::emit(std::size_t slot, std::span<const float> row) {
  Sequence& sequence = *active[slot];
  Generation& generation = sequence.generation;
  const Draw next = draw(row, sequence.temperature, sequence.rng, probabilities);
  sequence.tokens.push_back(next.token);
  generation.tokens.push_back(next.token);
  generation.logprobs.push_back(next.logprob);
  generation.finished = next.token == Tokenizer::kEndToken ||
                        (sequence.stop_at_step && next.token == Tokenizer::kStepToken);
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

Status DecoderPool::add(std::uint64_t ticket, const GenerateRequest& request) {
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
  const std::span<const Row> all(impl_->rows);
  for (std::size_t begin = 0; begin < all.size(); begin += kChunk) {
    const auto chunk = all.subspan(begin, std::min(kChunk, all.size() - begin));
    impl_->embed(chunk);
    impl_->find_sights(chunk);
    for (std::size_t layer = 0; layer < impl_->p.blocks.size(); ++layer) {
      impl_->attention(impl_->p.blocks[layer], layer, chunk);
      impl_->mlp(impl_->p.blocks[layer], round_up(chunk.size(), kernels::kRows));
    }
    generated += impl_->sample(chunk);
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

DecoderPolicy::DecoderPolicy(std::shared_ptr<const DecoderWeights> weights, std::int32_t slots)
    : pool_(std::move(weights), slots) {}

std::uint64_t DecoderPolicy::version() const { return pool_.weights().version(); }

std::vector<Generation> DecoderPolicy::generate(std::span<const GenerateRequest> requests) {
  std::vector<Generation> generations(requests.size());
  for (std::size_t i = 0; i < requests.size(); ++i)
    (void)pool_.add(i, requests[i]);  // a bad prompt's generation stays empty and unfinished
  while (pool_.pending() > 0) pool_.step();
  for (DecoderPool::Finished& done : pool_.take_finished())
    generations[done.ticket] = std::move(done.generation);
  return generations;
}

}  // namespace qstar

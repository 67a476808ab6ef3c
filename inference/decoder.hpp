// Batched generation with a key/value cache, without torch.
//
// A pool of slots holds sequences of different lengths; every step() feeds one token of every
// active sequence through the network. The order of all arithmetic for one sequence does not depend
// on other sequences, so a generation is bit-identical whatever else is in the batch: any
// trajectory can be regenerated from its weights and its seed.
//
// Kernels are written for wide vector units (inference/kernels.hpp); weights are packed once per
// version.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "core/result.hpp"
#include "core/stop.hpp"
#include "model/model_file.hpp"
#include "model/models.hpp"
#include "model/tokenizer.hpp"

namespace qstar::inference {

// A policy's weights, packed for decoding; immutable, shared between threads.
class DecoderWeights {
 public:
  // kCorrupt: tensors missing, of the wrong shape or so large that logits overflow; kIo: no memory.
  static Result<std::shared_ptr<const DecoderWeights>> make(const model::ModelFile& model,
                                                            std::uint64_t version);
  ~DecoderWeights();
  const model::ModelSpec& spec() const;
  const model::Tokenizer& tokenizer() const;
  std::uint64_t version() const;
  // Floating-point operations per generated token, without attention (a multiply-add counts as
  // two).
  double flops_per_token() const;

  struct Packed;  // defined in decoder_weights.hpp
  const Packed& packed() const { return *packed_; }

 private:
  explicit DecoderWeights(std::unique_ptr<Packed> packed);
  std::unique_ptr<Packed> packed_;
};

class DecoderPool {
 public:
  // At most `slots` sequences are active at once; others wait in order of arrival. 16 to 64 are
  // fastest: larger matrix products are not more efficient, and more caches no longer fit into L2
  // and L3.
  DecoderPool(std::shared_ptr<const DecoderWeights> weights, std::int32_t slots);
  ~DecoderPool();
  DecoderPool(DecoderPool&&) noexcept;
  DecoderPool& operator=(DecoderPool&&) noexcept;

  // Queues a request under a caller's ticket (any number, returned with the result). kBadProblem:
  // the prompt is empty, has an unknown character, or leaves no room in the context for one token.
  Status add(std::uint64_t ticket, const model::GenerateRequest& request);
  // Feeds every active sequence one token (a prompt is fed at once when its slot opens).
  // Returns the number of tokens generated.
  std::int64_t step();
  // Sequences waiting or active.
  std::int64_t pending() const;

  struct Finished {
    std::uint64_t ticket;
    model::Generation generation;
  };
  // The sequences that ended since the last call, in order of ticket.
  std::vector<Finished> take_finished();

  const DecoderWeights& weights() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// The Policy interface over a pool: adds all requests and steps until they are done. A prompt that
// cannot be added (see DecoderPool::add) gets an empty, unfinished generation, and so does what is
// not finished when it is to stop: then the caller discards the results.
class DecoderPolicy final : public model::Policy {
 public:
  static constexpr std::int32_t kSlots = 64;  // sequences decoded together
  explicit DecoderPolicy(std::shared_ptr<const DecoderWeights> weights, std::int32_t slots = kSlots,
                         Stop stop = {});
  std::vector<model::Generation> generate(
      std::span<const model::GenerateRequest> requests) override;
  std::uint64_t version() const override;

 private:
  DecoderPool pool_;
  Stop stop_;
};

}  // namespace qstar::inference

// Fits chosen outputs of the network of inference/mlp.hpp to targets, by Adam.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "inference/mlp.hpp"

namespace qstar::learning::mlp {

using namespace inference::mlp;  // the network that is trained

// Rows to fit: outputs which[r][…] of the position with these cells should be targets[r][…].
struct Fit {
  std::span<const std::uint8_t> cells;   // [n, cells]
  std::span<const std::uint16_t> which;  // [n, k], below outputs
  std::span<const float> targets;        // [n, k]; what is not a number is not fitted
};
// Loss of an error e: e², or (Huber 1964, scaled alike) δ(2|e| − δ) beyond |e| = δ, when δ > 0.
struct Loss {
  float huber = 0;        // δ; 0: squared error everywhere
  float last_weight = 1;  // how often the last output of each row counts
};

template <class T>
class Trainer {
 public:
  Trainer(const Layout& layout, Buffer<float> parameters);

  // Adds the gradient of the sum of the losses of `fit` divided by `total`, which is how many
  // outputs a batch has, or what they weigh; returns the sum.
  double accumulate(const Fit& fit, double total, const Loss& loss);
  // One step of Adam along the gradient so far, which is cleared.
  void step(float rate);
  // The first outputs of each, [n, as many as there is room].
  void outputs(std::span<const std::uint8_t> cells, std::span<float> outputs);

  std::int64_t steps() const { return steps_; }
  // The flat vectors that make a checkpoint: parameters, Adam's moments. After writing to them
  // (all of one step count), restored().
  std::span<const float> parameters() const { return {parameters_.get(), parameters_.size()}; }
  std::span<float> parameters() { return {parameters_.get(), parameters_.size()}; }
  std::span<float> moment1() { return {moment1_.get(), moment1_.size()}; }
  std::span<float> moment2() { return {moment2_.get(), moment2_.size()}; }
  void restored(std::int64_t steps);
  // The gradient so far.
  std::span<const float> gradient() const { return {gradient_.get(), gradient_.size()}; }

 private:
  // Positions that go forward and back together: their activations stay in the cache.
  static constexpr std::size_t kChunk = 128;
  double chunk(const Fit& fit, double total, const Loss& loss);

  Layout layout_;
  Buffer<float> parameters_, gradient_, moment1_, moment2_;
  Packed<T> packed_;
  Workspace<T> workspace_;
  std::vector<float> values_;  // of the chunk's outputs, then their slopes
  std::int64_t steps_ = 0;
};

}  // namespace qstar::learning::mlp

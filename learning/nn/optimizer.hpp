// Muon on the block matrices, AdamW on everything else.
//
// Muon (Jordan et al. 2024, "Muon: an optimizer for hidden layers"): Nesterov momentum, then five
// Newton-Schulz steps towards the nearest semi-orthogonal matrix, with the quintic's coefficients
// 3.4445, −4.7750, 2.0315; scaled by sqrt(max(1, rows/columns)). The packed qkv matrix is treated
// as its three square blocks. AdamW (Loshchilov & Hutter 2019): β = 0.9, 0.95, ε = 1e-8.
#pragma once

#include <string>
#include <string_view>

#include "learning/nn/transformer.hpp"
#include "learning/policy/policy_learner.hpp"

namespace qstar::learning::nn {

// The loss whose gradients an optimiser is about to follow.
struct Loss {
  std::string_view learner;  // for errors: "policy"
  double value = 0;
};

class Optimizer {
 public:
  explicit Optimizer(Parameters parameters);  // shares the tensors, which hold gradients

  // Clips the gradients' global norm, steps, and clears them. Returns the norm before clipping.
  // kConfig says that the loss or the norm is not finite; then the gradients are cleared too, and
  // weights and moments have not changed.
  Result<double> step(const OptimizerConfig& config, double rate_factor, const Loss& loss);
  void reset();

  // Moments and step count as bytes; load restores them, see load() below.
  std::string save() const;
  Status load(std::string_view& bytes);

 private:
  struct Moments {
    at::Tensor first, second;  // second is undefined for Muon
  };
  double norm() const;
  void clear();
  void muon(at::Tensor& weight, Moments& m, const OptimizerConfig& config, double factor);
  void adamw(at::Tensor& weight, Moments& m, const OptimizerConfig& config, double factor);

  Parameters parameters_;
  std::map<std::string, Moments> moments_;
  std::int64_t steps_ = 0;
};

// Semi-orthogonal matrix near `m` [rows,columns]; singular values end in about [0.7, 1.2].
at::Tensor orthogonalise(const at::Tensor& m);

// Parameters as raw bytes, in order of name, and back into the same tensors. load takes its bytes
// from the front. kCorrupt when they do not fit the model, or when a number is not finite; then the
// tensors may be partly overwritten.
std::string save(const Parameters& parameters);
Status load(const Parameters& parameters, std::string_view& bytes);
// The same of a counter.
Status load(std::int64_t& counter, std::string_view& bytes);
// kCorrupt when there are bytes left.
Status check_read(std::string_view rest);
// What is wrong with the state that was saved as `source`, and the remedy.
tl::unexpected<Error> refused(std::string_view source, const Error& why);

}  // namespace qstar::learning::nn

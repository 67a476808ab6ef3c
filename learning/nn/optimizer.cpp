#include "learning/nn/optimizer.hpp"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <fmt/format.h>

#include <cmath>
#include <cstring>
#include <span>
#include <utility>

#include "core/finite.hpp"
#include "core/printable.hpp"

namespace qstar::learning::nn {
namespace {

bool uses_muon(const std::string& name, const at::Tensor& weight) {
  return weight.dim() == 2 && name.find("blocks.") != std::string::npos;
}

void append(std::string& out, const at::Tensor& tensor) {
  const auto flat = tensor.detach().contiguous();
  out.append(reinterpret_cast<const char*>(flat.data_ptr<float>()),
             static_cast<std::size_t>(flat.numel()) * sizeof(float));
}

tl::unexpected<Error> misfit() {
  return fail(Errc::kCorrupt, "the saved state does not fit this model");
}

Status take(std::string_view& in, void* to, std::size_t size) {
  if (in.size() < size) return misfit();
  std::memcpy(to, in.data(), size);
  in.remove_prefix(size);
  return {};
}

// `name` says in an error which tensor it is.
Status take(std::string_view& in, const std::string& name, const at::Tensor& tensor) {
  const std::span values(tensor.data_ptr<float>(), static_cast<std::size_t>(tensor.numel()));
  if (auto taken = take(in, values.data(), values.size_bytes()); !taken) return taken;
  const auto wrong = first_not_finite(values);
  if (!wrong) return {};
  return fail(Errc::kCorrupt, fmt::format("{} holds {} at place {}: every number has to be finite",
                                          name, values[*wrong], *wrong));
}

}  // namespace

at::Tensor orthogonalise(const at::Tensor& m) {
  const bool tall = m.size(0) > m.size(1);
  auto x = tall ? m.t().contiguous() : m;
  x = x / (x.norm() + 1e-7);
  for (int i = 0; i < 5; ++i) {
    const auto a = at::mm(x, x.t());
    const auto b = at::addmm(a, a, a, -4.7750, 2.0315);
    x = at::addmm(x, b, x, 3.4445, 1);
  }
  return tall ? x.t() : x;
}

std::string save(const Parameters& parameters) {
  std::string out;
  for (const auto& [name, tensor] : parameters) append(out, tensor);
  return out;
}

Status load(const Parameters& parameters, std::string_view& bytes) {
  at::NoGradGuard no_gradients;
  for (const auto& [name, tensor] : parameters) {
    if (auto taken = take(bytes, fmt::format("tensor '{}'", name), tensor.detach()); !taken)
      return taken;
  }
  return {};
}

Status load(std::int64_t& counter, std::string_view& bytes) {
  return take(bytes, &counter, sizeof(counter));
}

Status check_read(std::string_view rest) { return rest.empty() ? Status{} : misfit(); }

tl::unexpected<Error> refused(std::string_view source, const Error& why) {
  return fail(why.code, fmt::format("{}: {}; remove that checkpoint to resume from the one before "
                                    "it, or start a new run",
                                    printable(source), why.message));
}

Optimizer::Optimizer(Parameters parameters) : parameters_(std::move(parameters)) { reset(); }

void Optimizer::reset() {
  steps_ = 0;
  for (const auto& [name, weight] : parameters_) {
    moments_[name] = {at::zeros(weight.sizes()),
                      uses_muon(name, weight) ? at::Tensor() : at::zeros(weight.sizes())};
  }
}

double Optimizer::norm() const {
  double squares = 0;
  for (const auto& [name, weight] : parameters_) {
    if (weight.grad().defined()) squares += weight.grad().square().sum().item<double>();
  }
  return std::sqrt(squares);
}

void Optimizer::clear() {
  for (auto& [name, weight] : parameters_)
    if (weight.grad().defined()) weight.mutable_grad().zero_();
}

Result<double> Optimizer::step(const OptimizerConfig& config, double rate_factor,
                               const Loss& loss) {
  at::NoGradGuard no_gradients;
  const double norm = this->norm();
  for (const auto& [what, number] : {std::pair("loss", loss.value), {"gradient norm", norm}}) {
    if (std::isfinite(number)) continue;
    clear();
    return fail(Errc::kConfig, fmt::format("the {} of the {} is {}", what, loss.learner,
                                           name_of_not_finite(number)));
  }
  const double shrink = norm > config.clip ? config.clip / norm : 1;
  ++steps_;
  for (auto& [name, weight] : parameters_) {
    if (!weight.grad().defined()) continue;
    if (shrink < 1) weight.mutable_grad().mul_(shrink);
    auto& m = moments_.at(name);
    if (m.second.defined()) {
      adamw(weight, m, config, rate_factor);
    } else {
      muon(weight, m, config, rate_factor);
    }
  }
  clear();
  return norm;
}

void Optimizer::muon(at::Tensor& weight, Moments& m, const OptimizerConfig& config, double factor) {
  constexpr double momentum = 0.95;
  m.first.mul_(momentum).add_(weight.grad());
  const auto direction = weight.grad() + m.first * momentum;
  const std::int64_t columns = weight.size(1);
  const bool packed = weight.size(0) == 3 * columns;
  const double scale = packed ? 1
                              : std::sqrt(std::max(1.0, static_cast<double>(weight.size(0)) /
                                                            static_cast<double>(columns)));
  weight.mul_(1 - config.muon_rate * factor * config.weight_decay);
  for (std::int64_t i = 0; i < (packed ? 3 : 1); ++i) {
    const auto rows = packed ? columns : weight.size(0);
    weight.narrow(0, i * rows, rows)
        .add_(orthogonalise(direction.narrow(0, i * rows, rows)),
              -config.muon_rate * factor * scale);
  }
}

void Optimizer::adamw(at::Tensor& weight, Moments& m, const OptimizerConfig& config,
                      double factor) {
  constexpr double b1 = 0.9, b2 = 0.95;
  const double rate = config.adamw_rate * factor;
  m.first.mul_(b1).add_(weight.grad(), 1 - b1);
  m.second.mul_(b2).addcmul_(weight.grad(), weight.grad(), 1 - b2);
  const double c1 = 1 - std::pow(b1, static_cast<double>(steps_)),
               c2 = 1 - std::pow(b2, static_cast<double>(steps_));
  weight.mul_(1 - rate * config.weight_decay);
  weight.addcdiv_(m.first, (m.second / c2).sqrt_().add_(1e-8), -rate / c1);
}

std::string Optimizer::save() const {
  std::string out(reinterpret_cast<const char*>(&steps_), sizeof(steps_));
  for (const auto& [name, m] : moments_) {
    append(out, m.first);
    if (m.second.defined()) append(out, m.second);
  }
  return out;
}

Status Optimizer::load(std::string_view& bytes) {
  if (auto taken = nn::load(steps_, bytes); !taken) return taken;
  for (const auto& [name, m] : moments_) {
    for (const auto& [order, moment] : {std::pair("first", m.first), {"second", m.second}}) {
      if (!moment.defined()) continue;
      const auto what = fmt::format("the {} moment of tensor '{}'", order, name);
      if (auto taken = take(bytes, what, moment); !taken) return taken;
    }
  }
  return {};
}

}  // namespace qstar::learning::nn

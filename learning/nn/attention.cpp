#include "learning/nn/attention.hpp"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/custom_function.h>

#include "learning/nn/attention_kernels.hpp"

namespace qstar::learning::nn {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

AttentionShape shape_of(const at::Tensor& qkv, const at::Tensor& sights) {
  const auto heads = sights.size(0);
  return {qkv.size(0), qkv.size(1), heads, qkv.size(2) / (3 * heads)};
}

struct Attention : torch::autograd::Function<Attention> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& qkv,
                            const at::Tensor& sights, double rope_base) {
    const auto input = qkv.contiguous();
    const auto s = shape_of(input, sights);
    const RotaryTable rotary(s.length, s.head_size, rope_base);
    auto out = at::empty({s.batch, s.length, s.width()}, input.options());
    auto p = at::empty({s.batch, s.heads, s.length, s.length}, input.options());
    attention_forward(s, {rotary, sights.data_ptr<std::int32_t>()}, input.data_ptr<float>(),
                      out.data_ptr<float>(), p.data_ptr<float>());
    context->save_for_backward({input, p, sights});
    context->saved_data["rope_base"] = rope_base;
    return out;
  }

  static variable_list backward(AutogradContext* context, variable_list gradients) {
    const auto saved = context->get_saved_variables();
    const auto s = shape_of(saved[0], saved[2]);
    const RotaryTable rotary(s.length, s.head_size, context->saved_data["rope_base"].toDouble());
    const auto grad_out = gradients[0].contiguous();
    auto grad = at::empty_like(saved[0]);
    attention_backward(s, {rotary, saved[2].data_ptr<std::int32_t>()}, saved[0].data_ptr<float>(),
                       saved[1].data_ptr<float>(), grad_out.data_ptr<float>(),
                       grad.data_ptr<float>());
    return {grad, at::Tensor(), at::Tensor()};
  }
};

// The sights of one row of the batch and one head: [T,4].
void write_sights(model::Scope scope, std::span<const model::LinePlace> places, std::int32_t* out) {
  for (std::int32_t t = 0; t < static_cast<std::int32_t>(places.size()); ++t, out += 4) {
    const auto& at = places[static_cast<std::size_t>(t)];
    const model::Sight sight = model::sight_of(scope, places, t);
    out[0] = sight.begin;
    out[1] = sight.end;
    out[2] = model::asking_position(scope, at, t);
    out[3] = model::found_position(scope, at, t);
  }
}

}  // namespace

std::vector<model::LinePlace> line_places(const std::int64_t* tokens, std::int64_t length) {
  model::LineReader reader;
  std::vector<model::LinePlace> places;
  for (std::int64_t t = 0; t < length; ++t)
    places.push_back(reader.next(static_cast<std::int32_t>(tokens[t])));
  return places;
}

at::Tensor sights_of(const at::Tensor& tokens, const model::ModelSpec& spec) {
  const auto rows = tokens.contiguous();
  const auto b = rows.size(0), t = rows.size(1);
  auto sights = at::empty({spec.heads, b, t, 4}, at::kInt);
  auto* out = sights.data_ptr<std::int32_t>();
  for (std::int64_t row = 0; row < b; ++row) {
    const auto places = line_places(rows.data_ptr<std::int64_t>() + row * t, t);
    for (std::int64_t head = 0; head < spec.heads; ++head)
      write_sights(model::scope_of(spec, head), places, out + (head * b + row) * t * 4);
  }
  return sights;
}

at::Tensor attention(const at::Tensor& qkv, const at::Tensor& sights, double rope_base) {
  return Attention::apply(qkv, sights, rope_base);
}

}  // namespace qstar::learning::nn

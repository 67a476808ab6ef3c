#include "learning/nn/attention.hpp"

#include <torch/csrc/autograd/custom_function.h>

#include "learning/nn/attention_kernels.hpp"

namespace qstar::nn {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

AttentionShape shape_of(const at::Tensor& qkv, std::int64_t heads) {
  return {qkv.size(0), qkv.size(1), heads, qkv.size(2) / (3 * heads)};
}

struct Attention : torch::autograd::Function<Attention> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& qkv, std::int64_t heads,
                            double rope_base) {
    const auto input = qkv.contiguous();
    const auto s = shape_of(input, heads);
    const RotaryTable rotary(s.length, s.head_size, rope_base);
    auto out = at::empty({s.batch, s.length, s.width()}, input.options());
    auto p = at::empty({s.batch, heads, s.length, s.length}, input.options());
    attention_forward(s, rotary, input.data_ptr<float>(), out.data_ptr<float>(),
                      p.data_ptr<float>());
    context->save_for_backward({input, p});
    context->saved_data["heads"] = heads;
    context->saved_data["rope_base"] = rope_base;
    return out;
  }

  static variable_list backward(AutogradContext* context, variable_list gradients) {
    const auto saved = context->get_saved_variables();
    const auto heads = context->saved_data["heads"].toInt();
    const auto s = shape_of(saved[0], heads);
    const RotaryTable rotary(s.length, s.head_size, context->saved_data["rope_base"].toDouble());
    const auto grad_out = gradients[0].contiguous();
    auto grad = at::empty_like(saved[0]);
    attention_backward(s, rotary, saved[0].data_ptr<float>(), saved[1].data_ptr<float>(),
                       grad_out.data_ptr<float>(), grad.data_ptr<float>());
    return {grad, at::Tensor(), at::Tensor()};
  }
};

}  // namespace

at::Tensor attention(const at::Tensor& qkv, std::int64_t heads, double rope_base) {
  return Attention::apply(qkv, heads, rope_base);
}

}  // namespace qstar::nn

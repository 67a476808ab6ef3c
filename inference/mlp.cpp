#include "inference/mlp.hpp"

#include <algorithm>
#include <cmath>

#include "core/result.hpp"
#include "core/rng.hpp"

namespace qstar::inference::mlp {
namespace {

void fill_normal(Rng& rng, double deviation, std::span<float> values) {
  for (float& value : values) value = static_cast<float>(deviation * rng.normal());
}

template <class T>
void pack_dense(const Layout::Dense& dense, const float* parameters, Use use,
                PackedDense<T>& packed) {
  if (packed.forward.size() == 0) packed.forward = Buffer<T>(dense.n * dense.k);
  pack_forward(parameters + dense.weight, dense.n, dense.k, packed.forward.get());
  if (use == Use::kInference) return;
  if (packed.backward.size() == 0) packed.backward = Buffer<T>(dense.n * dense.k);
  pack_backward(parameters + dense.weight, dense.n, dense.k, packed.backward.get());
}

template <class T>
Left<T> rows_of(const Buffer<T>& matrix, std::size_t width) {
  return {matrix.get(), width, kPair<T>};
}
template <class T>
Right<T> panels_of(const Buffer<T>& packed, std::size_t reduced) {
  return {packed.get(), kColumns * reduced, kColumns * kPair<T>};
}

}  // namespace

Layout::Layout(const Sizes& sizes) : sizes_(sizes) {
  QSTAR_ASSERT(sizes.first % kColumns == 0 && sizes.second % kColumns == 0,
               "widths are multiples of 32");
  size_ = (entries() + 1) * sizes.first;
  const auto dense = [this](std::size_t n, std::size_t k) {
    const Dense added{n, k, size_, size_ + n * k};
    size_ += n * k + n;
    return added;
  };
  hidden_.push_back(dense(sizes.second, sizes.first));
  for (std::size_t i = 0; i < 2 * sizes.blocks; ++i)
    hidden_.push_back(dense(sizes.second, sizes.second));
  output_ = dense(round_up(sizes.outputs, kColumns), sizes.second);
}

std::size_t Layout::parameters() const {
  return size_ - (output_.n - sizes_.outputs) * (output_.k + 1);
}

double Layout::flops() const {
  double products = static_cast<double>(sizes_.outputs * sizes_.second);
  for (const Dense& dense : hidden_) products += static_cast<double>(dense.n * dense.k);
  return 2 * products + static_cast<double>(sizes_.cells * sizes_.first);
}

Buffer<float> initial_parameters(const Layout& layout, std::uint64_t seed) {
  Buffer<float> parameters(layout.size());
  Rng rng(derive_seed(seed, "network"));
  const auto he = [](std::size_t inputs) { return std::sqrt(2.0 / static_cast<double>(inputs)); };
  fill_normal(rng, he(layout.sizes().cells), {parameters.get(), layout.table_bias()});
  const auto& hidden = layout.hidden();
  for (std::size_t i = 0; i < hidden.size(); ++i)
    if (i == 0 || i % 2 == 1)
      fill_normal(rng, he(hidden[i].k),
                  {parameters.get() + hidden[i].weight, hidden[i].n * hidden[i].k});
  const Layout::Dense& output = layout.output();
  fill_normal(rng, 0.5 * he(output.k),
              {parameters.get() + output.weight, layout.sizes().outputs * output.k});
  return parameters;
}

template <class T>
void pack(const Layout& layout, const float* parameters, Use use, Packed<T>& packed) {
  if (packed.table.size() == 0) packed.table = Buffer<T>(layout.table_bias());
  narrow(parameters, layout.table_bias(), packed.table.get());
  packed.hidden.resize(layout.hidden().size());
  for (std::size_t i = 0; i < packed.hidden.size(); ++i)
    pack_dense(layout.hidden()[i], parameters, use, packed.hidden[i]);
  pack_dense(layout.output(), parameters, Use::kInference, packed.output);
}

template <class T>
Workspace<T>::Workspace(const Layout& layout, std::size_t rows, Use use)
    : layout_(layout), rows_(round_up(rows, kRows)), indices_(rows_ * layout.sizes().cells) {
  const Sizes& sizes = layout.sizes();
  const std::size_t widest = std::max(sizes.first, sizes.second);
  sums_ = Buffer<float>(rows_ * std::max(widest, layout.output().n));
  activations_.emplace_back(rows_ * sizes.first);
  for (std::size_t i = 0; i < layout.hidden().size(); ++i)
    activations_.emplace_back(rows_ * sizes.second);
  if (use == Use::kInference) return;
  delta_ = Buffer<float>(rows_ * widest);
  inner_ = Buffer<float>(rows_ * widest);
  narrow_ = Buffer<T>(rows_ * widest);
  if constexpr (kPair<T> == 2) {
    pairs_ = Buffer<T>(rows_ * widest);
    delta_pairs_ = Buffer<T>(rows_ * widest);
  }
}

// Rows that only fill up the last block look like positions whose cells are all 0.
template <class T>
void Workspace<T>::index(std::span<const std::uint8_t> cells) {
  const auto per_row = static_cast<std::uint32_t>(layout_.sizes().cells);
  const auto symbols = static_cast<std::uint32_t>(layout_.sizes().symbols);
  used_ = cells.size() / per_row;
  padded_ = round_up(used_, kRows);
  QSTAR_ASSERT(padded_ <= rows_, "a chunk has at most rows() rows");
  std::uint32_t* index = indices_.data();
  for (std::size_t r = 0; r < padded_; ++r)
    for (std::uint32_t i = 0; i < per_row; ++i)
      *index++ = i * symbols + (r < used_ ? cells[r * per_row + i] : 0);
}

template <class T>
void Workspace<T>::dense_forward(std::size_t layer, const Packed<T>& packed,
                                 const float* parameters) {
  const Layout::Dense& dense = layout_.hidden()[layer];
  product(rows_of(activations_[layer], dense.k), panels_of(packed.hidden[layer].forward, dense.k),
          {padded_, dense.n, dense.k / kPair<T>}, sums_.get(), Write::kStore);
  const bool closes_block = layer > 0 && layer % 2 == 0;
  const T* skip = closes_block ? activations_[layer - 1].get() : nullptr;
  bias_relu(sums_.get(), parameters + dense.bias, skip, padded_, dense.n,
            activations_[layer + 1].get());
}

template <class T>
void Workspace<T>::forward(const Packed<T>& packed, const float* parameters,
                           std::span<const std::uint8_t> cells) {
  index(cells);
  const Sizes& sizes = layout_.sizes();
  gather_relu(Table<T>{packed.table.get(), layout_.entries(), sizes.first},
              parameters + layout_.table_bias(), {indices_.data(), padded_, sizes.cells},
              activations_[0].get());
  for (std::size_t layer = 0; layer < layout_.hidden().size(); ++layer)
    dense_forward(layer, packed, parameters);
}

template <class T>
void Workspace<T>::outputs(const Packed<T>& packed, const float* parameters, std::span<float> out) {
  const Layout::Dense& dense = layout_.output();
  const std::size_t n = out.size() / used_, width = round_up(n, kColumns);
  product(rows_of(activations_.back(), dense.k), panels_of(packed.output.forward, dense.k),
          {padded_, width, dense.k / kPair<T>}, sums_.get(), Write::kStore);
  for (std::size_t r = 0; r < used_; ++r)
    for (std::size_t i = 0; i < n; ++i)
      out[r * n + i] = sums_.get()[r * width + i] + parameters[dense.bias + i];
}

template <class T>
void Workspace<T>::selected(const float* parameters, std::span<const std::uint16_t> which,
                            std::span<float> selected) {
  const Layout::Dense& dense = layout_.output();
  const std::size_t columns = which.size() / used_;
  for (std::size_t i = 0; i < which.size(); ++i)
    selected[i] = dot(activations_.back().get() + i / columns * dense.k,
                      parameters + dense.weight + which[i] * dense.k, dense.k) +
                  parameters[dense.bias + which[i]];
}

template <class T>
void Workspace<T>::output_gradient(const float* parameters, std::span<const std::uint16_t> which,
                                   std::span<const float> slopes, float* gradient) {
  const Layout::Dense& dense = layout_.output();
  std::fill_n(delta_.get(), padded_ * dense.k, 0.0F);
  const std::size_t columns = which.size() / used_;
  for (std::size_t i = 0; i < which.size(); ++i) {
    if (slopes[i] == 0) continue;
    const std::size_t row = dense.weight + which[i] * dense.k;
    const std::size_t of = i / columns * dense.k;
    add_scaled(slopes[i], parameters + row, dense.k, delta_.get() + of);
    add_scaled(slopes[i], activations_.back().get() + of, dense.k, gradient + row);
    gradient[dense.bias + which[i]] += slopes[i];
  }
}

template <class T>
const T* Workspace<T>::by_rows(const T* matrix, std::size_t columns, Buffer<T>& space) {
  if constexpr (kPair<T> == 1) return matrix;
  if constexpr (kPair<T> == 2)
    for (std::size_t r = 0; r < padded_; r += 2)
      interleave(matrix + r * columns, matrix + (r + 1) * columns, columns,
                 space.get() + r * columns);
  return space.get();
}

// `delta` is the gradient at the layer's rectified output; `out` gets (or has added) the gradient
// at its input.
template <class T>
void Workspace<T>::dense_backward(std::size_t layer, const Packed<T>& packed, float* delta,
                                  float* out, Write write, float* gradient) {
  const Layout::Dense& dense = layout_.hidden()[layer];
  relu_backward(activations_[layer + 1].get(), padded_, dense.n, delta, gradient + dense.bias);
  narrow(delta, padded_ * dense.n, narrow_.get());
  const T* input = by_rows(activations_[layer].get(), dense.k, pairs_);
  const T* output = by_rows(narrow_.get(), dense.n, delta_pairs_);
  product(Left<T>{output, kPair<T>, dense.n * kPair<T>},
          Right<T>{input, kColumns * kPair<T>, dense.k * kPair<T>},
          {dense.n, dense.k, padded_ / kPair<T>}, gradient + dense.weight, Write::kAdd);
  product(rows_of(narrow_, dense.n), panels_of(packed.hidden[layer].backward, dense.n),
          {padded_, dense.k, dense.n / kPair<T>}, out, write);
}

template <class T>
void Workspace<T>::backward(const Packed<T>& packed, const float* parameters,
                            std::span<const std::uint16_t> which, std::span<const float> slopes,
                            float* gradient) {
  output_gradient(parameters, which, slopes, gradient);
  for (std::size_t layer = layout_.hidden().size() - 1; layer > 0; layer -= 2) {
    dense_backward(layer, packed, delta_.get(), inner_.get(), Write::kStore, gradient);
    dense_backward(layer - 1, packed, inner_.get(), delta_.get(), Write::kAdd, gradient);
  }
  dense_backward(0, packed, delta_.get(), inner_.get(), Write::kStore, gradient);
  const Sizes& sizes = layout_.sizes();
  relu_backward(activations_[0].get(), padded_, sizes.first, inner_.get(),
                gradient + layout_.table_bias());
  scatter_add(inner_.get(), {indices_.data(), used_, sizes.cells}, layout_.entries(), sizes.first,
              gradient + layout_.table());
}

template void pack(const Layout&, const float*, Use, Packed<float>&);
template void pack(const Layout&, const float*, Use, Packed<Bf16>&);
template class Workspace<float>;
template class Workspace<Bf16>;

}  // namespace qstar::inference::mlp

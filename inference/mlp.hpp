// The network of puzzles, forward and backward: a one-hot layer, a second wide layer, residual
// blocks, a linear output (Agostinelli, McAleer, Shmakov, Baldi 2019; 2021 for Q).
//
//   y0 = relu(b + the sum of the table's rows that the cells select)          [first]
//   y1 = relu(W1·y0 + b1)                                                     [second]
//   each block: y ← relu(y + B·relu(A·y + a) + b)                             [second]
//   outputs = O·y + o                                                         [outputs]
//
// Departs from the papers in having no batch normalisation: bootstrapped targets move its
// statistics, and it would tie a row's result to the batch. The second layer of each block starts
// at zero instead, so that the network starts as if it had no blocks (Zhang, Dauphin, Ma 2019).
//
// Parameters are one flat float32 vector, so that Adam, copies and checkpoints know no layers.
// Products run on elements of type T: float, or Bf16 with float32 sums.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "inference/mlp_kernels.hpp"

namespace qstar::inference::mlp {

struct Sizes {
  std::size_t cells, symbols;  // one-hot inputs: cells · symbols
  std::size_t first, second;   // multiples of 32
  std::size_t blocks;
  std::size_t outputs;
};

// Where everything stands in the flat vector.
class Layout {
 public:
  explicit Layout(const Sizes& sizes);

  struct Dense {
    std::size_t n, k;          // outputs (padded to 32) and inputs
    std::size_t weight, bias;  // offsets: weight [n,k] row-major, bias [n]
  };
  const Sizes& sizes() const { return sizes_; }
  std::size_t entries() const { return sizes_.cells * sizes_.symbols; }
  std::size_t table() const { return 0; }  // offset: [first/32][entries][32]
  std::size_t table_bias() const { return entries() * sizes_.first; }
  // W1, then A and B of each block.
  const std::vector<Dense>& hidden() const { return hidden_; }
  const Dense& output() const { return output_; }
  std::size_t size() const { return size_; }  // floats, padding of the output layer included
  // Weights and biases without padding: what a "230 k network" counts.
  std::size_t parameters() const;
  // Of one state's forward pass: 2 a multiply-add of the products of the hidden and output layers,
  // 1 an addition of the one-hot layer (which as a product would cost 2 · entries() · first).
  double flops() const;

 private:
  Sizes sizes_;
  std::vector<Dense> hidden_;
  Dense output_{};
  std::size_t size_ = 0;
};

// He et al. 2015 (of the one-hot layer, `cells` inputs count, as that many are 1), biases and the
// last layer of each block 0.
Buffer<float> initial_parameters(const Layout& layout, std::uint64_t seed);

// A matrix as products want it.
template <class T>
struct PackedDense {
  Buffer<T> forward, backward;  // the latter is empty when it is for inference only
};
template <class T>
struct Packed {
  Buffer<T> table;
  std::vector<PackedDense<T>> hidden;
  PackedDense<T> output;
};
enum class Use { kInference, kTraining };
// Makes (or makes again, in buffers that are there) the packed weights of these parameters.
template <class T>
void pack(const Layout& layout, const float* parameters, Use use, Packed<T>& packed);

// One thread's work space for chunks of rows: activations of the last forward pass.
template <class T>
class Workspace {
 public:
  // `rows` at most in one chunk, a multiple of kRows; 64 for inference, more for training.
  Workspace(const Layout& layout, std::size_t rows, Use use);

  std::size_t rows() const { return rows_; }
  // Runs the network up to the last hidden layer. cells [n, cells], n <= rows().
  void forward(const Packed<T>& packed, const float* parameters,
               std::span<const std::uint8_t> cells);
  // The first outputs of the rows of the last forward(), written to [n, as many as there is room].
  void outputs(const Packed<T>& packed, const float* parameters, std::span<float> out);
  // Some outputs a row: selected[r][j] = outputs[r][which[r][j]]; both [n, as many as wanted].
  void selected(const float* parameters, std::span<const std::uint16_t> which,
                std::span<float> selected);
  // Adds to `gradient` (laid out as the parameters) the gradient of a loss of which slopes[r][j] is
  // the derivative by selected[r][j]; after forward() of the same rows.
  void backward(const Packed<T>& packed, const float* parameters,
                std::span<const std::uint16_t> which, std::span<const float> slopes,
                float* gradient);

 private:
  void index(std::span<const std::uint8_t> cells);
  void output_gradient(const float* parameters, std::span<const std::uint16_t> which,
                       std::span<const float> slopes, float* gradient);
  void dense_forward(std::size_t layer, const Packed<T>& packed, const float* parameters);
  void dense_backward(std::size_t layer, const Packed<T>& packed, float* delta, float* out,
                      Write write, float* gradient);
  // Elements for the reduction over rows: pairs of rows side by side.
  const T* by_rows(const T* matrix, std::size_t columns, Buffer<T>& space);

  Layout layout_;
  std::size_t rows_;
  std::size_t used_ = 0;                // rows of the last forward()
  std::size_t padded_ = 0;              // the same, a multiple of kRows
  std::vector<std::uint32_t> indices_;  // [rows, cells]
  std::vector<Buffer<T>> activations_;  // y0, y1, then two a block
  Buffer<float> sums_;                  // [rows, widest]
  Buffer<float> delta_, inner_;         // [rows, widest]: gradients on their way back
  Buffer<T> narrow_, pairs_, delta_pairs_;
};

}  // namespace qstar::inference::mlp

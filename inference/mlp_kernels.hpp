// Arithmetic of small networks that are trained and used on a CPU: one matrix product, the one-hot
// first layer and its gradient, rectifiers, Adam.
//
// Elements are float32, or bfloat16 with float32 sums (twice as fast where the machine multiplies
// pairs of bfloat16, AVX-512 BF16; the same results, slowly, where it does not). A product reduces
// kPair elements a step: bfloat16 matrices therefore stand in pairs along the reduced direction.
// Every row is summed in an order that does not depend on the rows beside it.
//
// Widths are multiples of kColumns and rows of kRows; pad smaller ones with zeros.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>

namespace qstar::inference::mlp {

inline constexpr std::size_t kRows = 8;      // rows computed together by product()
inline constexpr std::size_t kColumns = 32;  // columns of a panel

struct Bf16 {
  std::uint16_t bits;  // the upper half of a float32
};
template <class T>
inline constexpr std::size_t kPair = sizeof(float) / sizeof(T);
// Whether this build multiplies bfloat16 faster than float32.
bool fast_bf16();

constexpr std::size_t round_up(std::size_t n, std::size_t to) { return (n + to - 1) / to * to; }

// Zeroed elements that start on a cache line.
template <class T>
class Buffer {
 public:
  Buffer() = default;
  explicit Buffer(std::size_t n)
      : data_(static_cast<T*>(std::aligned_alloc(64, round_up(n * sizeof(T) + 1, 64)))), size_(n) {
    if (data_ == nullptr) throw std::bad_alloc();
    clear();
  }
  void clear() { std::memset(static_cast<void*>(data_.get()), 0, size_ * sizeof(T)); }
  T* get() { return data_.get(); }
  const T* get() const { return data_.get(); }
  std::size_t size() const { return size_; }

 private:
  struct Free {
    void operator()(T* p) const { std::free(p); }
  };
  std::unique_ptr<T, Free> data_;
  std::size_t size_ = 0;
};

// Element (r, s) of the left matrix, a group of kPair: data + r * row + s * step.
template <class T>
struct Left {
  const T* data;
  std::size_t row;
  std::size_t step;
};
// Elements (s, c … c + 31) of the right matrix, c a multiple of 32, kPair each side by side:
// data + c / 32 * panel + s * step.
template <class T>
struct Right {
  const T* data;
  std::size_t panel;
  std::size_t step;
};
struct Extent {
  std::size_t rows;     // a multiple of kRows
  std::size_t columns;  // a multiple of kColumns
  std::size_t steps;    // groups of kPair that are reduced
};
enum class Write { kStore, kAdd };
// out [rows, row stride columns] = or += left · right.
template <class T>
void product(const Left<T>& left, const Right<T>& right, const Extent& extent, float* out,
             Write write);

// Weights [n,k] row-major for x·Wᵀ as a Right with panels [n/32][k/kPair][32][kPair] …
template <class T>
void pack_forward(const float* weights, std::size_t n, std::size_t k, T* packed);
// … and for g·W, with panels [k/32][n/kPair][32][kPair].
template <class T>
void pack_backward(const float* weights, std::size_t n, std::size_t k, T* packed);
// The nearest element, ties to even; n a multiple of 16.
template <class T>
void narrow(const float* from, std::size_t n, T* to);
// Two rows of n elements in pairs side by side, [n][2]; n a multiple of 16.
void interleave(const Bf16* even, const Bf16* odd, std::size_t n, Bf16* pairs);

// The one-hot layer: y[r] = max(0, bias + the sum of the table's rows index[r][*]), n columns.
// table [n/32][entries][32]; index [rows, per_row], entry numbers; y [rows, n].
template <class T>
struct Table {
  const T* data;
  std::size_t entries;
  std::size_t n;
};
struct Indices {
  const std::uint32_t* data;
  std::size_t rows;
  std::size_t per_row;
};
template <class T>
void gather_relu(const Table<T>& table, const float* bias, const Indices& indices, T* y);
// Its gradient: table row += gradient row, for every index; gradient [rows, n], table as above.
void scatter_add(const float* gradient, const Indices& indices, std::size_t entries, std::size_t n,
                 float* table);

// y = max(0, x + bias) or max(0, x + bias + skip), [rows, n]; `skip` may be null and may be y.
template <class T>
void bias_relu(const float* x, const float* bias, const T* skip, std::size_t rows, std::size_t n,
               T* y);
// gradient = 0 where the rectifier's output y was 0; sums[c] += the column sums of what remains.
template <class T>
void relu_backward(const T* y, std::size_t rows, std::size_t n, float* gradient, float* sums);

// y += a · x, n a multiple of 16; and the inner product.
template <class T>
void add_scaled(float a, const T* x, std::size_t n, float* y);
template <class T>
float dot(const T* x, const float* y, std::size_t n);

// Adam (Kingma & Ba 2015), moments 0.9 and 0.999, ε = 1e-8; `step` counts from 1. Clears the
// gradient for the next batch. n a multiple of 16.
struct AdamStep {
  float rate;
  std::int64_t step;
};
void adam(const AdamStep& step, std::size_t n, float* parameters, float* gradient, float* moment1,
          float* moment2);

}  // namespace qstar::inference::mlp

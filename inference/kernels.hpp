// The decoder's arithmetic, on raw float32 rows.
//
// Written with sixteen lanes (core/lanes.hpp), which the compiler maps to the machine's registers.
// The result of a row depends neither on other rows nor on its place: every row is summed in the
// same order, and remainders are avoided by padding instead of separate code.
//
// Memory: columns are padded to kColumns and rows to kRows; padding holds finite numbers. Pointers
// need no alignment, but 64-byte aligned rows are faster.
#pragma once

#include <cstddef>

namespace qstar::inference::kernels {

inline constexpr std::size_t kLanes = 16;
inline constexpr std::size_t kRows = 8;      // rows computed together by gemm()
inline constexpr std::size_t kColumns = 32;  // columns of a packed panel

constexpr std::size_t round_up(std::size_t n, std::size_t to) { return (n + to - 1) / to * to; }

// Floats that pack() writes for a matrix [n,k].
constexpr std::size_t packed_size(std::size_t n, std::size_t k) {
  return round_up(n, kColumns) * k;
}
// Row-major weights [n,k] (torch's Linear) into panels [n/32][k][32], padded with zeros.
void pack(const float* weights, std::size_t n, std::size_t k, float* packed);

struct Matrix {
  const float* packed;
  std::size_t n;  // outputs, before padding
  std::size_t k;  // inputs
};
enum class Write { kStore, kAdd };
// y = x·Wᵀ or y += x·Wᵀ; x [rows, x_stride], y [rows, y_stride], y_stride >= n padded. `rows` is a
// multiple of kRows.
void gemm(const Matrix& w, const float* x, std::size_t x_stride, std::size_t rows, float* y,
          std::size_t y_stride, Write write);

// y = (x − mean) / sqrt(variance + 1e-5) · gain + bias over the first `width` of `stride` floats;
// gain and bias are padded with zeros to `stride`, a multiple of kLanes, and so is then y.
void layer_norm(const float* x, const float* gain, const float* bias, std::size_t width,
                std::size_t stride, float* y);

// x = x·Φ(x) in place, n a multiple of kLanes. Φ by erf of Abramowitz & Stegun 7.1.26
// (absolute error of Φ below 5e-7 in float32).
void gelu(float* x, std::size_t n);

// Turns the pairs (j, j + size/2) of a head by the angles whose cosines and sines [size/2] are
// given.
void rotate(float* x, std::size_t size, const float* cosines, const float* sines);

// Keys and values of one layer of one sequence.
struct Cache {
  float* keys;    // [context / kLanes rounded up, heads, size, kLanes]: 16 places at once
  float* values;  // [context, heads, size padded to kLanes]
  std::size_t heads;
  std::size_t size;    // of a head
  std::size_t places;  // context padded to kLanes
};
constexpr std::size_t key_floats(std::size_t heads, std::size_t size, std::size_t context) {
  return heads * size * round_up(context, kLanes);
}
constexpr std::size_t value_floats(std::size_t heads, std::size_t size, std::size_t context) {
  return context * heads * round_up(size, kLanes);
}
// Prefetches the places 0 … length − 1 into the core's cache before attend() needs them.
void prefetch(const Cache& cache, std::size_t length);
// Stores a place's key and value, each [heads, size].
void remember(const Cache& cache, std::size_t place, const float* key, const float* value);
// Places [begin, end) that a head attends to.
struct Range {
  std::size_t begin, end;
};
// out [heads, size] = softmax(q·K / sqrt(size))·V over each head's places, `ranges` [heads]; zero
// for an empty range. `scratch` holds `places` floats, plus the padded size of a head.
void attend(const Cache& cache, const Range* ranges, const float* q, float* scratch, float* out);

}  // namespace qstar::inference::kernels

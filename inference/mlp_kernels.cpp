#include "inference/mlp_kernels.hpp"

#include <cmath>
#include <type_traits>

#include "core/lanes.hpp"
#include "inference/tile.hpp"

#if defined(__AVX512BF16__) && defined(__AVX512BW__)
#include <immintrin.h>
#define QSTAR_FAST_BF16 1
#endif

namespace qstar::inference::mlp {
namespace {

using lanes::kLanes;
using lanes::load, lanes::store, lanes::select, lanes::cast, lanes::convert;
using Vec = lanes::Floats;
using Bits = lanes::Words;
using HalfBits = lanes::HalfWords;
static_assert(kRows % kTileRows == 0 && kColumns % (kTileVectors * kLanes) == 0);

inline Vec load(const float* p) { return load<Vec>(p); }
inline Bits load_bits(const Bf16* p) { return load<Bits>(p); }
inline void store_bits(Bf16* p, Bits v) { store(p, v); }
inline Vec splat(float x) { return lanes::splat<Vec>(x); }
inline Vec max0(Vec a) { return select(a > 0.0F, a, Vec{}); }

inline Vec as_float(Bits b) { return cast<Vec>(b); }
// A bfloat16 pair as 32 bits: the first element is the lower half.
inline Vec first_of(Bits pair) { return as_float(pair << 16); }
inline Vec second_of(Bits pair) { return as_float(pair & 0xffff0000U); }
// Rounded to bfloat16 (nearest, ties to even), in the upper half of each lane.
inline Bits rounded(Vec v) {
  const Bits b = cast<Bits>(v);
  return b + 0x7fffU + ((b >> 16) & 1U);
}

inline Vec widen(const float* p) { return load(p); }
inline Vec widen(const Bf16* p) { return as_float(convert<Bits>(load<HalfBits>(p)) << 16); }
inline void narrow_store(float* p, Vec v) { store(p, v); }
inline void narrow_store(Bf16* p, Vec v) { store(p, convert<HalfBits>(rounded(v) >> 16)); }

// What one step multiplies: a group of kPair elements in each of 16 columns.
template <class T>
using Operand = std::conditional_t<kPair<T> == 1, Vec, Bits>;
inline Vec right_of(const float* p) { return load(p); }
inline Bits right_of(const Bf16* p) { return load_bits(p); }
inline Vec left_of(const float* p) { return splat(*p); }
inline Bits left_of(const Bf16* p) {
  std::uint32_t pair;
  __builtin_memcpy(&pair, p, sizeof pair);
  return lanes::splat<Bits>(pair);
}
inline Vec multiply_add(Vec sum, Vec a, Vec b) { return sum + a * b; }
inline Vec multiply_add(Vec sum, Bits a, Bits b) {
#ifdef QSTAR_FAST_BF16
  return reinterpret_cast<Vec>(_mm512_dpbf16_ps(
      reinterpret_cast<__m512>(sum), reinterpret_cast<__m512bh>(a), reinterpret_cast<__m512bh>(b)));
#else
  return sum + second_of(a) * second_of(b) + first_of(a) * first_of(b);
#endif
}

// kTileRows rows and kTileVectors vectors of columns.
template <class T>
inline void tile(const T* left, const Left<T>& l, const T* right, std::size_t right_step,
                 std::size_t steps, float* out, std::size_t out_row, Write write) {
  Vec sums[kTileRows][kTileVectors];
#pragma GCC unroll 8
  for (std::size_t r = 0; r < kTileRows; ++r)
#pragma GCC unroll 2
    for (std::size_t v = 0; v < kTileVectors; ++v) sums[r][v] = Vec{};
  for (std::size_t s = 0; s < steps; ++s) {
    Operand<T> b[kTileVectors];
#pragma GCC unroll 2
    for (std::size_t v = 0; v < kTileVectors; ++v)
      b[v] = right_of(right + s * right_step + v * kLanes * kPair<T>);
#pragma GCC unroll 8
    for (std::size_t r = 0; r < kTileRows; ++r) {
      const auto a = left_of(left + r * l.row + s * l.step);
#pragma GCC unroll 2
      for (std::size_t v = 0; v < kTileVectors; ++v) sums[r][v] = multiply_add(sums[r][v], a, b[v]);
    }
  }
#pragma GCC unroll 8
  for (std::size_t r = 0; r < kTileRows; ++r)
#pragma GCC unroll 2
    for (std::size_t v = 0; v < kTileVectors; ++v) {
      float* to = out + r * out_row + v * kLanes;
      store(to, write == Write::kAdd ? load(to) + sums[r][v] : sums[r][v]);
    }
}

// The sums of one panel's 32 columns for one row, in the order in which the table keeps them.
inline void gather_one(const float* panel, const float* bias, const std::uint32_t* index,
                       std::size_t n, float* y) {
  Vec low = load(bias), high = load(bias + kLanes);
  for (std::size_t i = 0; i < n; ++i) {
    const float* row = panel + index[i] * kColumns;
    low += load(row);
    high += load(row + kLanes);
  }
  store(y, max0(low));
  store(y + kLanes, max0(high));
}

// Even and odd columns are summed apart: a 64-byte row then widens with one shift and one mask.
inline void gather_one(const Bf16* panel, const float* bias, const std::uint32_t* index,
                       std::size_t n, Bf16* y) {
  Vec even{}, odd{}, even2{}, odd2{};
  std::size_t i = 0;
  for (; i + 1 < n; i += 2) {
    const Bits a = load_bits(panel + index[i] * kColumns);
    const Bits b = load_bits(panel + index[i + 1] * kColumns);
    even += first_of(a);
    odd += second_of(a);
    even2 += first_of(b);
    odd2 += second_of(b);
  }
  if (i < n) {
    const Bits a = load_bits(panel + index[i] * kColumns);
    even += first_of(a);
    odd += second_of(a);
  }
  float even_bias[kLanes], odd_bias[kLanes];
  for (std::size_t j = 0; j < kLanes; ++j) {
    even_bias[j] = bias[2 * j];
    odd_bias[j] = bias[2 * j + 1];
  }
  even = max0(even + even2 + load(even_bias));
  odd = max0(odd + odd2 + load(odd_bias));
  store_bits(y, (rounded(even) >> 16) | (rounded(odd) & 0xffff0000U));
}

}  // namespace

bool fast_bf16() {
#ifdef QSTAR_FAST_BF16
  return true;
#else
  return false;
#endif
}

template <class T>
void product(const Left<T>& left, const Right<T>& right, const Extent& extent, float* out,
             Write write) {
  for (std::size_t column = 0; column < extent.columns; column += kColumns)
    for (std::size_t row = 0; row < extent.rows; row += kTileRows)
      for (std::size_t part = 0; part < kColumns; part += kTileVectors * kLanes)
        tile(left.data + row * left.row, left,
             right.data + column / kColumns * right.panel + part * kPair<T>, right.step,
             extent.steps, out + row * extent.columns + column + part, extent.columns, write);
}

template <class T>
void narrow(const float* from, std::size_t n, T* to) {
  for (std::size_t i = 0; i < n; i += kLanes) narrow_store(to + i, load(from + i));
}

template <class T>
void pack_forward(const float* weights, std::size_t n, std::size_t k, T* packed) {
  for (std::size_t column = 0; column < n; ++column) {
    T* panel = packed + column / kColumns * kColumns * k + column % kColumns * kPair<T>;
    T row[kLanes];
    for (std::size_t i = 0; i < k; i += kLanes) {
      narrow_store(row, load(weights + column * k + i));
      for (std::size_t j = 0; j < kLanes; j += kPair<T>)
        std::memcpy(panel + (i + j) * kColumns, row + j, sizeof(float));
    }
  }
}

template <class T>
void pack_backward(const float* weights, std::size_t n, std::size_t k, T* packed) {
  for (std::size_t column = 0; column < k; column += kLanes) {
    T* panel = packed + column / kColumns * kColumns * n + column % kColumns * kPair<T>;
    for (std::size_t i = 0; i < n; i += kPair<T>) {
      const float* row = weights + i * k + column;
      if constexpr (kPair<T> == 1)
        store(panel + i * kColumns, load(row));
      else
        store_bits(panel + i * kColumns,
                   (rounded(load(row)) >> 16) | (rounded(load(row + k)) & 0xffff0000U));
    }
  }
}

void interleave(const Bf16* even, const Bf16* odd, std::size_t n, Bf16* pairs) {
  for (std::size_t i = 0; i < n; i += kLanes) {
    const Bits first = convert<Bits>(load<HalfBits>(even + i));
    const Bits second = convert<Bits>(load<HalfBits>(odd + i));
    store_bits(pairs + 2 * i, first | (second << 16));
  }
}

template <class T>
void gather_relu(const Table<T>& table, const float* bias, const Indices& indices, T* y) {
  for (std::size_t column = 0; column < table.n; column += kColumns) {
    const T* panel = table.data + column * table.entries;
    for (std::size_t r = 0; r < indices.rows; ++r)
      gather_one(panel, bias + column, indices.data + r * indices.per_row, indices.per_row,
                 y + r * table.n + column);
  }
}

void scatter_add(const float* gradient, const Indices& indices, std::size_t entries, std::size_t n,
                 float* table) {
  for (std::size_t column = 0; column < n; column += kColumns) {
    float* panel = table + column * entries;
    for (std::size_t r = 0; r < indices.rows; ++r) {
      const Vec low = load(gradient + r * n + column);
      const Vec high = load(gradient + r * n + column + kLanes);
      const std::uint32_t* index = indices.data + r * indices.per_row;
      for (std::size_t i = 0; i < indices.per_row; ++i) {
        float* row = panel + index[i] * kColumns;
        store(row, load(row) + low);
        store(row + kLanes, load(row + kLanes) + high);
      }
    }
  }
}

template <class T>
void bias_relu(const float* x, const float* bias, const T* skip, std::size_t rows, std::size_t n,
               T* y) {
  for (std::size_t r = 0; r < rows; ++r)
    for (std::size_t i = 0; i < n; i += kLanes) {
      Vec v = load(x + r * n + i) + load(bias + i);
      if (skip != nullptr) v += widen(skip + r * n + i);
      narrow_store(y + r * n + i, max0(v));
    }
}

template <class T>
void relu_backward(const T* y, std::size_t rows, std::size_t n, float* gradient, float* sums) {
  for (std::size_t i = 0; i < n; i += kLanes) {
    Vec total = load(sums + i);
    for (std::size_t r = 0; r < rows; ++r) {
      float* g = gradient + r * n + i;
      const Vec kept = select(widen(y + r * n + i) > 0.0F, load(g), Vec{});
      store(g, kept);
      total += kept;
    }
    store(sums + i, total);
  }
}

template <class T>
void add_scaled(float a, const T* x, std::size_t n, float* y) {
  for (std::size_t i = 0; i < n; i += kLanes) store(y + i, load(y + i) + a * widen(x + i));
}

template <class T>
float dot(const T* x, const float* y, std::size_t n) {
  Vec total{};
  for (std::size_t i = 0; i < n; i += kLanes) total += widen(x + i) * load(y + i);
  float parts[kLanes], sum = 0;
  store(parts, total);
  for (const float part : parts) sum += part;
  return sum;
}

void adam(const AdamStep& step, std::size_t n, float* __restrict parameters,
          float* __restrict gradient, float* __restrict moment1, float* __restrict moment2) {
  const auto t = static_cast<double>(step.step);
  const auto correction1 = static_cast<float>(1.0 / (1.0 - std::pow(0.9, t)));
  const auto correction2 = static_cast<float>(1.0 / (1.0 - std::pow(0.999, t)));
  for (std::size_t i = 0; i < n; ++i) {
    const float g = gradient[i];
    const float m = 0.9F * moment1[i] + 0.1F * g;
    const float v = 0.999F * moment2[i] + 0.001F * g * g;
    moment1[i] = m;
    moment2[i] = v;
    gradient[i] = 0;
    parameters[i] -= step.rate * (m * correction1) / (__builtin_sqrtf(v * correction2) + 1e-8F);
  }
}

#define QSTAR_MLP_INSTANCES(T)                                                                 \
  template void product(const Left<T>&, const Right<T>&, const Extent&, float*, Write);        \
  template void pack_forward(const float*, std::size_t, std::size_t, T*);                      \
  template void pack_backward(const float*, std::size_t, std::size_t, T*);                     \
  template void narrow(const float*, std::size_t, T*);                                         \
  template void gather_relu(const Table<T>&, const float*, const Indices&, T*);                \
  template void bias_relu(const float*, const float*, const T*, std::size_t, std::size_t, T*); \
  template void relu_backward(const T*, std::size_t, std::size_t, float*, float*);             \
  template void add_scaled(float, const T*, std::size_t, float*);                              \
  template float dot(const T*, const float*, std::size_t);
QSTAR_MLP_INSTANCES(float)
QSTAR_MLP_INSTANCES(Bf16)
#undef QSTAR_MLP_INSTANCES

}  // namespace qstar::inference::mlp

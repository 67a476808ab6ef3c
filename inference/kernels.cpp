#include "inference/kernels.hpp"

#include "core/lanes.hpp"
#include "inference/tile.hpp"

namespace qstar::inference::kernels {
namespace {

static_assert(kRows % kTileRows == 0 && kColumns % (kTileVectors * kLanes) == 0);
static_assert(kLanes == lanes::kLanes);

using lanes::load, lanes::store, lanes::select, lanes::cast, lanes::convert, lanes::max, lanes::min;
using Vec = lanes::Floats;
using IntVec = lanes::Ints;

inline Vec load(const float* p) { return load<Vec>(p); }
inline Vec splat(float x) { return lanes::splat<Vec>(x); }

constexpr std::int32_t kPlaces[kLanes] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
inline IntVec index() { return load<IntVec>(kPlaces); }

// A fixed tree, so that the order of summation is the same everywhere.
inline float sum(Vec vector) {
  float v[kLanes];
  store(v, vector);
  const float a = ((v[0] + v[8]) + (v[4] + v[12])) + ((v[2] + v[10]) + (v[6] + v[14]));
  const float b = ((v[1] + v[9]) + (v[5] + v[13])) + ((v[3] + v[11]) + (v[7] + v[15]));
  return a + b;
}

inline float largest(Vec vector) {
  float v[kLanes];
  store(v, vector);
  float m = v[0];
  for (int i = 1; i < 16; ++i) m = v[i] > m ? v[i] : m;
  return m;
}

// 2^n · e^r with x = n·ln 2 + r (Cody & Waite 1980), the Taylor polynomial of degree 7 on |r| <= ln
// 2/2.
inline Vec exponential(Vec x) {
  x = min(max(x, splat(-87.0F)), splat(88.0F));
  const Vec magic = splat(12582912.0F);  // 1.5·2^23: adding it rounds to an integer
  const Vec shifted = x * 1.44269504F + magic;
  const Vec n = shifted - magic;
  const Vec r = (x - n * 0.693359375F) + n * 2.12194440e-4F;
  Vec p = splat(1.0F / 5040);
  p = p * r + 1.0F / 720;
  p = p * r + 1.0F / 120;
  p = p * r + 1.0F / 24;
  p = p * r + 1.0F / 6;
  p = p * r + 0.5F;
  p = p * r + 1.0F;
  p = p * r + 1.0F;
  const IntVec power = (convert<IntVec>(n) + 127) << 23;
  return p * cast<Vec>(power);
}

// A tile of kTileRows rows and kTileVectors vectors of a panel's columns.
inline void gemm_tile(const float* panel, std::size_t k, const float* x, std::size_t x_stride,
                      float* y, std::size_t y_stride, Write write) {
  Vec sums[kTileRows][kTileVectors];
#pragma GCC unroll 8
  for (std::size_t r = 0; r < kTileRows; ++r)
#pragma GCC unroll 2
    for (std::size_t v = 0; v < kTileVectors; ++v) sums[r][v] = Vec{};
  for (std::size_t i = 0; i < k; ++i) {
    Vec b[kTileVectors];
#pragma GCC unroll 2
    for (std::size_t v = 0; v < kTileVectors; ++v) b[v] = load(panel + i * kColumns + v * kLanes);
#pragma GCC unroll 8
    for (std::size_t r = 0; r < kTileRows; ++r) {
      const Vec a = splat(x[r * x_stride + i]);
#pragma GCC unroll 2
      for (std::size_t v = 0; v < kTileVectors; ++v) sums[r][v] += a * b[v];
    }
  }
#pragma GCC unroll 8
  for (std::size_t r = 0; r < kTileRows; ++r)
#pragma GCC unroll 2
    for (std::size_t v = 0; v < kTileVectors; ++v) {
      float* out = y + r * y_stride + v * kLanes;
      store(out, write == Write::kAdd ? load(out) + sums[r][v] : sums[r][v]);
    }
}

// Softmax weights, not yet normalised, of one head's query into `weights`; returns their sum.
float softmax_weights(const Cache& cache, std::size_t head, Range range, const float* q,
                      float* weights) {
  const float scale = 1.0F / __builtin_sqrtf(static_cast<float>(cache.size));
  const float* keys = cache.keys + head * cache.size * kLanes;
  const std::size_t first = range.begin / kLanes * kLanes;
  const auto inside = [&](std::size_t t) {
    const IntVec place = index() + static_cast<int>(t);
    return (place >= static_cast<int>(range.begin)) & (place < static_cast<int>(range.end));
  };
  Vec top = splat(-3.0e38F);
  for (std::size_t t = first; t < range.end; t += kLanes) {
    const float* block = keys + t * cache.heads * cache.size;
    Vec even{};
    Vec odd{};
    for (std::size_t j = 0; j + 1 < cache.size; j += 2) {
      even += splat(q[j]) * load(block + j * kLanes);
      odd += splat(q[j + 1]) * load(block + (j + 1) * kLanes);
    }
    const Vec score = select(inside(t), (even + odd) * scale, splat(-3.0e38F));
    store(weights + t, score);
    top = max(top, score);
  }
  const Vec peak = splat(largest(top));
  Vec total{};
  for (std::size_t t = first; t < range.end; t += kLanes) {
    const Vec weight = select(inside(t), exponential(load(weights + t) - peak), Vec{});
    store(weights + t, weight);
    total += weight;
  }
  return sum(total);
}

}  // namespace

void pack(const float* weights, std::size_t n, std::size_t k, float* packed) {
  for (std::size_t column = 0; column < round_up(n, kColumns); ++column) {
    float* panel = packed + column / kColumns * kColumns * k + column % kColumns;
    for (std::size_t i = 0; i < k; ++i)
      panel[i * kColumns] = column < n ? weights[column * k + i] : 0.0F;
  }
}

void gemm(const Matrix& w, const float* x, std::size_t x_stride, std::size_t rows, float* y,
          std::size_t y_stride, Write write) {
  for (std::size_t column = 0; column < w.n; column += kColumns)
    for (std::size_t row = 0; row < rows; row += kTileRows)
      for (std::size_t part = 0; part < kColumns; part += kTileVectors * kLanes)
        gemm_tile(w.packed + column * w.k + part, w.k, x + row * x_stride, x_stride,
                  y + row * y_stride + column + part, y_stride, write);
}

void layer_norm(const float* x, const float* gain, const float* bias, std::size_t width,
                std::size_t stride, float* y) {
  Vec total{};
  for (std::size_t i = 0; i < stride; i += kLanes) {
    const IntVec inside = index() + static_cast<int>(i) < static_cast<int>(width);
    total += select(inside, load(x + i), Vec{});
  }
  const float mean = sum(total) / static_cast<float>(width);
  Vec squares{};
  for (std::size_t i = 0; i < stride; i += kLanes) {
    const IntVec inside = index() + static_cast<int>(i) < static_cast<int>(width);
    const Vec centred = select(inside, load(x + i) - mean, Vec{});
    squares += centred * centred;
  }
  const float factor = 1.0F / __builtin_sqrtf(sum(squares) / static_cast<float>(width) + 1e-5F);
  for (std::size_t i = 0; i < stride; i += kLanes)
    store(y + i, (load(x + i) - mean) * factor * load(gain + i) + load(bias + i));
}

void gelu(float* x, std::size_t n) {
  const auto magnitude = lanes::splat<IntVec>(0x7fffffff);
  for (std::size_t i = 0; i < n; i += kLanes) {
    const Vec v = load(x + i);
    const Vec z = v * 0.70710678F;
    const Vec size = cast<Vec>(cast<IntVec>(z) & magnitude);
    const Vec t = 1.0F / (size * 0.3275911F + 1.0F);
    Vec p = splat(1.061405429F);
    p = p * t + -1.453152027F;
    p = p * t + 1.421413741F;
    p = p * t + -0.284496736F;
    p = p * t + 0.254829592F;
    const Vec tail = 0.5F * (p * t * exponential(-(z * z)));  // 1 − Φ(|x|)
    store(x + i, v * select(v < 0.0F, tail, 1.0F - tail));
  }
}

void rotate(float* x, std::size_t size, const float* cosines, const float* sines) {
  const std::size_t half = size / 2;
  for (std::size_t j = 0; j < half; ++j) {
    const float a = x[j];
    const float b = x[j + half];
    x[j] = a * cosines[j] - b * sines[j];
    x[j + half] = a * sines[j] + b * cosines[j];
  }
}

void remember(const Cache& cache, std::size_t place, const float* key, const float* value) {
  const std::size_t width = cache.heads * cache.size;
  float* column = cache.keys + place / kLanes * kLanes * width + place % kLanes;
  for (std::size_t i = 0; i < width; ++i) column[i * kLanes] = key[i];
  const std::size_t padded = round_up(cache.size, kLanes);
  float* row = cache.values + place * cache.heads * padded;
  for (std::size_t head = 0; head < cache.heads; ++head)
    for (std::size_t j = 0; j < cache.size; ++j)
      row[head * padded + j] = value[head * cache.size + j];
}

void prefetch(const Cache& cache, std::size_t length) {
  const std::size_t key_count = cache.heads * cache.size * round_up(length, kLanes);
  const std::size_t value_count = cache.heads * round_up(cache.size, kLanes) * length;
  for (std::size_t i = 0; i < key_count; i += kLanes) __builtin_prefetch(cache.keys + i, 0, 2);
  for (std::size_t i = 0; i < value_count; i += kLanes) __builtin_prefetch(cache.values + i, 0, 2);
}

namespace {

// The values of a head's places, weighted; `weights` by place, not yet divided by their sum.
void mix(const Cache& cache, std::size_t head, Range range, const float* weights, float inverse,
         float* mixed) {
  const std::size_t padded = round_up(cache.size, kLanes);
  const std::size_t stride = cache.heads * padded;
  for (std::size_t j = 0; j < padded; j += kLanes) {
    const float* values = cache.values + head * padded + j;
    Vec even{};
    Vec odd{};
    std::size_t t = range.begin;
    for (; t + 1 < range.end; t += 2) {
      even += splat(weights[t]) * load(values + t * stride);
      odd += splat(weights[t + 1]) * load(values + (t + 1) * stride);
    }
    if (t < range.end) even += splat(weights[t]) * load(values + t * stride);
    store(mixed + j, (even + odd) * inverse);
  }
}

}  // namespace

void attend(const Cache& cache, const Range* ranges, const float* q, float* scratch, float* out) {
  float* mixed = scratch + cache.places;
  for (std::size_t head = 0; head < cache.heads; ++head, q += cache.size, out += cache.size) {
    const Range range = ranges[head];
    if (range.begin < range.end) {
      const float inverse = 1.0F / softmax_weights(cache, head, range, q, scratch);
      mix(cache, head, range, scratch, inverse, mixed);
    }
    for (std::size_t j = 0; j < cache.size; ++j) out[j] = range.begin < range.end ? mixed[j] : 0;
  }
}

}  // namespace qstar::inference::kernels

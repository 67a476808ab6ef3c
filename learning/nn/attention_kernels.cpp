#include "learning/nn/attention_kernels.hpp"

#include <algorithm>
#include <cmath>

namespace qstar::nn {
namespace {

// One head of one sequence, rows and their transposes: [T,h] and [h,T].
struct Head {
  std::vector<float> q, k, v, kt, vt;
  explicit Head(const AttentionShape& s) {
    for (auto* m : {&q, &k, &v, &kt, &vt})
      m->resize(static_cast<std::size_t>(s.length * s.head_size));
  }
};

void rotate(const float* row, const float* cosine, const float* sine, std::int64_t half,
            float* out) {
  for (std::int64_t j = 0; j < half; ++j) {
    out[j] = row[j] * cosine[j] - row[j + half] * sine[j];
    out[j + half] = row[j + half] * cosine[j] + row[j] * sine[j];
  }
}

void rotate_back(const float* row, const float* cosine, const float* sine, std::int64_t half,
                 float* out) {
  for (std::int64_t j = 0; j < half; ++j) {
    out[j] = row[j] * cosine[j] + row[j + half] * sine[j];
    out[j + half] = row[j + half] * cosine[j] - row[j] * sine[j];
  }
}

void load(const AttentionShape& s, const RotaryTable& r, const float* qkv, Head& head) {
  const auto h = s.head_size, half = h / 2, stride = 3 * s.width();
  for (std::int64_t t = 0; t < s.length; ++t) {
    const float* row = qkv + t * stride;
    const float* c = r.cosine.data() + t * half;
    const float* n = r.sine.data() + t * half;
    rotate(row, c, n, half, head.q.data() + t * h);
    rotate(row + s.width(), c, n, half, head.k.data() + t * h);
    std::copy_n(row + 2 * s.width(), h, head.v.data() + t * h);
    for (std::int64_t d = 0; d < h; ++d) {
      head.kt[static_cast<std::size_t>(d * s.length + t)] =
          head.k[static_cast<std::size_t>(t * h + d)];
      head.vt[static_cast<std::size_t>(d * s.length + t)] =
          head.v[static_cast<std::size_t>(t * h + d)];
    }
  }
}

// out[j] = a · column j of m, for j < n; m is [h, stride].
void row_times(const float* a, const float* m, std::int64_t h, std::int64_t stride, std::int64_t n,
               float* out) {
  std::fill_n(out, n, 0.0F);
  for (std::int64_t d = 0; d < h; ++d) {
    const float x = a[d];
    const float* row = m + d * stride;
    for (std::int64_t j = 0; j < n; ++j) out[j] += x * row[j];
  }
}

void softmax(float* row, std::int64_t n, float scale) {
  float largest = row[0];
  for (std::int64_t j = 1; j < n; ++j) largest = std::max(largest, row[j]);
  float sum = 0;
  for (std::int64_t j = 0; j < n; ++j) {
    row[j] = std::exp((row[j] - largest) * scale);
    sum += row[j];
  }
  const float inverse = 1.0F / sum;
  for (std::int64_t j = 0; j < n; ++j) row[j] *= inverse;
}

void head_forward(const AttentionShape& s, const Head& head, float* out, float* p) {
  const auto h = s.head_size;
  const float scale = 1.0F / std::sqrt(static_cast<float>(h));
  for (std::int64_t i = 0; i < s.length; ++i) {
    float* row = p + i * s.length;
    row_times(head.q.data() + i * h, head.kt.data(), h, s.length, i + 1, row);
    softmax(row, i + 1, scale);
    float* o = out + i * s.width();
    std::fill_n(o, h, 0.0F);
    for (std::int64_t j = 0; j <= i; ++j) {
      const float w = row[j];
      const float* v = head.v.data() + j * h;
      for (std::int64_t d = 0; d < h; ++d) o[d] += w * v[d];
    }
  }
}

struct Gradients {
  std::vector<float> q, k, v, scores;
  explicit Gradients(const AttentionShape& s) {
    for (auto* m : {&q, &k, &v}) m->resize(static_cast<std::size_t>(s.length * s.head_size));
    scores.resize(static_cast<std::size_t>(s.length));
  }
};

void head_backward(const AttentionShape& s, const Head& head, const float* p, const float* grad_out,
                   Gradients& g) {
  const auto h = s.head_size;
  const float scale = 1.0F / std::sqrt(static_cast<float>(h));
  for (auto* m : {&g.q, &g.k, &g.v}) std::fill(m->begin(), m->end(), 0.0F);
  float* ds = g.scores.data();
  for (std::int64_t i = 0; i < s.length; ++i) {
    const float* row = p + i * s.length;
    const float* go = grad_out + i * s.width();
    row_times(go, head.vt.data(), h, s.length, i + 1, ds);
    float mean = 0;
    for (std::int64_t j = 0; j <= i; ++j) mean += row[j] * ds[j];
    for (std::int64_t j = 0; j <= i; ++j) ds[j] = row[j] * (ds[j] - mean) * scale;
    const float* q = head.q.data() + i * h;
    float* gq = g.q.data() + i * h;
    for (std::int64_t j = 0; j <= i; ++j) {
      const float w = row[j], d_score = ds[j];
      const float* k = head.k.data() + j * h;
      float* gk = g.k.data() + j * h;
      float* gv = g.v.data() + j * h;
      for (std::int64_t d = 0; d < h; ++d) {
        gv[d] += w * go[d];
        gq[d] += d_score * k[d];
        gk[d] += d_score * q[d];
      }
    }
  }
}

void store(const AttentionShape& s, const RotaryTable& r, const Gradients& g, float* grad_qkv) {
  const auto h = s.head_size, half = h / 2, stride = 3 * s.width();
  for (std::int64_t t = 0; t < s.length; ++t) {
    float* row = grad_qkv + t * stride;
    const float* c = r.cosine.data() + t * half;
    const float* n = r.sine.data() + t * half;
    rotate_back(g.q.data() + t * h, c, n, half, row);
    rotate_back(g.k.data() + t * h, c, n, half, row + s.width());
    std::copy_n(g.v.data() + t * h, h, row + 2 * s.width());
  }
}

}  // namespace

RotaryTable::RotaryTable(std::int64_t length, std::int64_t head_size, double base) {
  for (std::int64_t t = 0; t < length; ++t) {
    for (std::int64_t j = 0; j < head_size / 2; ++j) {
      const double angle =
          static_cast<double>(t) *
          std::pow(base, -2.0 * static_cast<double>(j) / static_cast<double>(head_size));
      cosine.push_back(static_cast<float>(std::cos(angle)));
      sine.push_back(static_cast<float>(std::sin(angle)));
    }
  }
}

void attention_forward(const AttentionShape& s, const RotaryTable& r, const float* qkv, float* out,
                       float* p) {
  Head head(s);
  for (std::int64_t b = 0; b < s.batch; ++b) {
    for (std::int64_t n = 0; n < s.heads; ++n) {
      load(s, r, qkv + b * s.length * 3 * s.width() + n * s.head_size, head);
      head_forward(s, head, out + b * s.length * s.width() + n * s.head_size,
                   p + (b * s.heads + n) * s.length * s.length);
    }
  }
}

void attention_backward(const AttentionShape& s, const RotaryTable& r, const float* qkv,
                        const float* p, const float* grad_out, float* grad_qkv) {
  Head head(s);
  Gradients g(s);
  for (std::int64_t b = 0; b < s.batch; ++b) {
    for (std::int64_t n = 0; n < s.heads; ++n) {
      const auto qkv_at = b * s.length * 3 * s.width() + n * s.head_size;
      load(s, r, qkv + qkv_at, head);
      head_backward(s, head, p + (b * s.heads + n) * s.length * s.length,
                    grad_out + b * s.length * s.width() + n * s.head_size, g);
      store(s, r, g, grad_qkv + qkv_at);
    }
  }
}

}  // namespace qstar::nn

#include "learning/nn/attention_kernels.hpp"

#include <algorithm>
#include <cmath>

namespace qstar::learning::nn {
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

// The angles of a position, from −1 on.
struct Angles {
  const float *cosine, *sine;
  Angles(const RotaryTable& r, std::int32_t position, std::int64_t half)
      : cosine(r.cosine.data() + (position + 1) * half),
        sine(r.sine.data() + (position + 1) * half) {}
};

void load(const AttentionShape& s, const View& view, const float* qkv, Head& head) {
  const auto h = s.head_size, half = h / 2, stride = 3 * s.width();
  for (std::int64_t t = 0; t < s.length; ++t) {
    const float* row = qkv + t * stride;
    const Angles asks(view.rotary, view.sights[4 * t + 2], half);
    const Angles found(view.rotary, view.sights[4 * t + 3], half);
    rotate(row, asks.cosine, asks.sine, half, head.q.data() + t * h);
    rotate(row + s.width(), found.cosine, found.sine, half, head.k.data() + t * h);
    std::copy_n(row + 2 * s.width(), h, head.v.data() + t * h);
    for (std::int64_t d = 0; d < h; ++d) {
      head.kt[static_cast<std::size_t>(d * s.length + t)] =
          head.k[static_cast<std::size_t>(t * h + d)];
      head.vt[static_cast<std::size_t>(d * s.length + t)] =
          head.v[static_cast<std::size_t>(t * h + d)];
    }
  }
}

// The places that a token sees.
struct Columns {
  std::int64_t begin, end;
  Columns(const View& view, std::int64_t i)
      : begin(view.sights[4 * i]), end(view.sights[4 * i + 1]) {}
};

// out[j] = a · column j of m [h, stride], for the columns seen.
void row_times(const float* a, const float* m, const AttentionShape& s, Columns seen, float* out) {
  std::fill(out + seen.begin, out + seen.end, 0.0F);
  for (std::int64_t d = 0; d < s.head_size; ++d) {
    const float x = a[d];
    const float* row = m + d * s.length;
    for (std::int64_t j = seen.begin; j < seen.end; ++j) out[j] += x * row[j];
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

void head_forward(const AttentionShape& s, const View& view, const Head& head, float* out,
                  float* p) {
  const auto h = s.head_size;
  const float scale = 1.0F / std::sqrt(static_cast<float>(h));
  for (std::int64_t i = 0; i < s.length; ++i) {
    const Columns seen(view, i);
    float* row = p + i * s.length;
    float* o = out + i * s.width();
    std::fill_n(o, h, 0.0F);
    if (seen.begin >= seen.end) continue;
    row_times(head.q.data() + i * h, head.kt.data(), s, seen, row);
    softmax(row + seen.begin, seen.end - seen.begin, scale);
    for (std::int64_t j = seen.begin; j < seen.end; ++j) {
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

// Where a head's probabilities and the gradient of its output lie.
struct Given {
  const float *p, *grad_out;
};

void head_backward(const AttentionShape& s, const View& view, const Head& head, Given given,
                   Gradients& g) {
  const auto h = s.head_size;
  const float scale = 1.0F / std::sqrt(static_cast<float>(h));
  for (auto* m : {&g.q, &g.k, &g.v}) std::fill(m->begin(), m->end(), 0.0F);
  float* ds = g.scores.data();
  for (std::int64_t i = 0; i < s.length; ++i) {
    const Columns seen(view, i);
    const float* row = given.p + i * s.length;
    const float* go = given.grad_out + i * s.width();
    row_times(go, head.vt.data(), s, seen, ds);
    float mean = 0;
    for (std::int64_t j = seen.begin; j < seen.end; ++j) mean += row[j] * ds[j];
    for (std::int64_t j = seen.begin; j < seen.end; ++j) ds[j] = row[j] * (ds[j] - mean) * scale;
    const float* q = head.q.data() + i * h;
    float* gq = g.q.data() + i * h;
    for (std::int64_t j = seen.begin; j < seen.end; ++j) {
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

void store(const AttentionShape& s, const View& view, const Gradients& g, float* grad_qkv) {
  const auto h = s.head_size, half = h / 2, stride = 3 * s.width();
  for (std::int64_t t = 0; t < s.length; ++t) {
    float* row = grad_qkv + t * stride;
    const Angles asks(view.rotary, view.sights[4 * t + 2], half);
    const Angles found(view.rotary, view.sights[4 * t + 3], half);
    rotate_back(g.q.data() + t * h, asks.cosine, asks.sine, half, row);
    rotate_back(g.k.data() + t * h, found.cosine, found.sine, half, row + s.width());
    std::copy_n(g.v.data() + t * h, h, row + 2 * s.width());
  }
}

}  // namespace

RotaryTable::RotaryTable(std::int64_t length, std::int64_t head_size, double base) {
  for (std::int64_t t = -1; t < length; ++t) {
    for (std::int64_t j = 0; j < head_size / 2; ++j) {
      const double angle =
          static_cast<double>(t) *
          std::pow(base, -2.0 * static_cast<double>(j) / static_cast<double>(head_size));
      cosine.push_back(static_cast<float>(std::cos(angle)));
      sine.push_back(static_cast<float>(std::sin(angle)));
    }
  }
}

namespace {

// The view of one head on one sequence.
View view_of(const AttentionShape& s, const View& all, std::int64_t b, std::int64_t head) {
  return {all.rotary, all.sights + (head * s.batch + b) * s.length * 4};
}

}  // namespace

void attention_forward(const AttentionShape& s, const View& all, const float* qkv, float* out,
                       float* p) {
  Head head(s);
  for (std::int64_t b = 0; b < s.batch; ++b) {
    for (std::int64_t n = 0; n < s.heads; ++n) {
      const View view = view_of(s, all, b, n);
      load(s, view, qkv + b * s.length * 3 * s.width() + n * s.head_size, head);
      head_forward(s, view, head, out + b * s.length * s.width() + n * s.head_size,
                   p + (b * s.heads + n) * s.length * s.length);
    }
  }
}

void attention_backward(const AttentionShape& s, const View& all, const float* qkv, const float* p,
                        const float* grad_out, float* grad_qkv) {
  Head head(s);
  Gradients g(s);
  for (std::int64_t b = 0; b < s.batch; ++b) {
    for (std::int64_t n = 0; n < s.heads; ++n) {
      const View view = view_of(s, all, b, n);
      const auto qkv_at = b * s.length * 3 * s.width() + n * s.head_size;
      load(s, view, qkv + qkv_at, head);
      head_backward(s, view, head,
                    {p + (b * s.heads + n) * s.length * s.length,
                     grad_out + b * s.length * s.width() + n * s.head_size},
                    g);
      store(s, view, g, grad_qkv + qkv_at);
    }
  }
}

}  // namespace qstar::learning::nn

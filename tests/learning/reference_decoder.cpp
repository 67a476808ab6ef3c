#include "tests/learning/reference_decoder.hpp"

#include <cmath>

#include "core/rng.hpp"

namespace qstar::test {
using namespace model;
namespace {

using Row = std::vector<double>;

Row linear(const NamedTensor& w, const Row& x) {
  Row y(static_cast<std::size_t>(w.shape[0]), 0.0);
  for (std::size_t n = 0; n < y.size(); ++n)
    for (std::size_t k = 0; k < x.size(); ++k)
      y[n] += x[k] * static_cast<double>(w.data[n * x.size() + k]);
  return y;
}

Row norm(const ModelFile& m, const std::string& name, const Row& x) {
  double mean = 0, variance = 0;
  for (const double v : x) mean += v / static_cast<double>(x.size());
  for (const double v : x) variance += (v - mean) * (v - mean) / static_cast<double>(x.size());
  Row y(x.size());
  for (std::size_t i = 0; i < x.size(); ++i)
    y[i] = (x[i] - mean) / std::sqrt(variance + 1e-5) * m.tensors.at(name + ".weight").data[i] +
           m.tensors.at(name + ".bias").data[i];
  return y;
}

void rotate(const ModelSpec& spec, std::int32_t place, double* x) {
  const auto h = static_cast<std::size_t>(spec.width / spec.heads);
  for (std::size_t j = 0; j < h / 2; ++j) {
    const double angle =
        static_cast<double>(place) *
        std::pow(spec.rope_base, -2.0 * static_cast<double>(j) / static_cast<double>(h));
    const double a = x[j], b = x[j + h / 2];
    x[j] = a * std::cos(angle) - b * std::sin(angle);
    x[j + h / 2] = a * std::sin(angle) + b * std::cos(angle);
  }
}

Row attend(const ModelSpec& spec, const std::vector<Row>& qkv, std::span<const LinePlace> places,
           std::size_t place) {
  const auto d = static_cast<std::size_t>(spec.width);
  const auto h = d / static_cast<std::size_t>(spec.heads);
  Row out(d, 0.0);
  for (std::size_t head = 0; head < d; head += h) {
    const auto sight = sight_of(scope_of(spec, static_cast<std::int64_t>(head / h)), places,
                                static_cast<std::int32_t>(place));
    const auto begin = static_cast<std::size_t>(sight.begin);
    const auto end = static_cast<std::size_t>(sight.end);
    Row weights(place + 1);
    double total = 0;
    for (std::size_t t = begin; t < end; ++t) {
      double score = 0;
      for (std::size_t j = 0; j < h; ++j) score += qkv[place][head + j] * qkv[t][d + head + j];
      total += weights[t] = std::exp(score / std::sqrt(static_cast<double>(h)));
    }
    for (std::size_t t = begin; t < end; ++t)
      for (std::size_t j = 0; j < h; ++j)
        out[head + j] += weights[t] / total * qkv[t][2 * d + head + j];
  }
  return out;
}

void add(Row& x, const Row& y) {
  for (std::size_t i = 0; i < x.size(); ++i) x[i] += y[i];
}

void block(const ModelFile& m, const std::string& name, std::span<const LinePlace> places,
           std::vector<Row>& x) {
  const auto d = static_cast<std::size_t>(m.spec.width);
  const std::size_t h = d / static_cast<std::size_t>(m.spec.heads);
  std::vector<Row> qkv;
  for (std::size_t t = 0; t < x.size(); ++t) {
    qkv.push_back(
        linear(m.tensors.at(name + "attention.qkv.weight"), norm(m, name + "norm1", x[t])));
    const auto place = static_cast<std::int32_t>(t);
    for (std::int64_t i = 0; i < m.spec.heads; ++i) {
      const Scope scope = scope_of(m.spec, i);
      double* query = qkv[t].data() + static_cast<std::size_t>(i) * h;
      rotate(m.spec, asking_position(scope, places[t], place), query);
      rotate(m.spec, found_position(scope, places[t], place), query + d);
    }
  }
  for (std::size_t t = 0; t < x.size(); ++t) {
    add(x[t], linear(m.tensors.at(name + "attention.out.weight"), attend(m.spec, qkv, places, t)));
    Row hidden = linear(m.tensors.at(name + "mlp.up.weight"), norm(m, name + "norm2", x[t]));
    for (double& v : hidden) v *= 0.5 * std::erfc(-v / std::sqrt(2.0));
    add(x[t], linear(m.tensors.at(name + "mlp.down.weight"), hidden));
  }
}

}  // namespace

std::vector<double> reference_logits(const ModelFile& m, std::span<const std::int32_t> tokens) {
  const auto d = static_cast<std::size_t>(m.spec.width);
  std::vector<Row> x;
  LineReader reader;
  std::vector<LinePlace> places;
  for (const std::int32_t token : tokens) {
    const float* row =
        m.tensors.at("embed.weight").data.data() + static_cast<std::size_t>(token) * d;
    x.emplace_back(row, row + d);
    places.push_back(reader.next(token));
    if (m.spec.scopes.empty()) continue;
    const auto digit = static_cast<std::size_t>(places.back().digit) * d;
    for (std::size_t j = 0; j < d; ++j)
      x.back()[j] += static_cast<double>(m.tensors.at("digit.weight").data[digit + j]);
  }
  for (std::int64_t i = 0; i < m.spec.layers; ++i)
    block(m, "blocks." + std::to_string(i) + ".", places, x);
  return linear(m.tensors.at("head.weight"), norm(m, "norm", x.back()));
}

ModelFile random_model(const ModelSpec& spec, std::uint64_t seed) {
  ModelFile model{spec, ";=0123456789+-*/()", {{"role", "policy"}}, {}};
  Rng rng(seed);
  for (const auto& [name, shape] : policy_shapes(spec, 18)) {
    NamedTensor& tensor = model.tensors[name];
    tensor.shape = shape;
    std::size_t count = 1;
    for (const std::int64_t n : shape) count *= static_cast<std::size_t>(n);
    const bool gain = name.find("norm") != std::string::npos && name.ends_with("weight");
    const double spread = shape.size() == 2 ? 1.5 / std::sqrt(static_cast<double>(shape[1])) : 0.2;
    for (std::size_t i = 0; i < count; ++i)
      tensor.data.push_back(static_cast<float>((gain ? 1.0 : 0.0) + spread * rng.normal()));
  }
  return model;
}

}  // namespace qstar::test

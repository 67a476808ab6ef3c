#include "learning/cost_to_go/mlp_trainer.hpp"

#include <algorithm>
#include <cmath>

namespace qstar::learning::mlp {

template <class T>
Trainer<T>::Trainer(const Layout& layout, Buffer<float> parameters)
    : layout_(layout),
      parameters_(std::move(parameters)),
      gradient_(layout.size()),
      moment1_(layout.size()),
      moment2_(layout.size()),
      workspace_(layout_, kChunk, Use::kTraining) {
  pack(layout_, parameters_.get(), Use::kTraining, packed_);
}

template <class T>
double Trainer<T>::chunk(const Fit& fit, double total, const Loss& loss) {
  values_.resize(fit.targets.size());
  workspace_.forward(packed_, parameters_.get(), fit.cells);
  workspace_.selected(parameters_.get(), fit.which, values_);
  const std::size_t columns = fit.which.size() / (fit.cells.size() / layout_.sizes().cells);
  double sum = 0;
  for (std::size_t i = 0; i < values_.size(); ++i) {
    const float error = std::isnan(fit.targets[i]) ? 0 : values_[i] - fit.targets[i];
    const float size = std::abs(error);
    const bool far = loss.huber > 0 && size > loss.huber;
    const float weight = (i + 1) % columns == 0 ? loss.last_weight : 1;
    sum +=
        static_cast<double>(weight * (far ? loss.huber * (2 * size - loss.huber) : error * error));
    values_[i] =
        2 * weight * (far ? std::copysign(loss.huber, error) : error) / static_cast<float>(total);
  }
  workspace_.backward(packed_, parameters_.get(), fit.which, values_, gradient_.get());
  return sum;
}

template <class T>
double Trainer<T>::accumulate(const Fit& fit, double total, const Loss& loss) {
  const std::size_t cells = layout_.sizes().cells;
  const std::size_t rows = fit.cells.size() / cells;
  const std::size_t columns = rows == 0 ? 0 : fit.targets.size() / rows;
  double sum = 0;
  for (std::size_t at = 0; at < rows; at += kChunk) {
    const std::size_t n = std::min(kChunk, rows - at);
    sum += chunk(
        {fit.cells.subspan(at * cells, n * cells), fit.which.subspan(at * columns, n * columns),
         fit.targets.subspan(at * columns, n * columns)},
        total, loss);
  }
  return sum;
}

template <class T>
void Trainer<T>::step(float rate) {
  ++steps_;
  adam({rate, steps_}, layout_.size(), parameters_.get(), gradient_.get(), moment1_.get(),
       moment2_.get());
  pack(layout_, parameters_.get(), Use::kTraining, packed_);
}

template <class T>
void Trainer<T>::outputs(std::span<const std::uint8_t> cells, std::span<float> outputs) {
  const std::size_t width = layout_.sizes().cells;
  const std::size_t n = cells.size() / width;
  const std::size_t columns = n == 0 ? 0 : outputs.size() / n;
  for (std::size_t at = 0; at < n; at += kChunk) {
    const std::size_t rows = std::min(kChunk, n - at);
    workspace_.forward(packed_, parameters_.get(), cells.subspan(at * width, rows * width));
    workspace_.outputs(packed_, parameters_.get(), outputs.subspan(at * columns, rows * columns));
  }
}

template <class T>
void Trainer<T>::restored(std::int64_t steps) {
  steps_ = steps;
  gradient_.clear();
  pack(layout_, parameters_.get(), Use::kTraining, packed_);
}

template class Trainer<float>;
template class Trainer<Bf16>;

}  // namespace qstar::learning::mlp

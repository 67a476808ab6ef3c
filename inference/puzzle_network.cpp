#include "inference/puzzle_network.hpp"

#include <algorithm>
#include <variant>

#include "inference/mlp.hpp"
#include "inference/puzzle_layout.hpp"
#include "model/within_memory.hpp"

namespace qstar::inference {
namespace {

using mlp::Bf16;
using mlp::Layout;

// Positions go through the whole network this many at a time: their activations stay in the cache.
constexpr std::size_t kChunk = 64;

// Immutable, shared between threads.
struct Weights {
  std::size_t outputs;  // of costs()
  std::shared_ptr<const environment::Puzzle> puzzle;
  Layout layout;
  std::vector<float> parameters;
  std::variant<mlp::Packed<float>, mlp::Packed<Bf16>> packed;
};

using Workspace = std::variant<mlp::Workspace<float>, mlp::Workspace<Bf16>>;

Workspace workspace_of(const Weights& weights) {
  if (std::holds_alternative<mlp::Packed<float>>(weights.packed))
    return mlp::Workspace<float>(weights.layout, kChunk, mlp::Use::kInference);
  return mlp::Workspace<Bf16>(weights.layout, kChunk, mlp::Use::kInference);
}

// Either may be empty.
template <class T>
void write_outputs(const Weights& weights, mlp::Workspace<T>& workspace,
                   std::span<const std::uint8_t> cells, std::span<float> costs,
                   std::span<float> values) {
  const auto& packed = std::get<mlp::Packed<T>>(weights.packed);
  const float* parameters = weights.parameters.data();
  workspace.forward(packed, parameters, cells);
  if (!costs.empty()) workspace.outputs(packed, parameters, costs);
  if (values.empty()) return;
  const std::vector<std::uint16_t> last(
      values.size(), static_cast<std::uint16_t>(weights.layout.sizes().outputs - 1));
  workspace.selected(parameters, last, values);
}

}  // namespace

struct PuzzleNetwork::Impl {
  explicit Impl(std::shared_ptr<const Weights> w)
      : weights(std::move(w)),
        workspace(workspace_of(*weights)),
        cells(kChunk * weights->puzzle->cells()) {}
  std::shared_ptr<const Weights> weights;
  Workspace workspace;
  std::vector<std::uint8_t> cells;  // [kChunk, cells]

  void write(std::span<const std::uint8_t> states, std::span<float> costs, std::span<float> values);
};

void PuzzleNetwork::Impl::write(std::span<const std::uint8_t> states, std::span<float> costs,
                                std::span<float> values) {
  const environment::Puzzle& puzzle = *weights->puzzle;
  const std::size_t bytes = puzzle.state_bytes();
  const std::size_t n = states.size() / bytes;
  if (n == 0) return;
  const std::size_t width = costs.size() / n;
  for (std::size_t at = 0; at < n; at += kChunk) {
    const std::size_t rows = std::min(kChunk, n - at);
    const auto encoded = std::span(cells).first(rows * puzzle.cells());
    puzzle.encode(states.subspan(at * bytes, rows * bytes), encoded);
    const auto some_costs = costs.subspan(at * width, rows * width);
    const auto some_values = values.empty() ? values : values.subspan(at, rows);
    std::visit([&](auto& own) { write_outputs(*weights, own, encoded, some_costs, some_values); },
               workspace);
  }
}

Precision fast_precision() { return mlp::fast_bf16() ? Precision::kBfloat16 : Precision::kFloat32; }

Result<PuzzleNetwork> PuzzleNetwork::make(const PuzzleModel& model,
                                          std::shared_ptr<const environment::Puzzle> puzzle,
                                          std::string_view source, Precision precision) {
  if (auto ok = check_fits(model, *puzzle, source); !ok) return tl::unexpected(ok.error());
  const auto outputs = static_cast<std::size_t>(model.spec.values == "v" ? 1 : model.puzzle.moves);
  return model::within_memory(source, [&]() -> Result<PuzzleNetwork> {
    auto weights = std::make_shared<Weights>(Weights{
        outputs, std::move(puzzle), layout_of(model.puzzle, model.spec), model.parameters, {}});
    if (model.spec.values == "qv") add_value(weights->layout, weights->parameters);
    if (precision == Precision::kBfloat16) weights->packed = mlp::Packed<Bf16>();
    std::visit(
        [&](auto& packed) {
          mlp::pack(weights->layout, weights->parameters.data(), mlp::Use::kInference, packed);
        },
        weights->packed);
    return PuzzleNetwork(std::make_unique<Impl>(std::move(weights)));
  });
}

PuzzleNetwork::PuzzleNetwork(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
PuzzleNetwork::~PuzzleNetwork() = default;
PuzzleNetwork::PuzzleNetwork(PuzzleNetwork&&) noexcept = default;
PuzzleNetwork& PuzzleNetwork::operator=(PuzzleNetwork&&) noexcept = default;

PuzzleNetwork PuzzleNetwork::clone() const {
  return PuzzleNetwork(std::make_unique<Impl>(impl_->weights));
}

std::size_t PuzzleNetwork::outputs() const { return impl_->weights->outputs; }

void PuzzleNetwork::costs(std::span<const std::uint8_t> states, std::span<float> costs) {
  impl_->write(states, costs, {});
}

void PuzzleNetwork::values(std::span<const std::uint8_t> states, std::span<float> values) {
  impl_->write(states, {}, values);
}

void PuzzleNetwork::costs_and_values(std::span<const std::uint8_t> states, std::span<float> costs,
                                     std::span<float> values) {
  impl_->write(states, costs, values);
}

}  // namespace qstar::inference

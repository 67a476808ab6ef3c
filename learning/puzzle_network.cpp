#include "learning/puzzle_network.hpp"

#include <algorithm>
#include <variant>

#include "learning/mlp.hpp"
#include "learning/puzzle_layout.hpp"

namespace qstar {
namespace {

using mlp::Bf16;
using mlp::Layout;

// Positions go through the whole network this many at a time: their activations stay in the cache.
constexpr std::size_t kChunk = 64;

// Immutable, shared between threads.
struct Weights {
  std::shared_ptr<const Puzzle> puzzle;
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

template <class T>
void run(const Weights& weights, mlp::Workspace<T>& workspace, std::span<const std::uint8_t> cells,
         std::span<float> costs) {
  const auto& packed = std::get<mlp::Packed<T>>(weights.packed);
  workspace.forward(packed, weights.parameters.data(), cells);
  workspace.outputs(packed, weights.parameters.data(), costs);
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
};

Precision fast_precision() { return mlp::fast_bf16() ? Precision::kBfloat16 : Precision::kFloat32; }

Result<PuzzleNetwork> PuzzleNetwork::make(const PuzzleModel& model,
                                          std::shared_ptr<const Puzzle> puzzle,
                                          std::string_view source, Precision precision) {
  if (auto ok = check_fits(model, *puzzle, source); !ok) return tl::unexpected(ok.error());
  auto weights = std::make_shared<Weights>(
      Weights{std::move(puzzle), layout_of(model.puzzle, model.spec), model.parameters, {}});
  if (precision == Precision::kBfloat16) weights->packed = mlp::Packed<Bf16>();
  std::visit(
      [&](auto& packed) {
        mlp::pack(weights->layout, weights->parameters.data(), mlp::Use::kInference, packed);
      },
      weights->packed);
  return PuzzleNetwork(std::make_unique<Impl>(std::move(weights)));
}

PuzzleNetwork::PuzzleNetwork(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
PuzzleNetwork::~PuzzleNetwork() = default;
PuzzleNetwork::PuzzleNetwork(PuzzleNetwork&&) noexcept = default;
PuzzleNetwork& PuzzleNetwork::operator=(PuzzleNetwork&&) noexcept = default;

PuzzleNetwork PuzzleNetwork::clone() const {
  return PuzzleNetwork(std::make_unique<Impl>(impl_->weights));
}

std::size_t PuzzleNetwork::outputs() const { return impl_->weights->layout.sizes().outputs; }

void PuzzleNetwork::costs(std::span<const std::uint8_t> states, std::span<float> costs) {
  const Puzzle& puzzle = *impl_->weights->puzzle;
  const std::size_t bytes = puzzle.state_bytes();
  const std::size_t n = states.size() / bytes;
  for (std::size_t at = 0; at < n; at += kChunk) {
    const std::size_t rows = std::min(kChunk, n - at);
    const auto cells = std::span(impl_->cells).first(rows * puzzle.cells());
    puzzle.encode(states.subspan(at * bytes, rows * bytes), cells);
    std::visit(
        [&](auto& workspace) {
          run(*impl_->weights, workspace, cells, costs.subspan(at * outputs(), rows * outputs()));
        },
        impl_->workspace);
  }
}

}  // namespace qstar

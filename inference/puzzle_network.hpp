// Deep Q- and value networks of puzzles: the model, its file, and inference without torch.
//
// Q gives the cost of every move and the best way on from there, V the cost of the best way from
// here (Agostinelli, Shmakov, McAleer, Fox, Baldi 2021, "A* Search Without Expansion"; 2019 for V).
// The network itself: inference/mlp.hpp. A Q of a small puzzle costs under a microsecond per
// position.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/config.hpp"
#include "core/result.hpp"
#include "environment/puzzle/puzzle.hpp"
#include "model/models.hpp"

namespace qstar::inference {

// Shape of the network; [network] in a configuration. The defaults have 230 thousand parameters on
// the cube.
struct PuzzleNetworkSpec {
  // "q": one output per move; "v": one output; "qv": while it learns, one advantage per move and V
  // last, Q(s, a) = V(s) + A(s, a) (Wang et al. 2016, "Dueling network architectures", without
  // their mean: V has targets of its own). Outputs being linear, it is written as a "q".
  std::string values = "q";
  std::int64_t first = 256;   // width of the one-hot layer, a multiple of 32
  std::int64_t second = 160;  // width of the second layer and of the residual blocks, likewise
  std::int64_t blocks = 2;    // residual blocks of two layers
  void describe(FieldVisitor& v);
  friend bool operator==(const PuzzleNetworkSpec&, const PuzzleNetworkSpec&) = default;
};
// kConfig when a width is not a multiple of 32.
Status check(const PuzzleNetworkSpec& spec);

// Which puzzle a network is of.
struct PuzzleShape {
  std::string name;  // Puzzle::name()
  std::int64_t cells = 0;
  std::int64_t symbols = 0;
  std::int64_t moves = 0;
  friend bool operator==(const PuzzleShape&, const PuzzleShape&) = default;
};
PuzzleShape shape_of(const environment::Puzzle& puzzle);

struct PuzzleModel {
  PuzzleShape puzzle;
  PuzzleNetworkSpec spec;
  std::vector<float> parameters;                // laid out as mlp::Layout says
  std::map<std::string, std::string> metadata;  // training's provenance: seed, updates, …
  friend bool operator==(const PuzzleModel&, const PuzzleModel&) = default;
};
// Outputs of the network: the moves of Q, 1 of V, both together.
std::int64_t outputs_of(const PuzzleModel& model);
// A "qv" as a "q"; others as they are.
PuzzleModel without_value(PuzzleModel model);
// Weights and biases, and FLOP per position (mlp::Layout::flops).
std::int64_t parameters_of(const PuzzleModel& model);
double flops_of(const PuzzleModel& model);

// A fresh network; spec must pass check().
PuzzleModel fresh_model(const environment::Puzzle& puzzle, const PuzzleNetworkSpec& spec,
                        std::uint64_t seed);

// Bytes of a safetensors file, deterministic in the content. Metadata: role "puzzle_q",
// "puzzle_v" or "puzzle_qv", puzzle, cells, symbols, moves, network (TOML). Tensors, y = x·Wᵀ as in
// torch:
//   embed.weight [cells·symbols, first] (row c·symbols + s: cell c shows s), embed.bias [first]
//   second.{weight,bias} [second, first], blocks.I.{up,down}.{weight,bias} [second, second]
//   head.{weight,bias} [outputs, second]
std::string serialize(const PuzzleModel& model);
// kCorrupt: not a network of a puzzle, or its tensors do not fit its own description.
Result<PuzzleModel> parse_puzzle_model(std::string_view bytes, std::string_view source);
// Atomic and checked as model/safetensors.hpp says.
Status write_puzzle_model(const PuzzleModel& model, const std::string& path);
Result<PuzzleModel> read_puzzle_model(const std::string& path);

// kConfig, naming both, when the model is of another puzzle or size.
Status check_fits(const PuzzleModel& model, const environment::Puzzle& puzzle,
                  std::string_view source);

// The arithmetic of inference. Both give the same values but for rounding (bfloat16 has 8 bits).
enum class Precision { kFloat32, kBfloat16 };
// The faster one of this build.
Precision fast_precision();

// Inference on one thread. A position's values do not depend on the batch.
class PuzzleNetwork final : public model::CostToGo {
 public:
  // kConfig when the model is of another puzzle or size; kIo without memory for it; `source` names
  // it in the error. Weights that are finite but absurdly large can still make costs() overflow:
  // callers check what comes out.
  static Result<PuzzleNetwork> make(const PuzzleModel& model,
                                    std::shared_ptr<const environment::Puzzle> puzzle,
                                    std::string_view source = "the model",
                                    Precision precision = fast_precision());
  ~PuzzleNetwork() override;
  PuzzleNetwork(PuzzleNetwork&&) noexcept;
  PuzzleNetwork& operator=(PuzzleNetwork&&) noexcept;
  // One more for another thread: the same weights in memory, a work space of its own.
  PuzzleNetwork clone() const;

  std::size_t outputs() const override;  // of "qv", those of Q
  // Also of the first moves only: costs [n, as many as there is room].
  void costs(std::span<const std::uint8_t> states, std::span<float> costs) override;
  // V of each position [n]; the network has one ("v" or "qv").
  void values(std::span<const std::uint8_t> states, std::span<float> values);
  // Both at once.
  void costs_and_values(std::span<const std::uint8_t> states, std::span<float> costs,
                        std::span<float> values);

 private:
  struct Impl;
  explicit PuzzleNetwork(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace qstar::inference

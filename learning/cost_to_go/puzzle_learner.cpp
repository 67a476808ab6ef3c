#include "learning/cost_to_go/puzzle_learner.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <new>
#include <sstream>
#include <variant>

#include "core/finite.hpp"
#include "core/printable.hpp"
#include "inference/puzzle_layout.hpp"
#include "learning/cost_to_go/mlp_trainer.hpp"
#include "learning/cost_to_go/puzzle_targets.hpp"
#include "model/safetensors.hpp"

namespace qstar::learning {
namespace {

using mlp::Bf16;
using AnyTrainer = std::variant<mlp::Trainer<float>, mlp::Trainer<Bf16>>;

AnyTrainer trainer_of(const inference::PuzzleModel& model, inference::Precision precision) {
  const mlp::Layout layout = inference::layout_of(model.puzzle, model.spec);
  mlp::Buffer<float> parameters(layout.size());
  std::copy(model.parameters.begin(), model.parameters.end(), parameters.get());
  if (precision == inference::Precision::kBfloat16)
    return mlp::Trainer<Bf16>(layout, std::move(parameters));
  return mlp::Trainer<float>(layout, std::move(parameters));
}

// The online network as it is between two updates.
class Online final : public model::CostToGo {
 public:
  Online(const environment::Puzzle& puzzle, AnyTrainer& trainer,
         const inference::PuzzleModel& shape)
      : puzzle_(puzzle),
        trainer_(trainer),
        with_value_(shape.spec.values == "qv"),
        outputs_(static_cast<std::size_t>(inference::outputs_of(shape)) - with_value_) {}
  std::size_t outputs() const override { return outputs_; }
  void costs(std::span<const std::uint8_t> states, std::span<float> costs) override {
    cells_.resize(states.size() / puzzle_.state_bytes() * puzzle_.cells());
    puzzle_.encode(states, cells_);
    const auto run = [&](std::span<float> out) {
      std::visit([&](auto& trainer) { trainer.outputs(cells_, out); }, trainer_);
    };
    if (!with_value_) return run(costs);
    advantages_.resize(costs.size() + costs.size() / outputs_);
    run(advantages_);
    for (std::size_t i = 0; i < costs.size(); ++i) {
      const std::size_t row = i / outputs_ * (outputs_ + 1);
      costs[i] = advantages_[row + i % outputs_] + advantages_[row + outputs_];
    }
  }

 private:
  const environment::Puzzle& puzzle_;
  AnyTrainer& trainer_;
  bool with_value_;
  std::size_t outputs_;
  std::vector<std::uint8_t> cells_;
  std::vector<float> advantages_;  // [n, outputs + 1], V last
};

// Positions of the same kind as those that are trained on, the same for every seed.
std::vector<std::uint8_t> fixed_set(std::shared_ptr<const environment::Puzzle> puzzle,
                                    const PuzzleLearnerConfig& config) {
  ScrambleConfig scrambles = config.scrambles;
  scrambles.batch = config.check_positions;
  return Scrambles(std::move(puzzle), scrambles, derive_seed(0, "check")).batch(0).states;
}

model::NamedTensor tensor_of(std::span<const float> values) {
  return {{static_cast<std::int64_t>(values.size())}, {values.begin(), values.end()}};
}

// What a checkpoint and a learner must agree in.
std::string identity_of(const inference::PuzzleModel& model) {
  const auto& [name, cells, symbols, moves] = model.puzzle;
  const auto& [values, first, second, blocks] = model.spec;
  return fmt::format("{} of {} ({} cells, {} symbols, {} moves), network {}-{}-{}", values, name,
                     cells, symbols, moves, first, second, blocks);
}

// How far learning is.
struct Counters {
  std::int64_t updates = 0, since_check = 0, checks_since_target = 0, target_updates = 0;
  double loss_sum = 0;  // since the last check
  double best_solved = 0;
};

std::string text_of(const Counters& c) {
  return fmt::format("{} {} {} {} {} {}", c.updates, c.since_check, c.checks_since_target,
                     c.target_updates, c.loss_sum, c.best_solved);
}

bool read_counters(const std::string& text, Counters& c) {
  std::istringstream in(text);
  return static_cast<bool>(in >> c.updates >> c.since_check >> c.checks_since_target >>
                           c.target_updates >> c.loss_sum >> c.best_solved);
}

constexpr const char* kVectors[] = {"moment1", "moment2", "parameters", "target"};

}  // namespace

struct PuzzleLearner::Impl {
  Impl(std::shared_ptr<const environment::Puzzle> p, const PuzzleLearnerConfig& c,
       std::uint64_t seed, inference::Precision how)
      : puzzle(std::move(p)),
        config(c),
        precision(how),
        start(inference::fresh_model(*puzzle, config.network, seed)),
        trainer(trainer_of(start, precision)),
        target_parameters(start.parameters),
        targets(puzzle, config, network_of(start)),
        positions(fixed_set(puzzle, config)) {}

  Online online() { return {*puzzle, trainer, start}; }
  inference::PuzzleNetwork network_of(const inference::PuzzleModel& model) const;
  inference::PuzzleModel online_model() const;
  inference::PuzzleModel target_model() const;
  std::vector<float> targets_of(const PuzzleExamples& examples);
  void update_target();
  void restore(model::TensorFile& file, const Counters& at);

  std::shared_ptr<const environment::Puzzle> puzzle;
  PuzzleLearnerConfig config;
  inference::Precision precision;
  inference::PuzzleModel start;  // shape and spec; the parameters are the trainer's
  AnyTrainer trainer;
  std::vector<float> target_parameters;
  PuzzleTargets targets;
  std::vector<std::uint8_t> positions;  // the fixed set
  std::vector<std::uint8_t> cells;      // [n, cells] of the batch
  Counters counters;
};

inference::PuzzleNetwork PuzzleLearner::Impl::network_of(
    const inference::PuzzleModel& model) const {
  auto network = inference::PuzzleNetwork::make(model, puzzle, "the learner's model", precision);
  if (!network && network.error().code == Errc::kIo) throw std::bad_alloc();  // no memory for it
  QSTAR_ASSERT(network.has_value(), network.error().message);
  return std::move(*network);
}

inference::PuzzleModel PuzzleLearner::Impl::online_model() const {
  inference::PuzzleModel model = start;
  std::visit(
      [&](const auto& t) { model.parameters.assign(t.parameters().begin(), t.parameters().end()); },
      trainer);
  model.metadata["updates"] = std::to_string(counters.updates);
  return model;
}

inference::PuzzleModel PuzzleLearner::Impl::target_model() const {
  inference::PuzzleModel model = start;
  model.parameters = target_parameters;
  return model;
}

void PuzzleLearner::Impl::update_target() {
  const inference::PuzzleModel model = online_model();
  target_parameters = model.parameters;
  targets = PuzzleTargets(puzzle, config, network_of(model));
  ++counters.target_updates;
  counters.checks_since_target = 0;
}

void PuzzleLearner::Impl::restore(model::TensorFile& file, const Counters& at) {
  counters = at;
  std::visit(
      [&](auto& t) {
        const auto copy = [&file](const char* name, std::span<float> to) {
          std::copy_n(file.tensors[name].data.begin(), to.size(), to.begin());
        };
        copy("parameters", t.parameters());
        copy("moment1", t.moment1());
        copy("moment2", t.moment2());
        t.restored(counters.updates);
      },
      trainer);
  target_parameters = std::move(file.tensors["target"].data);
  targets = PuzzleTargets(puzzle, config, network_of(target_model()));
}

std::vector<float> PuzzleLearner::Impl::targets_of(const PuzzleExamples& examples) {
  Online chooser = online();
  return targets.of(examples,
                    {counters.updates < config.warm_up, config.double_q ? &chooser : nullptr});
}

void PuzzleLearnerConfig::describe(FieldVisitor& v) {
  section(v, "network", "Shape of the network", network);
  section(v, "scrambles", "Positions to learn from", scrambles);
  v.value({"rate", "Learning rate of Adam", 0, 1}, rate);
  v.value({"rate_decay", "Factor on the learning rate per update", 0.9, 1}, rate_decay);
  v.value({"huber", "Errors above this count linearly in the loss (0: all are squared)", 0, 1e6},
          huber);
  v.value({"target_loss", "Mean loss between two checks below which the target network is updated",
           0, 1e6},
          target_loss);
  v.value({"check_period", "Updates of the network between two checks", 1, 1e9}, check_period);
  v.value({"patience", "Checks after which the target network is updated in any case (0: never)", 0,
           1e9},
          patience);
  v.value({"check_positions", "Positions in the fixed set that checks solve greedily", 1, 1e6},
          check_positions);
  v.value({"check_moves", "Moves that greedy play may take per position", 1, 1e6}, check_moves);
  v.value({"horizon", "Moves looked ahead before the target network's values are used", 1, 1000},
          horizon);
  v.value({"warm_up", "First updates, which learn the length of the scrambles' ways back", 0, 1e9},
          warm_up);
  v.value({"taught_moves", "Moves taught at once per position, with qv", 1, 65535}, taught_moves);
  v.value({"value_weight", "Weight of V's error relative to that of one move, with qv", 0, 1e6},
          value_weight);
  v.value({"double_q", "Double Q-learning: the online network chooses, the target network values"},
          double_q);
  v.value({"hindsight", "Bound every target by the scramble's own way back"}, hindsight);
  v.value({"dead_end", "Cost to go of a position without a legal move", 0, 1e6}, dead_end);
}

Status check(const PuzzleLearnerConfig& config, const environment::Puzzle& puzzle) {
  if (auto shape = check(config.network); !shape) return fail(Errc::kConfig, shape.error().message);
  if (config.warm_up > 0 && !knows_ways_back(puzzle)) {
    return fail(Errc::kConfig, fmt::format("warm_up: moves of {} cannot be undone, so no "
                                           "way back is known; set it to 0",
                                           puzzle.name()));
  }
  if (config.network.values == "qv" && config.horizon != 1) {
    return fail(Errc::kConfig, fmt::format("horizon = {}: network.values = \"qv\" looks one "
                                           "move ahead; set it to 1",
                                           config.horizon));
  }
  const auto moves = static_cast<std::int64_t>(puzzle.moves());
  if (config.network.values == "qv" && config.taught_moves > moves) {
    return fail(Errc::kConfig, fmt::format("taught_moves = {}: {} has {} moves; choose at "
                                           "most that",
                                           config.taught_moves, puzzle.name(), moves));
  }
  return {};
}

Result<PuzzleLearner> PuzzleLearner::make(std::shared_ptr<const environment::Puzzle> puzzle,
                                          const PuzzleLearnerConfig& config, std::uint64_t seed,
                                          inference::Precision precision) {
  if (auto ok = qstar::learning::check(config, *puzzle); !ok) return tl::unexpected(ok.error());
  return PuzzleLearner(std::make_unique<Impl>(std::move(puzzle), config, seed, precision));
}

PuzzleLearner::PuzzleLearner(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
PuzzleLearner::~PuzzleLearner() = default;
PuzzleLearner::PuzzleLearner(PuzzleLearner&&) noexcept = default;
PuzzleLearner& PuzzleLearner::operator=(PuzzleLearner&&) noexcept = default;
std::int64_t PuzzleLearner::updates() const { return impl_->counters.updates; }
inference::PuzzleModel PuzzleLearner::model() const {
  return inference::without_value(impl_->online_model());
}
inference::PuzzleModel PuzzleLearner::target_model() const { return impl_->target_model(); }
std::int64_t PuzzleLearner::target_updates() const { return impl_->counters.target_updates; }
std::vector<float> PuzzleLearner::targets(const PuzzleExamples& e) { return impl_->targets_of(e); }
bool PuzzleLearner::check_due() const {
  return impl_->counters.since_check >= impl_->config.check_period;
}

PuzzleUpdate PuzzleLearner::update(const PuzzleExamples& examples) {
  return fit(examples, targets(examples));
}

PuzzleUpdate PuzzleLearner::fit(const PuzzleExamples& examples, std::span<const float> targets) {
  const std::size_t n = examples.size();
  const std::size_t taught = taught_outputs(impl_->config);
  QSTAR_ASSERT(targets.size() == n * taught,
               fmt::format("{} targets of {} examples", targets.size(), n));
  if (n == 0) return {};
  impl_->cells.resize(n * impl_->puzzle->cells());
  impl_->puzzle->encode(examples.states, impl_->cells);
  const auto which = impl_->targets.taught().of(examples);
  const auto known =
      targets.size() - static_cast<std::size_t>(std::count_if(
                           targets.begin(), targets.end(), [](float t) { return std::isnan(t); }));
  auto& counters = impl_->counters;
  const PuzzleLearnerConfig& config = impl_->config;
  const double decay = std::pow(config.rate_decay, static_cast<double>(counters.updates));
  // V's errors come last; no V is unknown.
  const double weight = config.network.values == "qv" ? config.value_weight : 1;
  const double total = static_cast<double>(known) + (weight - 1) * static_cast<double>(n);
  const mlp::Loss loss{static_cast<float>(config.huber), static_cast<float>(weight)};
  PuzzleUpdate result;
  std::visit(
      [&](auto& trainer) {
        result.loss = trainer.accumulate({impl_->cells, which, targets}, total, loss) / total;
        trainer.step(static_cast<float>(config.rate * decay));
        if (first_not_finite(trainer.parameters()) || first_not_finite(trainer.moment2()))
          result.loss = std::numeric_limits<double>::quiet_NaN();
      },
      impl_->trainer);
  ++counters.updates;
  ++counters.since_check;
  counters.loss_sum += result.loss;
  // Of Q beside V, V's: an advantage is no cost to go.
  for (std::size_t i = taught - 1; i < targets.size(); i += taught) {
    result.mean_target += targets[i] / static_cast<double>(n);
    result.max_target = std::max<double>(result.max_target, targets[i]);
  }
  result.examples = static_cast<std::int64_t>(n * std::max<std::size_t>(1, taught - 1));
  return result;
}

PuzzleCheck PuzzleLearner::check() {
  auto& counters = impl_->counters;
  const PuzzleLearnerConfig& config = impl_->config;
  Online online = impl_->online();
  BestMoves best(*impl_->puzzle, online);
  PuzzleCheck check;
  check.solved = solved_share(*impl_->puzzle, best, impl_->positions, config.check_moves);
  check.loss =
      counters.loss_sum / static_cast<double>(std::max<std::int64_t>(1, counters.since_check));
  ++counters.checks_since_target;
  const bool learned = counters.since_check > 0 && check.loss < config.target_loss;
  const bool better = check.solved > counters.best_solved;
  const bool waited = config.patience > 0 && counters.checks_since_target >= config.patience;
  const bool warming = counters.updates <= config.warm_up;
  check.target_updated = learned || better || waited || warming;
  if (check.target_updated) impl_->update_target();
  counters.best_solved = std::max(counters.best_solved, check.solved);
  counters.since_check = 0;
  counters.loss_sum = 0;
  check.updates = counters.updates;
  check.target_updates = counters.target_updates;
  return check;
}

std::vector<PuzzleWalk> PuzzleLearner::walks(std::size_t count) {
  Online online = impl_->online();
  BestMoves best(*impl_->puzzle, online);
  const std::size_t bytes = std::min(count * impl_->puzzle->state_bytes(), impl_->positions.size());
  return greedy_walks(*impl_->puzzle, best, std::span(impl_->positions).first(bytes),
                      impl_->config.check_moves);
}

std::string PuzzleLearner::save() {
  model::TensorFile file;
  file.metadata = {{"role", "puzzle_learner"},
                   {"learner", identity_of(impl_->start)},
                   {"counters", text_of(impl_->counters)}};
  std::visit(
      [&](auto& trainer) {
        file.tensors = {{"moment1", tensor_of(trainer.moment1())},
                        {"moment2", tensor_of(trainer.moment2())},
                        {"parameters", tensor_of(trainer.parameters())},
                        {"target", tensor_of(impl_->target_parameters)}};
      },
      impl_->trainer);
  return serialize(file);
}

Status PuzzleLearner::load(std::string_view bytes, std::string_view source) {
  auto file = model::parse_tensors(bytes, source);
  if (!file) return tl::unexpected(file.error());
  if (file->metadata["role"] != "puzzle_learner")
    return model::corrupt_model(source, "it is not a checkpoint of a puzzle's learner");
  const std::string mine = identity_of(impl_->start);
  if (file->metadata["learner"] != mine)
    return fail(Errc::kConfig,
                fmt::format("{}: is a checkpoint of {}, not of {}; resume with that "
                            "configuration or start a new run",
                            printable(source), printable(file->metadata["learner"]), mine));
  Counters counters;
  if (!read_counters(file->metadata["counters"], counters))
    return model::corrupt_model(source, "metadata 'counters' is missing or damaged");
  for (const char* name : kVectors)
    if (file->tensors[name].data.size() != impl_->target_parameters.size())
      return model::corrupt_model(source, fmt::format("tensor '{}' has the wrong shape", name));
  impl_->restore(*file, counters);
  return {};
}

}  // namespace qstar::learning

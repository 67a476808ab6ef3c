#include "experiment/puzzle/scrambler.hpp"

#include "environment/registry.hpp"

namespace qstar::experiment {

Scrambler::Scrambler(std::string environment, std::string learner, std::uint64_t seed,
                     learning::PuzzleLearnerConfig config,
                     std::shared_ptr<const environment::Puzzle> puzzle)
    : environment_(std::move(environment)),
      learner_(std::move(learner)),
      seed_(seed),
      config_(std::move(config)),
      puzzle_(std::move(puzzle)),
      scrambles_(puzzle_, config_.scrambles, seed) {}

Result<Scrambler> Scrambler::make(const ScrambleTask& task) {
  environment::EnvironmentConfig environment;
  if (auto parsed = parse_config(task.environment, "a task's puzzle", {}, describe_of(environment));
      !parsed)
    return tl::unexpected(parsed.error());
  learning::PuzzleLearnerConfig learner;
  if (auto parsed = parse_config(task.learner, "a task's learner", {}, describe_of(learner));
      !parsed)
    return tl::unexpected(parsed.error());
  auto puzzle = environment::make_puzzle(environment);
  if (!puzzle) return tl::unexpected(puzzle.error());
  if (auto fits = check(learner, **puzzle); !fits) return tl::unexpected(fits.error());
  return Scrambler(task.environment, task.learner, task.seed, learner, std::move(*puzzle));
}

bool Scrambler::serves(const ScrambleTask& task) const {
  return environment_ == task.environment && learner_ == task.learner && seed_ == task.seed;
}

bool Scrambler::needs_network(std::uint64_t index) const {
  return qstar::learning::needs_network(config_,
                                        index < static_cast<std::uint64_t>(config_.warm_up));
}

bool Scrambler::wants_network(const ScrambleTask& task) const {
  const std::uint64_t last = task.first_batch + task.batches - 1;
  return task.with_targets && needs_network(last) && network_ != task.network;
}

Status Scrambler::take_network(const ModelHash& hash, std::string_view bytes) {
  const std::string source = "model " + hash.substr(0, 12);
  auto model = inference::parse_puzzle_model(bytes, source);
  if (!model) return tl::unexpected(model.error());
  auto network = inference::PuzzleNetwork::make(*model, puzzle_, source);
  if (!network) return tl::unexpected(network.error());
  targets_.emplace(puzzle_, config_, std::move(*network));
  network_ = hash;
  return {};
}

ExampleBatch Scrambler::batch(std::uint64_t index, bool with_targets) {
  ExampleBatch batch{index, scrambles_.batch(index)};
  if (!with_targets) return batch;
  const bool warming_up = index < static_cast<std::uint64_t>(config_.warm_up);
  batch.targets = needs_network(index) ? targets_->of(batch.examples, {warming_up, nullptr})
                                       : ways_back(config_, batch.examples);
  batch.examples.state_bounds.clear();
  batch.examples.move_bounds.clear();
  return batch;
}

std::vector<ExampleBatch> Scrambler::batches(const ScrambleTask& task) {
  std::vector<ExampleBatch> made;
  for (std::uint64_t i = 0; i < task.batches; ++i)
    made.push_back(batch(task.first_batch + i, task.with_targets));
  return made;
}

}  // namespace qstar::experiment

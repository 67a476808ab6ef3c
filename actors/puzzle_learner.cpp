// Fits a puzzle's network to batches from the buffer, or, alone, to its own.
#include <cmath>

#include "actors/ask_in_turns.hpp"
#include "actors/puzzle_actors.hpp"

namespace qstar {
namespace {

struct PuzzleLearnerState {
  PuzzleLearnerActor::pointer self = nullptr;
  PuzzleLearnerLinks links;
  std::unique_ptr<PuzzleLearner> learner;
  std::unique_ptr<Scrambles> scrambles;  // deterministic mode

  // The slice in progress.
  TrainPuzzle slice;
  PuzzleTrained result;
  bool released = false;
  caf::typed_response_promise<PuzzleTrained> promise;

  bool stopped() const { return links.stop(); }
  std::uint64_t target_version() const {
    return static_cast<std::uint64_t>(learner->target_updates()) + 1;
  }

  caf::result<PuzzleTrained> start(const TrainPuzzle& request) {
    slice = request;
    result = {};
    released = false;
    promise = self->make_response_promise<PuzzleTrained>();
    auto reply = promise;
    next();
    return reply;
  }

  void next() {
    if (released || stopped() || result.updates == slice.updates || learner->check_due())
      return finish();
    // One message to itself per update, so that a Release can come between two.
    if (scrambles) return self->send(self, caf::tick_atom::value);
    ask_in_turns(
        self, links.replay, TakeExamples{target_version()},
        [this](TakenExamples& taken) { fit(taken.batch); },
        [this](const caf::error& error) { self->quit(error); });
  }

  void update_alone() {
    fitted(learner->update(scrambles->batch(slice.first_batch + result.batches)));
  }

  void fit(const std::optional<ExampleBatch>& batch) {
    if (!batch) return finish();
    fitted(batch->targets.empty() ? learner->update(batch->examples)
                                  : learner->fit(batch->examples, batch->targets));
  }

  void fitted(const PuzzleUpdate& update) {
    if (!std::isfinite(update.loss)) {
      // Before a checkpoint of it takes the place of a good one; from there it would be the same.
      return self->quit(to_caf({Errc::kConfig,
                                "the loss is no longer finite: start a new run with a lower "
                                "learner.rate"}));
    }
    ++result.batches;
    if (update.examples > 0) {  // a batch may have had no position with a legal move
      ++result.updates;
      result.examples += update.examples;
      result.loss += update.loss;
    }
    next();
  }

  void finish() {
    if (result.updates > 0) result.loss /= static_cast<double>(result.updates);
    // A run that is to stop has its check when it is resumed.
    if (!stopped() && (slice.check || learner->check_due())) {
      result.check = learner->check();
      if (slice.walks > 0) result.walks = learner->walks(static_cast<std::size_t>(slice.walks));
    }
    result.target_version = target_version();
    const bool updated = result.check && result.check->target_updated;
    if (slice.with_target || (updated && !scrambles))  // alone, nobody wants it
      result.target = serialize(learner->target_model());
    promise.deliver(std::move(result));
  }

  Bytes export_model(const ExportPuzzle& request) const {
    PuzzleModel model = learner->model();
    model.metadata.insert(request.metadata.begin(), request.metadata.end());
    return {serialize(model)};
  }
};

PuzzleLearnerActor::behavior_type puzzle_learner(
    PuzzleLearnerActor::stateful_pointer<PuzzleLearnerState> self, const PuzzleExperiment& config,
    const PuzzlePtr& puzzle, const RestoredPuzzle& restored, const PuzzleLearnerLinks& links) {
  explain_exceptions(*self);
  auto& state = self->state;
  state.self = self;
  state.links = links;
  if (!links.replay) state.scrambles = std::make_unique<Scrambles>(scrambles_of(config, puzzle));
  auto learner = learner_of(config, puzzle);
  QSTAR_ASSERT(learner.has_value(), learner.error().message);  // check() has seen it
  state.learner = std::make_unique<PuzzleLearner>(std::move(*learner));
  if (!restored.state.empty()) {
    if (auto loaded = state.learner->load(restored.state, restored.source); !loaded)
      self->quit(to_caf(loaded.error()));
  }
  return {
      [&state](const TrainPuzzle& request) { return state.start(request); },
      [&state](Release) { state.released = true; },
      [&state](SaveState) { return Bytes{state.learner->save()}; },
      [&state](const ExportPuzzle& request) { return state.export_model(request); },
      [&state](caf::tick_atom) { state.update_alone(); },
  };
}

}  // namespace

PuzzleLearnerActor spawn_puzzle_learner(caf::actor_system& system, const PuzzleExperiment& config,
                                        PuzzlePtr puzzle, RestoredPuzzle restored,
                                        const PuzzleLearnerLinks& links) {
  return system.spawn<caf::detached>(puzzle_learner, config, std::move(puzzle), std::move(restored),
                                     links);
}

}  // namespace qstar

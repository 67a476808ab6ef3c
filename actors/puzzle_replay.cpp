// The buffer of examples as an actor, and the store of greedy play beside it. The learner's one
// request waits here while there is no batch.
#include "actors/example_buffer.hpp"
#include "actors/puzzle_actors.hpp"

namespace qstar {
namespace {

struct PuzzleReplayState {
  PuzzleReplayActor::pointer self = nullptr;
  std::unique_ptr<ExampleBuffer> buffer;
  std::unique_ptr<Store> store;
  PuzzleCoordinatorActor listener;
  struct Waiting {
    TakeExamples request;
    caf::typed_response_promise<TakenExamples> promise;
  };
  std::optional<Waiting> waiting;

  // The coordinator has looked at them.
  Inserted insert(InsertExamples& message) {
    const auto fresh = static_cast<std::int64_t>(message.batches.size());
    buffer->insert(message.task, std::move(message.batches));
    serve();
    return Inserted{fresh};
  }

  caf::result<TakenExamples> take(const TakeExamples& request) {
    waiting = {request, self->make_response_promise<TakenExamples>()};
    auto promise = waiting->promise;
    serve();
    return promise;
  }

  void serve() {
    if (!waiting) return;
    const std::int64_t before = buffer->removed();
    if (auto batch = buffer->take(waiting->request.target_version)) answer(std::move(batch));
    if (buffer->removed() > before)
      self->send(listener, ExampleStatus{buffer->removed(), buffer->dropped_stale()});
  }

  void answer(std::optional<ExampleBatch> batch) {
    waiting->promise.deliver(TakenExamples{std::move(batch)});
    waiting.reset();
  }

  caf::result<Inserted> record(const Insert& message) {
    const auto fresh = store->insert(message.groups);
    if (!fresh) return to_caf(fresh.error());
    return Inserted{static_cast<std::int64_t>(fresh->size())};
  }
};

PuzzleReplayActor::behavior_type puzzle_replay(
    PuzzleReplayActor::stateful_pointer<PuzzleReplayState> self, const PuzzleExperiment& config,
    std::shared_ptr<Store> store, const PuzzleCoordinatorActor& listener) {
  explain_exceptions(*self);
  auto& state = self->state;
  state.self = self;
  state.buffer = std::make_unique<ExampleBuffer>(config.replay.staleness);
  state.store = std::make_unique<Store>(std::move(*store));
  state.listener = listener;
  return {
      [&state](InsertExamples& message) { return state.insert(message); },
      [&state](const TakeExamples& request) { return state.take(request); },
      [&state](Release) {
        if (state.waiting) state.answer(std::nullopt);
      },
      [&state](HeldTasks) { return Tasks{state.buffer->tasks()}; },
      [&state](const Insert& message) { return state.record(message); },
  };
}

}  // namespace

PuzzleReplayActor spawn_puzzle_replay(caf::actor_system& system, const PuzzleExperiment& config,
                                      Store store, const PuzzleCoordinatorActor& listener) {
  return system.spawn<caf::detached>(puzzle_replay, config,
                                     std::make_shared<Store>(std::move(store)), listener);
}

}  // namespace qstar

// Batches the generation requests of all rollouts of a process.
//
// A tick decodes a few tokens of everything that is active, then lets the mailbox speak: new
// requests join between ticks. Newer weights are fetched piece by piece when a request wants them,
// and take effect when nothing is being decoded, so that every generation is of one version.
#include <deque>

#include "actors/actors.hpp"
#include "actors/weights_shelf.hpp"
#include "learning/decoder.hpp"

namespace qstar {
namespace {

using Inference =
    caf::typed_actor<caf::replies_to<Generate>::with<Generated>, caf::reacts_to<caf::tick_atom>,
                     caf::reacts_to<WeightsRequest>>;  // to itself: ask for these weights
constexpr int kTokensPerTick = 8;
constexpr std::chrono::milliseconds kAskAgain{100};

struct InferenceState {
  struct Request {
    Generate message;
    caf::typed_response_promise<Generated> promise;
    std::vector<Generation> done;
    std::size_t missing = 0;
  };

  Inference::pointer self = nullptr;
  CoordinatorActor coordinator;
  std::int32_t slots = 0;
  std::shared_ptr<const DecoderWeights> weights;
  std::unique_ptr<DecoderPool> pool;
  std::deque<Request> waiting;              // for newer weights
  std::map<std::uint64_t, Request> active;  // by request number; a ticket is number << 24 | index
  std::uint64_t next = 0;
  bool ticking = false;
  bool fetching = false;
  std::uint64_t least = 0;  // fetching: a version at least this new
  WeightsPieces incoming;

  caf::result<Generated> generate(Generate& message) {
    Request request{std::move(message), self->make_response_promise<Generated>(), {}, 0};
    auto promise = request.promise;
    waiting.push_back(std::move(request));
    admit();
    return promise;
  }

  std::uint64_t version() const { return weights ? weights->version() : 0; }

  // Starts the requests that the present weights may serve; fetches newer weights when the first
  // waiting request needs them.
  void admit() {
    while (!waiting.empty()) {
      const auto& wanted = waiting.front().message;
      if (!weights || wanted.version > version()) {
        if (active.empty()) fetch(wanted.version);
        return;
      }
      start(std::move(waiting.front()));
      waiting.pop_front();
    }
  }

  void start(Request request) {
    const std::uint64_t number = next++;
    request.missing = request.message.requests.size();
    request.done.resize(request.missing);
    for (std::size_t i = 0; i < request.missing; ++i) {
      if (auto added = pool->add(number << 24 | i, request.message.requests[i]); !added) {
        // Results of the sequences already added find no owner and are dropped.
        request.promise.deliver(to_caf(added.error()));
        return;
      }
    }
    active.emplace(number, std::move(request));
    tick_later();
  }

  void tick_later() {
    if (ticking) return;
    ticking = true;
    self->send(self, caf::tick_atom::value);
  }

  void tick() {
    ticking = false;
    if (!pool) return;
    for (int i = 0; i < kTokensPerTick && pool->pending() > 0; ++i) pool->step();
    for (auto& finished : pool->take_finished()) deliver(std::move(finished));
    if (pool->pending() > 0) tick_later();
    admit();
  }

  void deliver(DecoderPool::Finished finished) {
    const auto it = active.find(finished.ticket >> 24);
    if (it == active.end()) return;
    Request& request = it->second;
    request.done[finished.ticket & 0xffffff] = std::move(finished.generation);
    if (--request.missing > 0) return;
    request.promise.deliver(Generated{version(), std::move(request.done)});
    active.erase(it);
  }

  void fetch(std::uint64_t at_least) {
    if (fetching) return;
    fetching = true;
    least = at_least;
    fetch_piece(incoming.begin(least));
  }

  void fetch_piece(const WeightsRequest& request) {
    self->request(coordinator, kEventually, request)
        .then([this](WeightsChunk& chunk) { received(chunk); },
              [this](const caf::error& error) { missed(error); });
  }

  // On a slow link a version may be dropped before it is fetched; then fetch the newest one.
  void missed(const caf::error& error) {
    if (error != caf::sec::request_timeout && error_of(error).code != Errc::kTimeout)
      return self->quit(error);
    self->delayed_send(self, kAskAgain, incoming.begin(least));
  }

  void received(const WeightsChunk& chunk) {
    if (const auto further = incoming.add(chunk)) return fetch_piece(*further);
    auto model = parse_model(incoming.bytes(), "the coordinator's weights");
    auto packed =
        model ? DecoderWeights::make(*model, chunk.version) : tl::unexpected(model.error());
    if (!packed) return self->quit(to_caf(packed.error()));
    weights = std::move(*packed);
    pool = std::make_unique<DecoderPool>(weights, slots);
    fetching = false;
    admit();
  }
};

Inference::behavior_type inference(Inference::stateful_pointer<InferenceState> self,
                                   const CoordinatorActor& coordinator, std::int32_t slots) {
  explain_exceptions(*self);
  auto& state = self->state;
  state.self = self;
  state.coordinator = coordinator;
  state.slots = slots;
  return {[&state](Generate& message) { return state.generate(message); },
          [&state](caf::tick_atom) { state.tick(); },
          [&state](const WeightsRequest& request) { state.fetch_piece(request); }};
}

}  // namespace

InferenceActor spawn_inference(caf::actor_system& system, const CoordinatorActor& coordinator,
                               std::int32_t slots) {
  return system.spawn<caf::detached>(inference, coordinator, slots);
}

}  // namespace qstar

// A scrambler actor: asks for a lease, makes its batches and their targets, delivers them, and asks
// again.
//
// It holds one lease at a time, so that no messages pile up between it and the learner.
#include "actors/ask_in_turns.hpp"
#include "actors/puzzle_actors.hpp"
#include "actors/weights_shelf.hpp"
#include "learning/puzzle_targets.hpp"

namespace qstar {
namespace {

struct ScramblerState {
  ScramblerActor::pointer self = nullptr;
  ScramblerOptions options;
  PuzzleCoordinatorActor coordinator;
  std::unique_ptr<Scrambles> scrambles;
  std::unique_ptr<PuzzleTargets> targets;
  std::uint64_t version = 0;  // of the targets' network
  WeightsPieces incoming;
  ScrambleLease lease;

  // Any failure ends this actor; its lease expires or is released and is handed out again.
  auto fail() {
    return [this](const caf::error& error) { self->quit(error); };
  }

  void ask() {
    ask_in_turns(
        self, coordinator, ScrambleRequest{options.node},
        [this](const ScrambleLease& work) { begin(work); }, fail());
  }

  void begin(const ScrambleLease& work) {
    lease = work;
    if (lease.batches == 0) return self->quit();
    const auto& config = options.config.learner;
    if (lease.make_targets && version < lease.target_version &&
        needs_network(config, warming_up(lease.first_batch + lease.batches - 1)))
      return fetch_piece(incoming.begin(lease.target_version));
    make();
  }

  bool warming_up(std::uint64_t index) const {
    return index < static_cast<std::uint64_t>(options.config.learner.warm_up);
  }

  void fetch_piece(const WeightsRequest& request) {
    self->request(coordinator, kEventually, request)
        .then([this](const WeightsChunk& chunk) { received(chunk); },
              [this](const caf::error& error) {
                // That version was replaced while it was being fetched.
                if (error_of(error).code != Errc::kTimeout) return self->quit(error);
                fetch_piece(incoming.begin(lease.target_version));
              });
  }

  void received(const WeightsChunk& chunk) {
    if (const auto further = incoming.add(chunk)) return fetch_piece(*further);
    constexpr const char* kSource = "the coordinator's target network";
    auto model = parse_puzzle_model(incoming.bytes(), kSource);
    if (!model) return self->quit(to_caf(model.error()));
    auto network = PuzzleNetwork::make(*model, options.puzzle, kSource);
    if (!network) return self->quit(to_caf(network.error()));
    targets = std::make_unique<PuzzleTargets>(options.puzzle, options.config.learner,
                                              std::move(*network));
    version = incoming.version();
    make();
  }

  void make() {
    InsertExamples insert{lease.task, options.node, 0, {}};
    for (std::uint64_t i = 0; i < lease.batches; ++i)
      insert.batches.push_back(make_batch(lease.first_batch + i));
    insert.cpu_microseconds = static_cast<std::uint64_t>(process_cpu_seconds() * 1e6);
    self->request(coordinator, kEventually, std::move(insert)).then([](const Inserted&) {}, fail());
    ask();
  }

  ExampleBatch make_batch(std::uint64_t index) {
    ExampleBatch batch{index, 0, scrambles->batch(index), {}};
    if (!lease.make_targets) return batch;
    const auto& config = options.config.learner;
    const bool warm = warming_up(index);
    if (needs_network(config, warm)) {
      batch.target_version = version;
      batch.targets = targets->of(batch.examples, {warm, nullptr});
    } else {
      batch.targets = ways_back(config, batch.examples);
    }
    batch.examples.state_bounds.clear();
    batch.examples.move_bounds.clear();
    return batch;
  }
};

ScramblerActor::behavior_type scrambler(ScramblerActor::stateful_pointer<ScramblerState> self,
                                        const ScramblerOptions& options,
                                        const PuzzleCoordinatorActor& coordinator) {
  explain_exceptions(*self);
  auto& state = self->state;
  state.self = self;
  state.options = options;
  state.coordinator = coordinator;
  state.scrambles = std::make_unique<Scrambles>(scrambles_of(options.config, options.puzzle));
  self->send(self, caf::tick_atom::value);
  return {[&state](caf::tick_atom) { state.ask(); }};
}

}  // namespace

ScramblerActor spawn_scrambler(caf::actor_system& system, const ScramblerOptions& options,
                               const PuzzleCoordinatorActor& coordinator) {
  return system.spawn<caf::detached>(scrambler, options, coordinator);
}

caf::actor spawn_scramblers(caf::actor_system& system, const ScramblerOptions& options,
                            const PuzzleCoordinatorActor& coordinator,
                            std::function<void(const Status&)> ended) {
  const auto start = [options, coordinator](caf::actor_system& home) {
    Family family;
    for (std::int64_t i = 0; i < options.config.training.scramblers; ++i) {
      family.workers.push_back(
          caf::actor_cast<caf::actor>(spawn_scrambler(home, options, coordinator)));
    }
    return family;
  };
  return spawn_family(system, {options.config.restart, start, std::move(ended)},
                      caf::actor_cast<caf::actor>(coordinator));
}

}  // namespace qstar

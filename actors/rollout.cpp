// A rollout actor: asks for a lease, has its attempts generated, judged and scored, delivers them,
// and asks again.
//
// It holds one lease at a time, so that no messages pile up between it and the replay buffer.

#include "actors/actors.hpp"
#include "actors/ask_in_turns.hpp"
#include "core/clock.hpp"
#include "search/sampling.hpp"

namespace qstar {
namespace {

SearchOptions options_of(const Lease& lease) {
  return {.samples = lease.samples,
          .temperature = std::bit_cast<float>(lease.temperature_bits),
          .max_tokens = static_cast<std::int32_t>(lease.max_tokens),
          .seed = lease.seed,
          .first_group = lease.first_group};
}

struct RolloutState {
  RolloutActor::pointer self = nullptr;
  RolloutOptions options;
  CoordinatorActor coordinator;
  InferenceActor inference;
  VerifierActor verifier;
  Lease lease;
  TaskDone report;

  // Any failure ends this actor; its lease expires or is released and is handed out again.
  auto fail() {
    return [this](const caf::error& error) { self->quit(error); };
  }

  void ask() {
    ask_in_turns(
        self, coordinator, WorkRequest{options.node},
        [this](Lease& work) { generate(std::move(work)); }, fail());
  }

  void generate(Lease work) {
    lease = std::move(work);
    if (lease.problems.empty()) return self->quit();
    self->request(inference, kEventually,
                  Generate{lease.version, requests_of(lease.problems, options_of(lease))})
        .then([this](Generated& made) { judge_them(made); }, fail());
  }

  void judge_them(Generated& made) {
    auto groups = collect(made);
    self->request(verifier, kEventually, Judge{std::move(groups)})
        .then([this](Groups& judged) { score(std::move(judged.groups)); }, fail());
  }

  void score(std::vector<AttemptGroup> groups) {
    if (!options.score) return insert(std::move(groups));
    self->request(coordinator, kEventually, Score{std::move(groups)})
        .then([this](Groups& scored) { insert(std::move(scored.groups)); }, fail());
  }

  void insert(std::vector<AttemptGroup> groups) {
    for (const auto& group : groups) {
      for (const auto& attempt : group.attempts) {
        report.wins += attempt.win() ? 1 : 0;
        report.lucky += attempt.outcome == Outcome::kLucky ? 1 : 0;
      }
    }
    self->request(coordinator, kEventually, Insert{std::move(groups)})
        .then([this](const Inserted&) { finish(); }, fail());
  }

  void finish() {
    self->send(coordinator, report);
    ask();
  }

  std::vector<AttemptGroup> collect(const Generated& made) {
    auto groups = groups_of(options.environment, lease.problems, options_of(lease),
                            made.generations, made.version, lease.deterministic ? 0 : now_us());
    for (auto& group : groups) {
      for (auto& attempt : group.attempts)
        attempt.provenance = {options.run, options.node, QSTAR_VERSION};
    }
    report = {lease.task, 0, made.generations.size(), 0, 0, made.version, options.node};
    for (const auto& generation : made.generations) report.tokens += generation.tokens.size();
    return groups;
  }
};

RolloutActor::behavior_type rollout(RolloutActor::stateful_pointer<RolloutState> self,
                                    const RolloutOptions& options,
                                    const CoordinatorActor& coordinator,
                                    const InferenceActor& inference,
                                    const VerifierActor& verifier) {
  explain_exceptions(*self);
  auto& state = self->state;
  state.self = self;
  state.options = options;
  state.coordinator = coordinator;
  state.inference = inference;
  state.verifier = verifier;
  self->send(self, caf::tick_atom::value);
  return {[&state](caf::tick_atom) { state.ask(); }};
}

}  // namespace

RolloutActor spawn_rollout(caf::actor_system& system, const RolloutOptions& options,
                           const CoordinatorActor& coordinator, const InferenceActor& inference,
                           const VerifierActor& verifier) {
  return system.spawn(rollout, options, coordinator, inference, verifier);
}

}  // namespace qstar

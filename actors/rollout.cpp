// A rollout: asks for work, has it generated, judged and scored, brings it home, asks again.
//
// One lease at a time is its only credit, so nothing can pile up between it and the replay buffer.
#include <chrono>

#include "actors/actors.hpp"
#include "learning/batch.hpp"
#include "learning/tokenizer.hpp"

namespace qstar {
namespace {

std::uint64_t now_us() {
  using namespace std::chrono;
  return static_cast<std::uint64_t>(
      duration_cast<microseconds>(system_clock::now().time_since_epoch()).count());
}

std::vector<GenerateRequest> requests_of(const Lease& lease) {
  std::vector<GenerateRequest> requests;
  requests.reserve(lease.problems.size() * lease.samples);
  for (std::size_t p = 0; p < lease.problems.size(); ++p) {
    for (std::uint32_t s = 0; s < lease.samples; ++s) {
      requests.push_back({prompt_of(lease.problems[p], {}),
                          attempt_seed(lease.seed, lease.first_group + p, s),
                          std::bit_cast<float>(lease.temperature_bits),
                          static_cast<std::int32_t>(lease.max_tokens), false});
    }
  }
  return requests;
}

struct RolloutState {
  RolloutActor::pointer self = nullptr;
  RolloutOptions options;
  CoordinatorActor coordinator;
  InferenceActor inference;
  VerifierActor verifier;
  Lease lease;
  TaskDone report;

  // Any failure ends this rollout; its lease runs out or is released, and the work is done again.
  auto fail() {
    return [this](const caf::error& error) { self->quit(error); };
  }

  void ask() {
    self->request(coordinator, caf::infinite, WorkRequest{options.node})
        .then([this](Lease& work) { generate(std::move(work)); }, fail());
  }

  void generate(Lease work) {
    lease = std::move(work);
    if (lease.problems.empty()) return self->quit();
    self->request(inference, kEventually, Generate{lease.version, requests_of(lease)})
        .then([this](Generated& made) { judge_them(made); }, fail());
  }

  void judge_them(Generated& made) {
    auto groups = groups_of(made);
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

  std::vector<AttemptGroup> groups_of(Generated& made) {
    report = {lease.task, 0, made.generations.size(), 0, 0, made.version, options.node};
    std::vector<AttemptGroup> groups(lease.problems.size());
    for (std::size_t i = 0; i < made.generations.size(); ++i) {
      const std::size_t p = i / lease.samples;
      auto& group = groups[p];
      group.group = lease.first_group + p;
      report.tokens += made.generations[i].tokens.size();
      group.attempts.push_back(attempt_of(
          made.generations[i], p, static_cast<std::uint32_t>(i % lease.samples), made.version));
    }
    return groups;
  }

  Trajectory attempt_of(const Generation& generation, std::size_t p, std::uint32_t sample,
                        std::uint64_t version) const {
    Trajectory attempt;
    attempt.id = {lease.first_group + p, sample};
    attempt.environment = options.environment;
    attempt.problem = lease.problems[p];
    attempt.steps = steps_of(generation, version, lease.deterministic ? 0 : now_us());
    attempt.outcome = generation.finished ? Outcome::kLost : Outcome::kUnfinished;
    attempt.seed = attempt_seed(lease.seed, attempt.id.group, sample);
    attempt.temperature = std::bit_cast<float>(lease.temperature_bits);
    attempt.provenance = {options.run, options.node, QSTAR_VERSION};
    return attempt;
  }
};

RolloutActor::behavior_type rollout(RolloutActor::stateful_pointer<RolloutState> self,
                                    const RolloutOptions& options,
                                    const CoordinatorActor& coordinator,
                                    const InferenceActor& inference,
                                    const VerifierActor& verifier) {
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

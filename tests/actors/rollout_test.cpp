#include "actors/actors.hpp"
#include "actors/system.hpp"

#include <future>

#include <catch2/catch.hpp>

using namespace qstar;

namespace {

// A policy that answers "1+2" with "3", and everything else with "0".
InferenceActor::behavior_type scripted(InferenceActor::pointer) {
  return {[](const Generate& message) {
    Generated made{message.version, {}};
    for (const auto& request : message.requests) {
      const char digit = request.prompt == ";1+2=" ? '3' : '0';
      made.generations.push_back({{digit, ';'}, {digit - '0' + 2, 0}, {-0.5F, -0.25F}, true});
    }
    return made;
  }};
}

struct Seen {
  int work_requests = 0;
  std::vector<AttemptGroup> inserted;
  std::vector<TaskDone> done;
  std::promise<void> finished;
};

struct HeadState {
  std::shared_ptr<Seen> seen;
};

// Hands out one lease, then none; checks that nothing is asked for before the insert is
// acknowledged.
CoordinatorActor::behavior_type one_lease(CoordinatorActor::stateful_pointer<HeadState> self,
                                          std::shared_ptr<Seen> seen) {
  self->state.seen = seen;
  return {
      [](const Join&) -> caf::result<Welcome> { return caf::sec::unexpected_message; },
      [seen](const WorkRequest&) {
        if (++seen->work_requests == 2) {
          seen->finished.set_value();
          return Lease{};
        }
        Lease lease;
        lease.task = 5;
        lease.first_group = 40;
        lease.seed = 9;
        lease.version = 3;
        lease.samples = 2;
        lease.max_tokens = 10;
        lease.temperature_bits = std::bit_cast<std::uint32_t>(1.0F);
        lease.deterministic = true;
        lease.problems = {"1+2", "2+2"};
        return lease;
      },
      [seen](const TaskDone& done) { seen->done.push_back(done); },
      [](const WeightsRequest&) -> caf::result<WeightsChunk> {
        return caf::sec::unexpected_message;
      },
      [](Score& score) { return Groups{std::move(score.groups)}; },
      [seen](Insert& insert) {
        REQUIRE(seen->work_requests == 1);
        seen->inserted = std::move(insert.groups);
        return Inserted{2};
      },
      [](const ReplayStatus&) {},
      [](caf::tick_atom) {},
  };
}

}  // namespace

TEST_CASE("a rollout brings judged attempts home before it asks again", "[rollout]") {
  SystemConfig config;
  caf::actor_system system(config);
  auto seen = std::make_shared<Seen>();
  auto head = system.spawn(one_lease, seen);
  auto inference = system.spawn(scripted);
  const EnvironmentPtr environment = make_environment({}).value();
  auto verifier = spawn_verifier(system, environment);
  spawn_rollout(system, {"node", "run", "arithmetic", true}, head, inference, verifier);
  REQUIRE(seen->finished.get_future().wait_for(std::chrono::seconds(30)) ==
          std::future_status::ready);

  REQUIRE(seen->inserted.size() == 2);
  const auto& right = seen->inserted[0];
  REQUIRE(right.group == 40);
  REQUIRE(right.attempts.size() == 2);
  REQUIRE(right.attempts[1].id == TrajectoryId{40, 1});
  REQUIRE(right.attempts[0].outcome == Outcome::kWon);
  REQUIRE(right.attempts[0].answer == "3");
  REQUIRE(right.attempts[0].steps[0].verdict == Verdict::kRight);
  REQUIRE(right.attempts[0].steps[0].policy_version == 3);
  REQUIRE(right.attempts[0].steps[0].time_us == 0);
  REQUIRE(right.attempts[0].seed != right.attempts[1].seed);
  REQUIRE(seen->inserted[1].attempts[0].outcome == Outcome::kLost);
  REQUIRE(seen->done.size() == 1);
  REQUIRE(seen->done[0].task == 5);
  REQUIRE(seen->done[0].tokens == 8);
  REQUIRE(seen->done[0].wins == 2);
  for (const auto& actor :
       {caf::actor_cast<caf::actor>(head), caf::actor_cast<caf::actor>(inference),
        caf::actor_cast<caf::actor>(verifier)}) {
    caf::anon_send_exit(actor, caf::exit_reason::kill);
  }
}

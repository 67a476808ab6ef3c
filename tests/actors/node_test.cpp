// Supervision: a failed family is started again, gives up in the end, and asks for no more than it
// can hold.
#include "actors/family.hpp"
#include "actors/node.hpp"

#include <fmt/format.h>

#include <atomic>
#include <future>

#include "actors/system.hpp"
#include "actors/worker.hpp"
#include "tests/support/attempts.hpp"
#include "tests/support/models.hpp"

#include <catch2/catch.hpp>

using namespace qstar;

namespace {

struct Script {
  std::atomic<int> work_requests{0}, weights_requests{0}, inserts{0};
  int failures = 0;            // weights requests to refuse before one is answered
  int leases = 0;              // to hand out before there is no more work
  bool answer_work = true;     // else work requests are left waiting
  bool die = false;            // of a full disk, when asked for work
  bool answer_inserts = true;  // else inserts are never acknowledged
};
using ScriptPtr = std::shared_ptr<Script>;

constexpr RestartConfig kRestart{
    .max_failures = 3, .first_delay = 0.01, .max_delay = 0.02, .forgive_after = 60};

struct HeadState {
  std::vector<caf::typed_response_promise<Lease>> waiting;
  std::vector<caf::typed_response_promise<Inserted>> unacknowledged;
};

CoordinatorActor::behavior_type head(CoordinatorActor::stateful_pointer<HeadState> self,
                                     const ScriptPtr& script) {
  return {
      [](const Join&) {
        ExperimentConfig config;
        config.restart = kRestart;
        return Welcome{print_config(describe_of(config)), kTextExperiment};
      },
      [self, script](const WorkRequest&) -> caf::result<Lease> {
        const int number = ++script->work_requests;
        if (script->die) self->quit(to_caf({Errc::kDiskFull, "no space left"}));
        if (!script->answer_work) {
          self->state.waiting.push_back(self->make_response_promise<Lease>());
          return self->state.waiting.back();
        }
        Lease lease;
        if (number <= script->leases) {
          lease.task = static_cast<std::uint64_t>(number);
          lease.version = 1;
          lease.samples = 2;
          lease.max_tokens = 8;
          lease.temperature_bits = std::bit_cast<std::uint32_t>(1.0F);
          lease.problems = {"1+2", "3+4"};
        }
        return lease;
      },
      [](const TaskDone&) {},
      [script](const WeightsRequest& request) -> caf::result<WeightsChunk> {
        if (++script->weights_requests <= script->failures)
          return to_caf({Errc::kIo, "the weights are gone"});
        const auto bytes = serialize(testing::random_model(1));
        return WeightsChunk{1, bytes.size(), request.offset, bytes.substr(request.offset)};
      },
      [](Score& score) { return Groups{std::move(score.groups)}; },
      [self, script](Insert&) -> caf::result<Inserted> {
        ++script->inserts;
        if (script->answer_inserts) return Inserted{2};
        self->state.unacknowledged.push_back(self->make_response_promise<Inserted>());
        return self->state.unacknowledged.back();
      },
      [](const ReplayStatus&) {},
      [](caf::tick_atom) {},
  };
}

// A node of two rollouts under the script; how it ended, or kTimeout after `patience`.
Status run_node(const ScriptPtr& script,
                std::chrono::milliseconds patience = std::chrono::seconds(20)) {
  auto& system = immortal_system(std::nullopt);
  const auto coordinator = system.spawn(head, script);
  auto ended = std::make_shared<std::promise<Status>>();
  auto future = ended->get_future();
  ExperimentConfig config;
  config.restart = kRestart;
  const EnvironmentPtr environment = make_environment(config.environment).value();
  const auto node = spawn_node(system, {"test", config, environment, false}, coordinator,
                               [ended](const Status& why) { ended->set_value(why); });
  const bool over = future.wait_for(patience) == std::future_status::ready;
  end_all(system, {caf::actor_cast<caf::actor>(coordinator), node});
  return over ? future.get() : fail(Errc::kTimeout, "still running");
}

// A whole worker of a head under the script, over mutual TLS.
Status run_worker_of(const ScriptPtr& script) {
  const TemporaryFolder folder;
  REQUIRE(make_certificates(folder.path("certs"), {}));
  auto& system = immortal_system(find_certificates(folder.path("certs"), "head").value());
  const auto coordinator = system.spawn(head, script);
  const auto port = publish(coordinator, "127.0.0.1", 0).value();
  auto ended = run_worker(
      {.address = fmt::format("127.0.0.1:{}", port), .certificates = folder.path("certs")});
  close_port(system, port);
  end_all(system, {caf::actor_cast<caf::actor>(coordinator)});
  return ended;
}

}  // namespace

TEST_CASE("a worker says whether its own actors failed or the head went away", "[node]") {
  const auto script = std::make_shared<Script>();
  script->leases = 1'000'000;
  SECTION("its own actors") {
    script->failures = 1'000'000;
    const auto why = run_worker_of(script);
    REQUIRE_FALSE(why);
    CHECK(why.error().code == Errc::kActorFailed);
    CHECK(why.error().message.find("the weights are gone") != std::string::npos);
  }
  SECTION("the head") {
    script->die = true;
    const auto why = run_worker_of(script);
    REQUIRE_FALSE(why);
    CHECK(why.error().code == Errc::kNetwork);
    CHECK(why.error().message.find("no space left") != std::string::npos);
  }
  SECTION("neither: there is no more work") {
    script->leases = 3;
    CHECK(run_worker_of(script));
  }
}

TEST_CASE("a node works until there is no more work", "[node]") {
  const auto script = std::make_shared<Script>();
  script->leases = 5;
  CHECK(run_node(script));
  CHECK(script->inserts == 5);
}

TEST_CASE("a failed family is started again", "[node]") {
  const auto script = std::make_shared<Script>();
  script->leases = 100;
  script->failures = 2;
  CHECK(run_node(script));
  CHECK(script->weights_requests > 2);
  CHECK(script->inserts > 0);
}

TEST_CASE("after too many failures a node gives up and says why", "[node]") {
  const auto script = std::make_shared<Script>();
  script->leases = 1'000'000;
  script->failures = 1'000'000;
  const auto why = run_node(script);
  REQUIRE_FALSE(why);
  CHECK(why.error().code == Errc::kActorFailed);
  CHECK(why.error().message.find("failed too often") != std::string::npos);
  CHECK(why.error().message.find("the weights are gone") != std::string::npos);
  CHECK(script->weights_requests <= 8);  // one or two a start: first, and three restarts
}

TEST_CASE("a supervisor that cannot start its family says so", "[node]") {
  auto& system = immortal_system(std::nullopt);
  const auto coordinator = system.spawn(head, std::make_shared<Script>());
  auto told = std::make_shared<std::promise<Status>>();
  auto ended = told->get_future();
  const auto supervisor = spawn_family(
      system,
      {{},
       [](caf::actor_system&) -> Family { throw std::runtime_error("no more threads"); },
       [told](const Status& why) { told->set_value(why); }},
      caf::actor_cast<caf::actor>(coordinator));
  REQUIRE(ended.wait_for(std::chrono::seconds(20)) == std::future_status::ready);
  const Status why = ended.get();
  REQUIRE_FALSE(why);
  CHECK(why.error().code == Errc::kActorFailed);
  CHECK(why.error().message.find("no more threads") != std::string::npos);
  end_all(system, {caf::actor_cast<caf::actor>(coordinator)});
}

TEST_CASE("nobody is sent more than was asked for: no mailbox grows", "[node]") {
  const auto script = std::make_shared<Script>();
  SECTION("a rollout waits for its lease") {
    script->answer_work = false;
    CHECK(run_node(script, std::chrono::milliseconds(500)).error().code == Errc::kTimeout);
    CHECK(script->work_requests == 2);
  }
  SECTION("a rollout waits for the store") {
    script->leases = 1'000'000;
    script->answer_inserts = false;
    CHECK(run_node(script, std::chrono::milliseconds(1000)).error().code == Errc::kTimeout);
    CHECK(script->work_requests == 2);
    CHECK(script->inserts == 2);
  }
}

// Supervision: failed actors are started again; it gives up in the end, and asks for no more than
// it can hold.
#include "actors/engine/executors.hpp"
#include "actors/process/supervisor.hpp"

#include <fmt/format.h>

#include <atomic>
#include <future>

#include "actors/process/system.hpp"
#include "actors/process/worker.hpp"
#include "core/sha256.hpp"
#include "tests/support/attempts.hpp"
#include "tests/support/models.hpp"

#include <catch2/catch.hpp>

using namespace qstar;
using namespace qstar::actors;

namespace {

struct Script {
  std::atomic<int> task_requests{0}, model_requests{0}, results{0}, errors{0};
  int tasks = 0;             // to hand out before there is no more work
  bool answer_work = true;   // else requests for tasks are left waiting
  bool has_model = true;     // else requests for the model are refused
  bool refuse_work = false;  // answer requests for tasks with an error
  bool die = false;          // of a full disk, when asked for work
};
using ScriptPtr = std::shared_ptr<Script>;

constexpr experiment::RestartConfig kRestart{
    .max_failures = 3, .first_delay = 0.01, .max_delay = 0.02, .forgive_after = 60};

NodeConfig node_config() {
  NodeConfig config;
  config.slots = 16;
  config.restart = kRestart;
  return config;
}

struct HeadState {
  std::vector<caf::typed_response_promise<TaskLease>> waiting;
};

TaskSourceActor::behavior_type head(TaskSourceActor::stateful_pointer<HeadState> self,
                                    const ScriptPtr& script) {
  const auto model = serialize(testing::random_model(1));
  return {
      [](const Join&) {
        auto config = node_config();
        return Welcome{print_config(describe_of(config)), kTasks};
      },
      [self, script, model](const TaskRequest&) -> caf::result<TaskLease> {
        const int number = ++script->task_requests;
        if (script->die) self->quit(to_caf({Errc::kDiskFull, "no space left"}));
        if (script->refuse_work) return to_caf({Errc::kIo, "the tasks are gone"});
        if (!script->answer_work) {
          self->state.waiting.push_back(self->make_response_promise<TaskLease>());
          return self->state.waiting.back();
        }
        if (number > script->tasks) return TaskLease{};
        experiment::AttemptTask task;
        task.policy.hash = sha256(model).hex();
        task.problems = {"1+2", "3+4"};
        task.how.max_tokens = 8;
        return TaskLease{static_cast<std::uint64_t>(number),
                         experiment::encode(experiment::Task(task))};
      },
      [script](const TaskFinished& message) {
        ++(message.code.empty() ? script->results : script->errors);
      },
      [script, model](const ModelRequest& request) -> caf::result<ModelPiece> {
        ++script->model_requests;
        if (!script->has_model) return to_caf({Errc::kIo, "the weights are gone"});
        return ModelPiece{model.size(), model.substr(request.offset)};
      },
  };
}

// Two executors under the script; how it ended, or kTimeout after `patience`.
Status run_node(const ScriptPtr& script,
                std::chrono::milliseconds patience = std::chrono::seconds(20)) {
  auto& system = immortal_system(std::nullopt);
  const auto coordinator = system.spawn(head, script);
  auto ended = std::make_shared<std::promise<Status>>();
  auto future = ended->get_future();
  const EnvironmentPtr environment =
      environment::make_environment(node_config().environment).value();
  const auto node =
      spawn_executors(system, {"test", node_config(), environment, {}, {}}, coordinator,
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
  script->tasks = 1'000'000;
  SECTION("its own actors") {
    script->refuse_work = true;
    const auto why = run_worker_of(script);
    REQUIRE_FALSE(why);
    CHECK(why.error().code == Errc::kActorFailed);
    CHECK(why.error().message.find("the tasks are gone") != std::string::npos);
  }
  SECTION("the head") {
    script->die = true;
    const auto why = run_worker_of(script);
    REQUIRE_FALSE(why);
    CHECK(why.error().code == Errc::kNetwork);
    CHECK(why.error().message.find("no space left") != std::string::npos);
  }
  SECTION("neither: there is no more work") {
    script->tasks = 3;
    CHECK(run_worker_of(script));
    CHECK(script->results == 3);
  }
}

TEST_CASE("executors work until there is no more work, and fetch a model once", "[node]") {
  const auto script = std::make_shared<Script>();
  script->tasks = 5;
  CHECK(run_node(script));
  CHECK(script->results == 5);
  CHECK(script->model_requests == 1);  // it is smaller than a piece
}

TEST_CASE("a task whose model is not to be had ends with an error, and others are asked for",
          "[node]") {
  const auto script = std::make_shared<Script>();
  script->tasks = 6;
  script->has_model = false;
  CHECK(run_node(script));
  CHECK(script->errors == 6);
  CHECK(script->results == 0);
}

TEST_CASE("after too many failures a node gives up and says why", "[node]") {
  const auto script = std::make_shared<Script>();
  script->refuse_work = true;
  const auto why = run_node(script);
  REQUIRE_FALSE(why);
  CHECK(why.error().code == Errc::kActorFailed);
  CHECK(why.error().message.find("failed too often") != std::string::npos);
  CHECK(why.error().message.find("the tasks are gone") != std::string::npos);
  CHECK(script->task_requests <= 8);  // one or two a start: first, and three restarts
}

TEST_CASE("a supervisor that cannot start its actors says so", "[node]") {
  auto& system = immortal_system(std::nullopt);
  const auto coordinator = system.spawn(head, std::make_shared<Script>());
  auto told = std::make_shared<std::promise<Status>>();
  auto ended = told->get_future();
  const auto supervisor = spawn_supervisor(system,
                                           {{},
                                            [](caf::actor_system&) -> std::vector<caf::actor> {
                                              throw std::runtime_error("no more threads");
                                            },
                                            [told](const Status& why) { told->set_value(why); }},
                                           caf::actor_cast<caf::actor>(coordinator));
  REQUIRE(ended.wait_for(std::chrono::seconds(20)) == std::future_status::ready);
  const Status why = ended.get();
  REQUIRE_FALSE(why);
  CHECK(why.error().code == Errc::kActorFailed);
  CHECK(why.error().message.find("no more threads") != std::string::npos);
  end_all(system, {caf::actor_cast<caf::actor>(coordinator)});
}

TEST_CASE("an executor has one open request: no mailbox grows", "[node]") {
  const auto script = std::make_shared<Script>();
  script->answer_work = false;
  CHECK(run_node(script, std::chrono::milliseconds(500)).error().code == Errc::kTimeout);
  CHECK(script->task_requests == 2);
}

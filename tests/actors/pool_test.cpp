// The pool and its executors as actors: tasks are executed, lost ones again, and errors arrive.
#include <catch2/catch.hpp>
#include <future>

#include "actors/engine/engine_client.hpp"
#include "actors/engine/executors.hpp"
#include "actors/process/system.hpp"
#include "tests/support/models.hpp"

using namespace qstar;
using namespace qstar::experiment;
using namespace qstar::actors;

namespace {

std::shared_ptr<const environment::Environment> sums() {
  environment::EnvironmentConfig config;
  return environment::make_environment(config).value();
}

AttemptTask sampling(const PolicyRef& policy) {
  AttemptTask task{.policy = policy,
                   .how = {.samples = 8, .max_tokens = 16, .seed = 9, .first_group = 100}};
  Rng rng(3);
  while (task.problems.size() < 120)
    task.problems.push_back(sums()->sample_problem(rng, environment::Split::kTraining));
  return task;
}

NodeConfig two_executors() {
  NodeConfig config;
  config.executors = 2;
  config.slots = 16;
  return config;
}

// A pool with an engine in front of it, and without executors.
struct Fixture {
  caf::actor_system& system = immortal_system();
  std::shared_ptr<TaskExchange> exchange = std::make_shared<TaskExchange>();
  MetricsActor metrics = spawn_metrics(system, [](const ProgressUpdate&) {});
  PoolActor pool = spawn_pool(system, metrics, {}, "the configuration", 1, exchange);
  EngineClient engine{pool, exchange};
  std::vector<caf::actor> others;

  void add_executors(FetchModel fetch = {}) {
    const ExecutorsOptions options{"here", two_executors(), sums(), fetch, {}};
    others.push_back(spawn_executors(system, options, pool, [](const Status&) {}));
  }
  ~Fixture() {
    others.push_back(caf::actor_cast<caf::actor>(pool));
    others.push_back(caf::actor_cast<caf::actor>(metrics));
    end_all(system, others);
  }
};

}  // namespace

TEST_CASE_METHOD(Fixture, "executors give what the same tasks give in one thread", "[pool]") {
  add_executors();
  const auto model = testing::random_model(1);
  LocalEngine local(sums(), 16);
  const PolicyRef policy{engine.publish(serialize(model)).value(), 3};
  CHECK(local.publish(serialize(model)).value() == policy.hash);
  const auto there = attempt(engine, sampling(policy)).value();
  CHECK(there.found == attempt(local, sampling(policy)).value().found);
  const auto times = engine.times();
  CHECK(times.stage_waited > 0);
  CHECK(times.executors_busy > 0);
  CHECK(engine.remote_cpu_seconds() == 0);
}

TEST_CASE_METHOD(Fixture, "a task whose executor died, or says nothing, is executed by another",
                 "[pool]") {
  const PolicyRef policy{engine.publish(serialize(testing::random_model(1))).value(), 3};
  const auto parts = submit_in_parts(engine, sampling(policy));
  // One takes a task and dies, another takes one and keeps it beyond its lease of a second.
  std::atomic<int> taken{0};
  const auto take = [&](bool dies) {
    return system.spawn([this, &taken, dies](caf::event_based_actor* self) -> caf::behavior {
      self->request(pool, std::chrono::seconds(30), TaskRequest{"taker"})
          .then([self, &taken, dies](const TaskLease& lease) {
            CHECK(decode_task(lease.bytes).has_value());
            ++taken;
            if (dies) self->quit(caf::exit_reason::kill);
          });
      return {[](int) {}};
    });
  };
  others.push_back(take(true));
  others.push_back(take(false));
  for (int i = 0; i < 500 && taken < 2; ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  REQUIRE(taken == 2);
  add_executors();
  LocalEngine local(sums(), 16);
  local.publish(serialize(testing::random_model(1))).value();
  CHECK(wait_for_all(engine, parts).value().found ==
        attempt(local, sampling(policy)).value().found);
}

TEST_CASE_METHOD(Fixture, "the error of a task arrives at its owner, and the others go on",
                 "[pool]") {
  add_executors();
  const auto unknown = engine.submit(sampling({"0123456789abcdef", 1}));
  CHECK(engine.wait(unknown).error().code == Errc::kMissingFile);
  const PolicyRef policy{engine.publish(serialize(testing::random_model(1))).value(), 3};
  auto task = sampling(policy);
  task.search = "beam";  // without a guide
  CHECK(engine.wait(engine.submit(task)).error().code == Errc::kUsage);
  CHECK(attempt(engine, sampling(policy)).has_value());
}

TEST_CASE_METHOD(Fixture, "a closed exchange ends every wait, also without executors", "[pool]") {
  const auto task = engine.submit(VerifyTask{});
  std::thread closer([this] { exchange->close({Errc::kInterrupted, "the run ends"}); });
  CHECK(engine.wait(task).error().message == "the run ends");
  closer.join();
}

TEST_CASE_METHOD(Fixture, "executors go home when there are no more tasks", "[pool]") {
  std::promise<Status> ended;
  const ExecutorsOptions options{"here", two_executors(), sums(), {}, {}};
  others.push_back(
      spawn_executors(system, options, pool, [&](const Status& why) { ended.set_value(why); }));
  caf::anon_send(pool, EndTasks{});
  auto future = ended.get_future();
  REQUIRE(future.wait_for(std::chrono::seconds(20)) == std::future_status::ready);
  CHECK(future.get().has_value());
}

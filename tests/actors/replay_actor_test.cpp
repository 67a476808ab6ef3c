#include <atomic>
#include <filesystem>

#include "actors/actors.hpp"
#include "actors/system.hpp"
#include "core/sha256.hpp"

#include <catch2/catch.hpp>

using namespace qstar;

namespace {

std::vector<AttemptGroup> groups(std::uint64_t first, std::uint64_t n) {
  std::vector<AttemptGroup> out;
  for (std::uint64_t g = first; g < first + n; ++g) {
    Trajectory attempt;
    attempt.id = {g, 0};
    attempt.problem = "1+2";
    attempt.steps.push_back({"3", {5, 0}, {-1, -1}, 1, Verdict::kRight, {}, {}, 0});
    attempt.outcome = Outcome::kWon;
    out.push_back({g, {attempt}});
  }
  return out;
}

}  // namespace

TEST_CASE("samples wait for the limiter, inserts are counted once", "[replay]") {
  const auto path = (std::filesystem::temp_directory_path() / "qstar-replay-actor-test").string();
  std::filesystem::remove_all(path);
  ReplayConfig config;
  config.policy.limiter = {.samples_per_insert = 1, .tolerance = 100, .min_size = 8};
  config.critic.limiter.samples_per_insert = 0;
  {
    SystemConfig system_config;
    caf::actor_system system(system_config);
    auto replay = spawn_replay(system, ReplayBuffer::open(path, config, "", true).value(), {},
                               CoordinatorActor{});
    std::atomic<std::size_t> sampled{0};
    system.spawn([&](caf::event_based_actor* self) {
      self->request(replay, std::chrono::seconds(30), Sample{Table::kPolicy, 4, 0, false})
          .then([&](const Samples& s) { sampled = s.groups.size(); });
    });
    caf::scoped_actor self{system};
    const auto insert = [&](std::vector<AttemptGroup> g) {
      std::int64_t fresh = -1;
      self->request(replay, std::chrono::seconds(30), Insert{std::move(g)})
          .receive([&](const Inserted& i) { fresh = i.fresh; },
                   [](const caf::error& e) { FAIL(caf::to_string(e)); });
      return fresh;
    };
    REQUIRE(insert(groups(0, 7)) == 7);
    REQUIRE(sampled == 0);
    REQUIRE(insert(groups(5, 4)) == 2);  // two of them were there already
    for (int i = 0; i < 500 && sampled == 0; ++i)
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    REQUIRE(sampled == 4);
    // A second request of the same actor replaces its first one.
    std::atomic<int> given_up{0}, answered{0};
    system.spawn([&](caf::event_based_actor* impatient) {
      for (const std::int64_t groups : {400, 300}) {
        impatient
            ->request(replay, std::chrono::seconds(30), Sample{Table::kPolicy, groups, 0, false})
            .then([&](const Samples&) { ++answered; }, [&](const caf::error&) { ++given_up; });
      }
    });
    for (int i = 0; i < 500 && given_up == 0; ++i)
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    REQUIRE(given_up == 1);
    REQUIRE(answered == 0);
    std::atomic<bool> released{false};
    system.spawn([&](caf::event_based_actor* waiting) {
      waiting->request(replay, std::chrono::seconds(30), Sample{Table::kPolicy, 500, 0, false})
          .then([&](const Samples& s) { released = s.groups.empty(); });
    });
    for (int i = 0; i < 500 && !released; ++i) {  // the run is to stop: nobody waits any longer
      self->send(replay, Release{});
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    REQUIRE(released);
    for (int i = 0; i < 500 && answered == 0; ++i)
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    REQUIRE(answered == 1);
    bool refused = false;
    self->request(replay, std::chrono::seconds(30), Insert{})
        .receive([](const Inserted&) {}, [&](const caf::error&) { refused = true; });
    REQUIRE(refused);
    self->send_exit(replay, caf::exit_reason::kill);
  }
  std::filesystem::remove_all(path);
}

TEST_CASE("steps are stored with the number of the policy that made them", "[replay]") {
  const auto path = (std::filesystem::temp_directory_path() / "qstar-replay-models-test").string();
  std::filesystem::remove_all(path);
  auto& system = immortal_system();
  auto replay =
      spawn_replay(system, ReplayBuffer::open(path, {}, "", true).value(), {}, CoordinatorActor{});
  const auto hash = sha256("the policy").hex();
  {
    caf::scoped_actor self{system};
    const auto insert = [&](Insert message) {
      self->request(replay, std::chrono::seconds(30), std::move(message))
          .receive([](const Inserted&) {}, [](const caf::error& e) { FAIL(caf::to_string(e)); });
    };
    insert({groups(0, 2), {{1, hash}}});  // their steps are of version 1
    insert({groups(5, 1), {}});
  }
  end_all(system, {caf::actor_cast<caf::actor>(replay)});
  auto store = Store::open(path, Store::Mode::kRead).value();
  const auto models = store.models().value();
  REQUIRE(models.size() == 1);
  CHECK(models.front().hash.hex() == hash);
  CHECK(models.front().version == 1);
  for (const std::uint64_t group : {0, 1})
    CHECK(store.get(group)->attempts.front().steps.front().model == models.front().number);
  CHECK(store.get(5)->attempts.front().steps.front().model == 0);
  std::filesystem::remove_all(path);
}

// Reports go to slow places; nobody else waits for them.
#include <future>

#include "actors/actors.hpp"
#include "actors/process/system.hpp"

#include <catch2/catch.hpp>

using namespace qstar;

TEST_CASE("a disk that hangs holds up its own actor alone", "[metrics]") {
  actors::SystemConfig config;
  caf::actor_system system(config);
  caf::scoped_actor self{system};
  std::promise<void> repaired;
  const auto hanging = repaired.get_future().share();
  std::vector<actors::MetricsActor> actors;
  for (int i = 0; i < 4; ++i) {  // more than the scheduler has threads
    actors.push_back(actors::spawn_metrics(
        system, [hanging](const actors::ProgressUpdate&) { hanging.wait(); }));
    self->send(actors.back(), actors::ProgressUpdate{});
  }
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  const auto other = system.spawn(
      [](caf::event_based_actor*) -> caf::behavior { return {[](int number) { return number; }}; });
  bool answered = false;
  self->request(other, std::chrono::seconds(5), 1)
      .receive([&](int) { answered = true; }, [](const caf::error&) {});
  repaired.set_value();
  CHECK(answered);
  for (const auto& actor : actors) self->send_exit(actor, caf::exit_reason::kill);
  self->send_exit(other, caf::exit_reason::kill);
}

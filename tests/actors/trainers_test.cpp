// Work beside a stage.
#include "actors/trainers.hpp"

#include <stdexcept>
#include <vector>

#include "actors/process/system.hpp"

#include <catch2/catch.hpp>

using namespace qstar;

TEST_CASE("a trainer does its work in order, beside others", "[trainers]") {
  auto& system = actors::immortal_system();
  actors::Trainers trainers(system);
  std::vector<int> done;
  std::promise<void> other_began;
  auto first = trainers.run("critic", [&] {
    other_began.get_future().wait();  // so the other one is another thread
    done.push_back(1);
    return Status{};
  });
  auto second = trainers.run("critic", [&] {
    done.push_back(2);
    return Status{};
  });
  auto other = trainers.run("policy", [&] {
    other_began.set_value();
    return Status{};
  });
  CHECK(other.get());
  CHECK(first.get());
  CHECK(second.get());
  CHECK(done == std::vector<int>{1, 2});
  CHECK(trainers.actors().size() == 2);
  actors::end_all(system, trainers.actors());
}

TEST_CASE("a trainer's errors and exceptions are those of its work", "[trainers]") {
  auto& system = actors::immortal_system();
  actors::Trainers trainers(system);
  auto failed = trainers.run("critic", [] { return Status{fail(Errc::kConfig, "too high")}; });
  CHECK(failed.get().error().code == Errc::kConfig);
  auto thrown = trainers.run("critic", []() -> Status { throw std::runtime_error("out of luck"); });
  const auto why = thrown.get();
  CHECK(why.error().code == Errc::kActorFailed);
  CHECK(why.error().message == "out of luck");
  CHECK(trainers.run("critic", [] { return Status{}; }).get());  // it goes on
  actors::end_all(system, trainers.actors());
}

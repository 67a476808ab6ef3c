#include "actors/puzzle_dispatch.hpp"

#include "tests/support/corridor_puzzle.hpp"

#include <catch2/catch.hpp>

namespace qstar {
namespace {

PuzzleExperiment small_experiment() {
  PuzzleExperiment config;
  config.training.batches_per_lease = 2;
  config.training.lease_seconds = 10;
  config.replay.capacity = 5;
  return config;
}

InsertExamples brought(std::uint64_t task, std::size_t batches = 2) {
  const ExampleBatch batch{0, 1, {{1}, {0}, {}, {}}, {1}};
  return {task, "worker", 0, std::vector<ExampleBatch>(batches, batch)};
}

TEST_CASE("leases are handed out while there is room and a target network", "[puzzle_dispatch]") {
  PuzzleDispatch dispatch(small_experiment());
  const testing::Corridor puzzle;
  REQUIRE_FALSE(dispatch.may_lease());  // no target network yet
  dispatch.weights().publish(3, "network");
  REQUIRE(dispatch.may_lease());
  const ScrambleLease first = dispatch.lease("a", 0);
  REQUIRE(first.first_batch == 0);
  REQUIRE(first.batches == 2);
  REQUIRE(first.target_version == 3);
  REQUIRE(first.make_targets);
  REQUIRE(dispatch.may_lease());  // room for 5: two leases of 2
  REQUIRE(dispatch.lease("b", 0).first_batch == 2);
  REQUIRE_FALSE(dispatch.may_lease());
  REQUIRE(dispatch.accept(brought(0), puzzle).value());
  REQUIRE(dispatch.held() == 2);
  REQUIRE_FALSE(dispatch.may_lease());  // what was under way is in the buffer now
  dispatch.removed(1);
  REQUIRE(dispatch.held() == 1);
  REQUIRE(dispatch.may_lease());
}

TEST_CASE("a lease's batches count once, from whichever worker", "[puzzle_dispatch]") {
  PuzzleDispatch dispatch(small_experiment());
  const testing::Corridor puzzle;
  dispatch.weights().publish(1, "network");
  dispatch.lease("slow", 0);
  REQUIRE(dispatch.book().expire(11).size() == 1);
  const ScrambleLease again = dispatch.lease("quick", 11);
  REQUIRE(again.task == 0);
  REQUIRE(dispatch.accept(brought(0), puzzle).value());
  REQUIRE_FALSE(dispatch.accept(brought(0), puzzle).value());  // the slow one, after all
  REQUIRE(dispatch.held() == 2);
}

TEST_CASE("what no scrambler sends is refused and changes nothing", "[puzzle_dispatch]") {
  PuzzleDispatch dispatch(small_experiment());
  const testing::Corridor puzzle;
  dispatch.weights().publish(1, "network");
  dispatch.lease("a", 0);
  REQUIRE(dispatch.accept(brought(0, 0), puzzle).error().code == Errc::kCorrupt);
  REQUIRE(dispatch.accept(brought(0, 1), puzzle).error().code == Errc::kCorrupt);
  InsertExamples foreign = brought(0);
  foreign.batches[1].examples.moves[0] = 9;
  REQUIRE(dispatch.accept(foreign, puzzle).error().code == Errc::kCorrupt);
  REQUIRE(dispatch.held() == 0);
  REQUIRE(dispatch.book().outstanding() == 1);
}

TEST_CASE("double Q-learning leaves the targets to the learner", "[puzzle_dispatch]") {
  PuzzleExperiment config = small_experiment();
  config.learner.double_q = true;
  PuzzleDispatch dispatch(config);
  dispatch.weights().publish(1, "network");
  REQUIRE_FALSE(dispatch.lease("a", 0).make_targets);
}

TEST_CASE("CPU time of other processes adds up, whatever order it comes in", "[cpu_ledger]") {
  CpuLedger ledger;
  REQUIRE(ledger.total() == 0);
  ledger.report("process 1", 2);
  ledger.report("process 2", 1);
  ledger.report("process 1", 5);
  REQUIRE(ledger.total() == 6);
  ledger.report("process 1", 4);  // of another thread, overtaken on the way
  REQUIRE(ledger.total() == 6);
  ledger.report("process 3", 1.5);  // one that took the place of another
  ledger.report("process 1", 5.5);
  REQUIRE(ledger.total() == 8);
}

}  // namespace
}  // namespace qstar

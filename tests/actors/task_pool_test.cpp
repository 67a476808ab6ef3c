#include "actors/engine/task_pool.hpp"

#include <catch2/catch.hpp>

using namespace qstar;
using namespace qstar::actors;

namespace {

TaskPool::Bytes bytes(std::string text) {
  return std::make_shared<const std::string>(std::move(text));
}

TaskPool pool_of(experiment::TaskId tasks) {
  TaskPool pool(10);
  for (experiment::TaskId task = 1; task <= tasks; ++task)
    pool.add(task, bytes(std::to_string(task)));
  return pool;
}

experiment::TaskId next(TaskPool& pool, const std::string& holder, double now) {
  const auto lease = pool.hand_out(holder, now);
  return lease ? lease->task : 0;
}

}  // namespace

TEST_CASE("tasks are handed out in order, each once", "[pool]") {
  auto pool = pool_of(2);
  CHECK(pool.queued() == 2);
  const auto first = pool.hand_out("a", 0);
  CHECK(first->task == 1);
  CHECK(*first->bytes == "1");
  CHECK(next(pool, "b", 0) == 2);
  CHECK(next(pool, "b", 0) == 0);
  CHECK(pool.leased() == 2);
  CHECK(pool.done(1));
  CHECK_FALSE(pool.done(1));
  CHECK(pool.leased() == 1);
}

TEST_CASE("what expired or belonged to a dead holder goes to the front, in order", "[pool]") {
  auto pool = pool_of(4);
  CHECK(next(pool, "a", 0) == 1);
  CHECK(next(pool, "b", 1) == 2);
  CHECK(next(pool, "a", 2) == 3);
  CHECK(pool.expire(9.9).empty());
  CHECK(pool.release("a") == std::vector<TaskPool::Returned>{{1, "a"}, {3, "a"}});
  CHECK(pool.expire(11) == std::vector<TaskPool::Returned>{{2, "b"}});
  for (const experiment::TaskId task : {2, 1, 3, 4}) CHECK(next(pool, "c", 20) == task);
}

TEST_CASE("urgent tasks go before the others, in order, and behind what came back", "[pool]") {
  auto pool = pool_of(3);
  CHECK(next(pool, "a", 0) == 1);
  pool.add(4, bytes("4"), true);
  pool.add(5, bytes("5"), true);
  CHECK(pool.queued() == 4);
  pool.release("a");
  pool.cancel(5);
  for (const experiment::TaskId task : {1, 4, 2, 3}) CHECK(next(pool, "b", 0) == task);
  CHECK(pool.queued() == 0);
}

TEST_CASE("a late result is wanted once, and its task is not done again", "[pool]") {
  auto pool = pool_of(1);
  next(pool, "a", 0);
  pool.expire(100);
  CHECK(pool.done(1));
  CHECK_FALSE(pool.done(1));
  CHECK(next(pool, "b", 100) == 0);
}

TEST_CASE("a withdrawn task is neither handed out nor wanted", "[pool]") {
  auto pool = pool_of(3);
  next(pool, "a", 0);
  pool.cancel(1);
  pool.cancel(2);
  pool.cancel(2);
  CHECK_FALSE(pool.done(1));
  CHECK(pool.leased() == 0);
  CHECK(next(pool, "a", 0) == 3);
  CHECK(pool.release("a") == std::vector<TaskPool::Returned>{{3, "a"}});
}

TEST_CASE("a failed task is tried elsewhere, unless it would fail there, too", "[pool]") {
  using Failure = TaskPool::Failure;
  auto pool = pool_of(2);
  CHECK(next(pool, "a", 0) == 1);
  CHECK(pool.failed(1, Errc::kIo) == Failure::kRetried);
  CHECK(next(pool, "b", 0) == 1);
  CHECK(pool.failed(1, Errc::kUsage) == Failure::kFinal);
  CHECK_FALSE(pool.done(1));
  for (int i = 1; i < TaskPool::kMostHolders; ++i) {
    CHECK(next(pool, "a", 0) == 2);
    CHECK(pool.failed(2, Errc::kMissingFile) == Failure::kRetried);
  }
  CHECK(next(pool, "a", 0) == 2);
  CHECK(pool.failed(2, Errc::kMissingFile) == Failure::kFinal);
}

TEST_CASE("a failure that is reported late changes nothing", "[pool]") {
  using Failure = TaskPool::Failure;
  auto pool = pool_of(2);
  next(pool, "a", 0);
  pool.expire(100);
  CHECK(pool.failed(1, Errc::kUsage) == Failure::kIgnored);  // it waits for another holder
  CHECK(next(pool, "b", 100) == 1);
  CHECK(pool.done(1));
  CHECK(pool.failed(1, Errc::kUsage) == Failure::kIgnored);
  pool.cancel(2);
  CHECK(pool.failed(2, Errc::kIo) == Failure::kIgnored);
}

TEST_CASE("a task that no holder survives is given up", "[pool]") {
  auto pool = pool_of(1);
  for (int i = 1; i <= TaskPool::kMostHolders; ++i) {
    REQUIRE(next(pool, "a", 0) == 1);
    const auto back = pool.release("a");
    REQUIRE(back.size() == 1);
    CHECK(back.front().given_up == (i == TaskPool::kMostHolders));
  }
  CHECK(next(pool, "b", 0) == 0);
  CHECK_FALSE(pool.done(1));
}

TEST_CASE("busy and idle executor-seconds add up", "[pool]") {
  Occupancy occupancy;
  occupancy.set(100, 0, 2);
  occupancy.set(101, 2, 0);
  occupancy.set(104, 1, 1);
  occupancy.set(106, 0, 2);
  CHECK(occupancy.busy_seconds() == 2 * 3 + 1 * 2);
  CHECK(occupancy.idle_seconds() == 2 * 1 + 1 * 2);
}

#include "actors/ask_in_turns.hpp"

#include <atomic>
#include <catch2/catch.hpp>
#include <thread>

#include "actors/messages.hpp"
#include "actors/process/system.hpp"

using namespace qstar;
using namespace qstar::actors;

namespace {

using Source = caf::typed_actor<caf::replies_to<TaskRequest>::with<TaskLease>>;

// Keeps the first requests waiting for ever, answers the third, refuses the fourth.
Source::behavior_type slow(Source::pointer self, std::atomic<int>* asked) {
  auto kept = std::make_shared<std::vector<caf::typed_response_promise<TaskLease>>>();
  return {[self, asked, kept](const TaskRequest&) -> caf::result<TaskLease> {
    const int number = ++*asked;
    if (number == 3) {
      TaskLease lease;
      lease.task = 7;
      return lease;
    }
    if (number == 4) return caf::sec::runtime_error;
    kept->push_back(self->make_response_promise<TaskLease>());
    return kept->back();
  }};
}

void wait_for(const std::atomic<int>& value) {
  for (int i = 0; i < 1000 && value == 0; ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
}

}  // namespace

TEST_CASE("a request without an answer is repeated, an error is not", "[ask_in_turns]") {
  auto& system = immortal_system();
  std::atomic<int> asked{0}, answers{0}, failures{0};
  std::atomic<std::uint64_t> task{0};
  const auto source = system.spawn(slow, &asked);
  const auto ask = [&] {
    system.spawn([&](caf::event_based_actor* self) {
      ask_in_turns(
          self, source, TaskRequest{"node"},
          [&](const TaskLease& lease) {
            task = lease.task;
            ++answers;
          },
          [&](const caf::error&) { ++failures; }, std::chrono::milliseconds(20));
    });
  };
  ask();
  wait_for(answers);
  CHECK(answers == 1);
  CHECK(task == 7);
  CHECK(asked == 3);
  ask();
  wait_for(failures);
  CHECK(failures == 1);
  CHECK(asked == 4);
  CHECK(answers == 1);
  caf::anon_send_exit(source, caf::exit_reason::user_shutdown);
}

// A request and its answer: between two threads without actors, between two actors of a process,
// and between two actor systems over mutual TLS on loopback.
#include <benchmark/benchmark.h>

#include <atomic>
#include <future>
#include <thread>

#include "actors/actors.hpp"
#include "actors/process/system.hpp"
#include "tests/support/attempts.hpp"

namespace {

using namespace qstar;
using namespace qstar::actors;
constexpr int kTrips = 1000;  // one after the other, an iteration

void report(benchmark::State& state, double bytes = 0) {
  const auto trips = static_cast<double>(state.iterations()) * kTrips;
  using benchmark::Counter;
  state.counters["trips/s"] = Counter(trips, Counter::kIsRate);
  state.counters["s/trip"] = Counter(trips, Counter::kIsRate | Counter::kInvert);
  if (bytes > 0) state.counters["bytes/s"] = Counter(trips * bytes, Counter::kIsRate);
}

// The baseline: the least that waking another thread and being woken costs here.
void two_threads(benchmark::State& state) {
  std::atomic<int> turn{0};
  std::thread echo([&] {
    for (;;) {
      turn.wait(0);
      if (turn.load() == 2) return;
      turn.store(0);
      turn.notify_one();
    }
  });
  for (auto _ : state) {
    for (int i = 0; i < kTrips; ++i) {
      turn.store(1);
      turn.notify_one();
      turn.wait(1);
    }
  }
  turn.store(2);
  turn.notify_one();
  echo.join();
  report(state);
}
BENCHMARK(two_threads)->UseRealTime()->Unit(benchmark::kMillisecond);

// Sends one request after the other, and says when all were answered.
template <class Handle, class Request, class Reply>
class Pinger {
 public:
  static void run(caf::actor_system& system, const Handle& handle, const Request& request) {
    auto done = std::make_shared<std::promise<void>>();
    auto future = done->get_future();
    system.spawn([handle, request, done](caf::event_based_actor* self) {
      next(self, handle, request, done, kTrips);
    });
    future.get();
  }

 private:
  static void next(caf::event_based_actor* self, const Handle& handle, const Request& request,
                   const std::shared_ptr<std::promise<void>>& done, int left) {
    if (left == 0) return done->set_value();
    self->request(handle, caf::infinite, request)
        .then([self, handle, request, done, left](const Reply&) {
          next(self, handle, request, done, left - 1);
        });
  }
};

// Answers requests for a piece of a model with as many bytes as are asked for by `offset`, and
// requests for a task by an empty one.
TaskSourceActor::behavior_type server(TaskSourceActor::pointer) {
  return {
      [](const Join&) { return Welcome{}; },
      [](const TaskRequest&) { return TaskLease{}; },
      [](const TaskFinished&) {},
      [](const ModelRequest& request) {
        return ModelPiece{request.offset, std::string(request.offset, 'w')};
      },
  };
}

void two_actors(benchmark::State& state) {
  static auto& system = immortal_system();
  const TaskSourceActor source = system.spawn(server);
  for (auto _ : state) Pinger<TaskSourceActor, TaskRequest, TaskLease>::run(system, source, {});
  caf::anon_send_exit(source, caf::exit_reason::user_shutdown);
  report(state);
}
BENCHMARK(two_actors)->UseRealTime()->Unit(benchmark::kMillisecond);

// Two systems that trust each other, the server in one, a handle to it in the other.
struct Loopback {
  TemporaryFolder folder;
  caf::actor_system* client = nullptr;
  TaskSourceActor here, remote;

  Loopback() {
    QSTAR_ASSERT(make_certificates(folder.path("certs"), {}).has_value(), "certificates");
    auto& home = immortal_system(find_certificates(folder.path("certs"), "head").value());
    client = &immortal_system(find_certificates(folder.path("certs"), "worker").value());
    here = home.spawn(server);
    remote = caf::actor_cast<TaskSourceActor>(
        connect(*client, "127.0.0.1", publish(here, "127.0.0.1", 0).value()).value());
  }
};

Loopback& loopback() {
  static auto* instance = new Loopback;
  return *instance;
}

// Argument: bytes of the answer.
void over_tls(benchmark::State& state) {
  auto& link = loopback();
  const ModelRequest request{"", static_cast<std::uint64_t>(state.range(0))};
  for (auto _ : state)
    Pinger<TaskSourceActor, ModelRequest, ModelPiece>::run(*link.client, link.remote, request);
  report(state, static_cast<double>(state.range(0)));
}
BENCHMARK(over_tls)->Arg(64)->Arg(65536)->Arg(1 << 20)->UseRealTime()->Unit(
    benchmark::kMillisecond);

// The results of a lease and back again: 32 groups of 8, encoded, sent, decoded.
void results_over_tls(benchmark::State& state) {
  auto& link = loopback();
  experiment::TaskResult result;
  for (std::uint64_t g = 0; g < 32; ++g) result.groups.push_back(sample_group(g, 8));
  const auto bytes = experiment::encode(result);
  const ModelRequest request{"", bytes.size()};
  for (auto _ : state) {
    Pinger<TaskSourceActor, ModelRequest, ModelPiece>::run(*link.client, link.remote, request);
    for (int i = 0; i < kTrips; ++i) {
      benchmark::DoNotOptimize(experiment::encode(result));
      benchmark::DoNotOptimize(experiment::decode_result(bytes));
    }
  }
  report(state, static_cast<double>(bytes.size()));
}
BENCHMARK(results_over_tls)->UseRealTime()->Unit(benchmark::kMillisecond)->Iterations(1);

}  // namespace

// The actor systems live as long as the process, so it ends without destructors.
int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  benchmark::RunSpecifiedBenchmarks();
  std::fflush(stdout);
  std::_Exit(0);
}

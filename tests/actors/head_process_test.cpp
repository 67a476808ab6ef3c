// What a head finds out before it writes anything.
#include "actors/process/head_process.hpp"

#include <fmt/format.h>
#include <sys/stat.h>

#include <atomic>
#include <fstream>
#include <thread>

#include "actors/process/worker_processes.hpp"
#include "core/clock.hpp"
#include "core/files.hpp"
#include "core/sockets.hpp"
#include "tests/support/attempts.hpp"
#include "tests/support/redate.hpp"

#include <catch2/catch.hpp>

using namespace qstar;
using namespace qstar::actors;

namespace {

Error refusal(const ProcessOptions& options) {
  const auto checked = check(options);
  REQUIRE_FALSE(checked);
  return checked.error();
}

ProcessOptions listening(const std::string& address, const std::string& certificates) {
  ProcessOptions options;
  options.listen = address;
  options.certificates = certificates;
  return options;
}

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("a head refuses certificates that would turn every worker away", "[head_process]") {
  const TemporaryFolder folder;
  const auto certs = folder.path("certs");
  REQUIRE(make_certificates(certs, {}));
  const auto options = listening("127.0.0.1:0", certs);
  CHECK(check(options));
  redate(certs, "head", kDay, 2 * kDay);
  CHECK(has(refusal(options).message, "head.pem is not valid yet"));
  redate(certs, "head", -2 * kDay, kDay);
  redate(certs, "ca", -2 * kDay, -kDay);
  CHECK(has(refusal(options).message, "ca.pem has expired"));
  auto local = listening("", certs);
  local.workers = 1;
  CHECK(has(refusal(local).message, "ca.pem has expired"));
  redate(certs, "ca", -2 * kDay, kDay);
  REQUIRE(::chmod((certs + "/head.key").c_str(), 0644) == 0);
  CHECK(has(refusal(options).message, "chmod 600"));
  CHECK_FALSE(std::filesystem::exists(folder.path("run")));
}

TEST_CASE("a head refuses an address that it cannot have", "[head_process]") {
  const TemporaryFolder folder;
  const auto certs = folder.path("certs");
  REQUIRE(make_certificates(certs, {}));
  const auto with = [&](const std::string& listen) { return listening(listen, certs); };
  CHECK(has(refusal(with("::1:7000")).message, "[::1]:7000"));
  CHECK(has(refusal(with("127.0.0.1")).message, "--listen"));
  CHECK(has(refusal(with("203.0.113.7:7000")).message, "not one of this machine"));
  CHECK(check(with("*:0")));
  CHECK(check(with("localhost:0")));
  CHECK(check(listening("localhost:0", "")));
  CHECK(has(refusal(listening("*:0", "")).message, "qstar certs"));
  const auto gateway = serving::Gateway::start({});
  REQUIRE(gateway);
  const auto taken = refusal(with("127.0.0.1:" + std::to_string((*gateway)->port())));
  CHECK(taken.code == Errc::kBusy);
  CHECK(has(taken.message, "another process uses that port"));
  auto both = with("127.0.0.1:7999");
  both.http_port = 7999;
  CHECK(has(refusal(both).message, "port 7999"));
}

TEST_CASE("worker processes that do not end are ended together", "[head_process]") {
  const TemporaryFolder folder;
  const auto program = folder.path("stubborn");
  std::ofstream(program) << "#!/bin/sh\ntrap '' TERM\ntouch \"$5.$7\"\nexec sleep 60\n";
  REQUIRE(::chmod(program.c_str(), 0700) == 0);
  constexpr int kCount = 6;
  double began = 0;
  {
    WorkerProcesses workers({program, "127.0.0.1:1", folder.path("here"), folder.path("log")},
                            kCount, {});
    for (int i = 1; i <= kCount; ++i) {
      const auto mark = fmt::format("{}.worker-{}", folder.path("here"), i);
      for (int look = 0; look < 1000 && !is_there(mark); ++look)
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
      REQUIRE(is_there(mark));
    }
    workers.interrupt();
    began = seconds_now();
  }
  CHECK(seconds_now() - began < 2.5);  // one after the other they took half a second each
}

TEST_CASE("a stop ends the pause before a restart", "[head_process]") {
  ProcessOptions options;
  options.run_directory = "run";
  std::atomic<bool> stop = false;
  options.stop = stop;
  options.show = [&stop](const ProgressUpdate&) {
    stop = true;
  };  // that the session is to be restarted
  experiment::RestartConfig restart;
  restart.first_delay = restart.max_delay = 20;
  const double began = seconds_now();
  const auto end =
      run_sessions(options, restart, [] { return fail(Errc::kActorFailed, "it died"); });
  CHECK(seconds_now() - began < 5);
  REQUIRE_FALSE(end);
  CHECK(end.error().code == Errc::kInterrupted);
  CHECK(has(end.error().message, "--run run --resume"));
}

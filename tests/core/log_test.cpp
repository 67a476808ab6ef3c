#include "core/log.hpp"

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <thread>
#include <vector>

#include "tests/support/attempts.hpp"

namespace qstar {
namespace {

using nlohmann::json;

std::vector<json> events_in(const std::string& file) {
  std::vector<json> events;
  std::ifstream in(file);
  for (std::string line; std::getline(in, line);) events.push_back(json::parse(line));
  return events;
}

// Nothing of one test is logged in another's file.
struct Closing {
  ~Closing() { close_log(); }
};

}  // namespace

TEST_CASE("an event is one line of JSON with its fields", "[log]") {
  const TemporaryFolder folder;
  const Closing closing;
  const auto file = folder.path("head.log");
  REQUIRE(open_log({"head", file}));
  log(LogLevel::kWarning, "coordinator", "lease expired",
      {{"lease", std::uint64_t{17}}, {"node", "worker-1"}, {"seconds", 0.5}});
  const auto events = events_in(file);
  REQUIRE(events.size() == 1);
  json event = events[0];
  CHECK(event["time"].get<std::string>().size() == 27);
  CHECK(event["time"].get<std::string>().starts_with("20"));
  CHECK(event["time"].get<std::string>().ends_with("Z"));
  event.erase("time");
  CHECK(event == json{{"level", "warning"},
                      {"process", "head"},
                      {"actor", "coordinator"},
                      {"message", "lease expired"},
                      {"lease", 17},
                      {"node", "worker-1"},
                      {"seconds", 0.5}});
}

TEST_CASE("events below the level are left out", "[log]") {
  const TemporaryFolder folder;
  const Closing closing;
  const auto file = folder.path("head.log");
  REQUIRE(open_log({"head", file, LogLevel::kWarning}));
  for (const auto level : {LogLevel::kDebug, LogLevel::kInfo, LogLevel::kWarning, LogLevel::kError})
    log(level, "test", to_string(level));
  close_log();
  const auto events = events_in(file);
  REQUIRE(events.size() == 2);
  CHECK(events[0]["message"] == "warning");
  CHECK(events[1]["message"] == "error");
}

TEST_CASE("an event is in the file at once, whatever its level", "[log]") {
  const TemporaryFolder folder;
  const Closing closing;
  const auto file = folder.path("head.log");
  REQUIRE(open_log({"head", file, LogLevel::kDebug}));
  log(LogLevel::kDebug, "test", "last words");
  CHECK(events_in(file).size() == 1);
}

TEST_CASE("texts of others stay one line of ASCII", "[log]") {
  const TemporaryFolder folder;
  const Closing closing;
  const auto file = folder.path("head.log");
  REQUIRE(open_log({"head", file}));
  log(LogLevel::kInfo, "test", "a\nb\x1b[2J\xff\xe2\x80\xae %v {}");
  const auto events = events_in(file);
  REQUIRE(events.size() == 1);
  CHECK(events[0]["message"] == "a\nb\x1b[2J\xef\xbf\xbd\xe2\x80\xae %v {}");
}

TEST_CASE("nothing is logged before a log is opened or after it is closed", "[log]") {
  const TemporaryFolder folder;
  log(LogLevel::kError, "test", "too early");
  const auto file = folder.path("head.log");
  REQUIRE(open_log({"head", file}));
  close_log();
  log(LogLevel::kError, "test", "too late");
  CHECK(events_in(file).empty());
}

TEST_CASE("a log goes on where it ended, and makes room for itself", "[log]") {
  const TemporaryFolder folder;
  const Closing closing;
  const auto file = folder.path("head.log");
  REQUIRE(open_log({"head", file}));
  log(LogLevel::kInfo, "test", "first");
  REQUIRE(open_log({"head", file}));
  log(LogLevel::kInfo, "test", "second");
  CHECK(events_in(file).size() == 2);
  const std::string long_text(1 << 20, 'x');
  for (int i = 0; i < 50; ++i) log(LogLevel::kInfo, "test", long_text);
  close_log();
  std::uintmax_t bytes = 0;
  std::size_t files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder.path(""))) {
    bytes += entry.file_size();
    ++files;
  }
  CHECK(files == 5);
  CHECK(bytes <= 5 * ((std::uintmax_t{8} << 20) + (1 << 21)));
  CHECK_FALSE(events_in(file).empty());
}

TEST_CASE("threads may log at once while the log is replaced", "[log]") {
  const TemporaryFolder folder;
  const Closing closing;
  const auto file = folder.path("head.log");
  REQUIRE(open_log({"head", file}));
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i)
    threads.emplace_back([] {
      for (int n = 0; n < 100; ++n) log(LogLevel::kInfo, "test", "event");
    });
  for (int i = 0; i < 20; ++i) REQUIRE(open_log({"head", file}));
  for (auto& thread : threads) thread.join();
  close_log();
  CHECK(events_in(file).size() == 400);
}

TEST_CASE("a log that cannot be opened is an error that names the file", "[log]") {
  const TemporaryFolder folder;
  std::ofstream(folder.path("file")) << "in the way";
  const auto refusal = [](const std::string& file) {
    const auto opened = open_log({"head", file});
    REQUIRE_FALSE(opened);
    CHECK(opened.error().message.find(file.substr(0, file.rfind('/'))) != std::string::npos);
    return opened.error().code;
  };
  CHECK(refusal(folder.path("file/head.log")) == Errc::kIo);
  CHECK(refusal(folder.path("nowhere/head.log")) == Errc::kMissingFile);
  CHECK_FALSE(std::filesystem::exists(folder.path("nowhere")));
  CHECK(refusal(folder.path("file")) == Errc::kUsage);  // it holds something else
  CHECK(std::filesystem::file_size(folder.path("file")) == 10);
  CHECK(log_level_from("verbose").error().code == Errc::kUsage);
  CHECK(log_level_from("debug").value() == LogLevel::kDebug);
}

}  // namespace qstar

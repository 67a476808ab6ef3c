#include "persistence/checkpoint.hpp"

#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <fstream>
#include <thread>

#include "core/files.hpp"
#include "persistence/directory_lock.hpp"
#include "tests/support/attempts.hpp"

namespace qstar {
using namespace persistence;
namespace {

CheckpointParts parts_of(std::uint64_t serial) {
  Rng rng(serial);
  std::string bytes(200'000, '\0');
  for (char& c : bytes) c = static_cast<char>(rng.below(256));
  return {{"policy", bytes}, {"run.json", "{\"n\":" + std::to_string(serial) + "}"}, {"empty", ""}};
}

void damage(const std::string& path) {
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(100);
  file.put('?').put('!');
}

constexpr std::uintmax_t kHundredGigabytes = std::uintmax_t{100} << 30;

void sparse(const std::string& path, std::uintmax_t size) {
  std::ofstream(path).put('x');
  std::filesystem::resize_file(path, size);
}

bool says(const Error& error, const std::string& words) {
  return error.message.find(words) != std::string::npos;
}

TEST_CASE("the newest of the kept checkpoints is loaded", "[checkpoint]") {
  const TemporaryFolder folder;
  CheckpointDirectory directory(folder.path("checkpoints"), 2);
  CHECK(directory.load_newest().error().code == Errc::kMissingFile);
  for (const std::uint64_t serial : {1U, 2U, 10U})
    REQUIRE(directory.write(serial, parts_of(serial)));
  CHECK(directory.list().value() == std::vector<std::uint64_t>{2, 10});
  const auto loaded = directory.load_newest().value();
  CHECK(loaded.serial == 10);
  CHECK(loaded.parts == parts_of(10));
  CHECK(loaded.warnings.empty());
}

TEST_CASE("a damaged checkpoint is skipped with a warning, all damaged is an error",
          "[checkpoint]") {
  const TemporaryFolder folder;
  const auto path = folder.path("checkpoints");
  CheckpointDirectory directory(path, 5);
  for (const std::uint64_t serial : {1U, 2U, 3U, 4U, 5U})
    REQUIRE(directory.write(serial, parts_of(serial)));
  damage(path + "/0000000005/policy");
  std::filesystem::remove(path + "/0000000004/run.json");
  std::ofstream(path + "/0000000003/MANIFEST.json")
      << R"({"parts":{"policy":7,"run.json":{"size":"x"}}})";
  std::ofstream(path + "/0000000002/MANIFEST.json") << "{";
  const auto loaded = directory.load_newest().value();
  CHECK(loaded.serial == 1);
  REQUIRE(loaded.warnings.size() == 4);
  CHECK(loaded.warnings[0].find("0000000005/policy is damaged") != std::string::npos);
  std::filesystem::resize_file(path + "/0000000001/policy", 10);
  CHECK(directory.load_newest().error().code == Errc::kCorrupt);
}

TEST_CASE("what cannot be read at the moment is not taken for damaged", "[checkpoint]") {
  const TemporaryFolder folder;
  const auto path = folder.path("checkpoints");
  CheckpointDirectory directory(path, 5);
  for (const std::uint64_t serial : {1U, 2U}) REQUIRE(directory.write(serial, parts_of(serial)));
  SECTION("no file descriptor is left") {
    rlimit before{};
    REQUIRE(::getrlimit(RLIMIT_NOFILE, &before) == 0);
    const rlimit none{0, before.rlim_max};
    REQUIRE(::setrlimit(RLIMIT_NOFILE, &none) == 0);
    const auto loaded = directory.load_newest();
    REQUIRE(::setrlimit(RLIMIT_NOFILE, &before) == 0);
    CHECK(loaded.error().code == Errc::kIo);
    CHECK(directory.load_newest().value().serial == 2);
  }
  SECTION("a part is there and cannot be opened") {
    // Permissions do not bind root; a link to itself does not open for anybody.
    const auto part = path + "/0000000002/policy";
    std::filesystem::rename(part, part + ".away");
    std::filesystem::create_symlink("policy", part);
    const auto loaded = directory.load_newest();
    REQUIRE_FALSE(loaded);
    CHECK(loaded.error().code == Errc::kIo);
    CHECK(loaded.error().message.find("remove " + path + "/0000000002") != std::string::npos);
    std::filesystem::rename(part + ".away", part);
    CHECK(directory.load_newest().value().serial == 2);
  }
}

TEST_CASE("kill -9 while writing leaves whole checkpoints only", "[checkpoint][crash]") {
  const TemporaryFolder folder;
  const auto path = folder.path("checkpoints");
  for (int round = 0; round < 12; ++round) {
    const pid_t child = ::fork();
    if (child == 0) {
      CheckpointDirectory writer(path, 3);
      const auto all = writer.list().value();
      for (std::uint64_t serial = all.empty() ? 1 : all.back() + 1;; ++serial)
        if (!writer.write(serial, parts_of(serial))) ::_exit(1);
    }
    ::usleep(static_cast<useconds_t>(20'000 + 7'000 * round));
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    const CheckpointDirectory directory(path, 3);
    if (directory.list().value().empty()) continue;
    const auto loaded = directory.load_newest();
    REQUIRE(loaded);
    CHECK(loaded->warnings.empty());
    CHECK(loaded->parts == parts_of(loaded->serial));
  }
  CHECK_FALSE(CheckpointDirectory(path, 3).list().value().empty());
}

TEST_CASE("a checkpoint that cannot be written leaves the older one", "[checkpoint]") {
  const TemporaryFolder folder;
  CheckpointDirectory directory(folder.path("checkpoints"), 1);
  REQUIRE(directory.write(1, parts_of(1)));
  CHECK_FALSE(directory.write(2, {{"no/such/folder", "x"}}));
  CHECK(directory.load_newest().value().serial == 1);
}

TEST_CASE("a directory has one holder", "[lock]") {
  const TemporaryFolder folder;
  std::filesystem::create_directories(folder.path("run"));
  {
    const auto lock = DirectoryLock::acquire(folder.path("run"));
    REQUIRE(lock);
    const auto second = DirectoryLock::acquire(folder.path("run"));
    REQUIRE_FALSE(second);
    CHECK(second.error().code == Errc::kBusy);
    CHECK(second.error().message.find("process " + std::to_string(::getpid())) !=
          std::string::npos);
  }
  CHECK(DirectoryLock::acquire(folder.path("run")));
}

TEST_CASE("the holder of a lock is named only by a process id", "[lock]") {
  const TemporaryFolder folder;
  std::filesystem::create_directories(folder.path("run"));
  const auto lock = DirectoryLock::acquire(folder.path("run"));
  REQUIRE(lock);
  std::ofstream(folder.path("run/LOCK"), std::ios::trunc) << "\x1b[2J";
  const auto second = DirectoryLock::acquire(folder.path("run"));
  REQUIRE_FALSE(second);
  CHECK(second.error().code == Errc::kBusy);
  CHECK(says(second.error(), "in use by another process"));
}

TEST_CASE("a checkpoint's files are no larger than it says", "[checkpoint]") {
  const TemporaryFolder folder;
  const auto path = folder.path("checkpoints");
  CheckpointDirectory directory(path, 5);
  for (const std::uint64_t serial : {1U, 2U}) REQUIRE(directory.write(serial, {{"part", "text"}}));
  const std::string newest = path + "/0000000002/";
  const auto is_skipped = [&] {
    const auto loaded = directory.load_newest();
    return loaded && loaded->serial == 1 && loaded->warnings.size() == 1;
  };
  CHECK(directory.load_newest().value().serial == 2);
  SECTION("a part has grown") {
    sparse(newest + "part", kHundredGigabytes);
    CHECK(is_skipped());
  }
  SECTION("the manifest has grown") {
    sparse(newest + "MANIFEST.json", kHundredGigabytes);
    CHECK(is_skipped());
  }
  SECTION("the manifest says nonsense") {
    for (const std::string entry :
         {R"({"size":1e300,"crc32":1})", R"({"size":-1,"crc32":1})", R"({"size":4})", "null",
          R"({"size":18446744073709551615,"crc32":1})", R"({"size":"4","crc32":[]})"}) {
      std::ofstream(newest + "MANIFEST.json") << R"({"format":1,"parts":{"part":)" << entry << "}}";
      CHECK(is_skipped());
    }
  }
  SECTION("the manifest names a file elsewhere") {
    std::ofstream(newest + "MANIFEST.json")
        << R"({"format":1,"parts":{"../0000000001/part":{"size":4,"crc32":1}}})";
    CHECK(is_skipped());
    CHECK(says({Errc::kCorrupt, directory.load_newest()->warnings.front()}, "damaged"));
  }
}

// Sanitizers need more address space than this test leaves.
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
TEST_CASE("a large checkpoint that memory does not hold is not taken for a damaged one",
          "[checkpoint]") {
  const TemporaryFolder folder;
  const auto path = folder.path("checkpoints");
  CheckpointDirectory directory(path, 5);
  for (const std::uint64_t serial : {1U, 2U}) REQUIRE(directory.write(serial, {{"part", "text"}}));
  constexpr std::uintmax_t kFiveGigabytes = std::uintmax_t{5} << 30;
  sparse(path + "/0000000002/part", kFiveGigabytes);
  std::ofstream(path + "/0000000002/MANIFEST.json")
      << R"({"format":1,"parts":{"part":{"size":)" << kFiveGigabytes << R"(,"crc32":1}}})";
  const pid_t child = ::fork();
  if (child == 0) {
    const rlimit little{1 << 30, 1 << 30};
    if (::setrlimit(RLIMIT_AS, &little) != 0) ::_exit(2);
    const auto loaded = directory.load_newest();
    ::_exit(!loaded && says(loaded.error(), "not enough memory") ? 0 : 1);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  CHECK(status == 0);
}
#endif

TEST_CASE("a lock is never held on a file that was removed", "[lock]") {
  const TemporaryFolder folder;
  std::filesystem::create_directories(folder.path("run"));
  std::atomic<int> holders = 0, acquired = 0;
  std::atomic<bool> shared = false;
  const auto contend = [&] {
    for (int i = 0; i < 3000; ++i) {
      const auto lock = DirectoryLock::acquire(folder.path("run"));
      if (!lock) continue;
      if (++holders > 1) shared = true;
      ++acquired;
      std::this_thread::yield();
      --holders;
      std::filesystem::remove(folder.path("run/LOCK"));  // as a start that fails does
    }
  };
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) threads.emplace_back(contend);
  for (auto& thread : threads) thread.join();
  CHECK(acquired > 0);
  CHECK_FALSE(shared);
}

}  // namespace
}  // namespace qstar

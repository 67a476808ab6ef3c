#include "persistence/checkpoint.hpp"

#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <fstream>

#include "tests/support/attempts.hpp"

namespace qstar {
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

TEST_CASE("half a line is ended before the next one", "[files]") {
  const TemporaryFolder folder;
  const auto path = folder.path("lines");
  append_lines(path) << "one\n"
                     << "tw";
  append_lines(path) << "three\n";
  append_lines(path) << "four\n";
  std::ifstream file(path);
  std::string line, all;
  while (std::getline(file, line)) all += line + "|";
  CHECK(all == "one|tw|three|four|");
  CHECK_FALSE(append_lines(folder.path("no/such")));
}

TEST_CASE("files are replaced whole", "[files]") {
  const TemporaryFolder folder;
  const auto path = folder.path("file");
  REQUIRE(write_file_atomically(path, "one"));
  REQUIRE(write_file_atomically(path, "two"));
  CHECK(read_file(path).value() == "two");
  CHECK(read_file(folder.path("none")).error().code == Errc::kMissingFile);
  CHECK_FALSE(write_file_atomically(folder.path("none/file"), "x"));
}

}  // namespace
}  // namespace qstar

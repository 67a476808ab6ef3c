// Readers beside a live writer: no holes, nothing lost that was acknowledged, no false damage.
#include <signal.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <map>
#include <mutex>
#include <thread>

#include "persistence/store.hpp"
#include "tests/persistence/store_progress.hpp"
#include "tests/support/attempts.hpp"

namespace qstar {
using namespace persistence;
namespace {

using Mode = Store::Mode;

// A process that writes until it goes out of scope.
class Writer {
 public:
  Writer(std::string store, std::string progress, std::string kept) {
    std::string program = std::string(QSTAR_BINARY_DIR) + "/tests/persistence/store_writer";
    char* words[] = {program.data(), store.data(), progress.data(), kept.data(), nullptr};
    started_ = ::posix_spawn(&pid_, words[0], nullptr, nullptr, words, environ) == 0;
  }
  ~Writer() {
    if (!started_) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;
  void pause() const { ::kill(pid_, SIGSTOP); }
  bool runs() const { return started_ && ::waitpid(pid_, nullptr, WNOHANG) == 0; }

 private:
  pid_t pid_ = 0;
  bool started_ = false;
};

// Empty when the table of models is without holes and holds the model of the newest group.
std::string fault_of_models(const Store& store, std::uint64_t newest) {
  const auto models = store.models();
  if (!models) return "models: " + models.error().message;
  for (std::size_t i = 0; i < models->size(); ++i)
    if ((*models)[i].number != i + 1) return "a hole in the table of models";
  return newest / kGroupsPerModel + 1 <= models->size() ? "" : "the model of a group is missing";
}

// What is wrong with one opening of the store; empty when nothing is.
std::string fault_of_a_look(const std::string& path, const StoreProgress& progress) {
  const std::uint64_t inserted = progress.inserted, evicted = progress.evicted;
  const auto store = Store::open(path, Mode::kRead);
  if (!store) return std::string(to_string(store.error().code)) + ": " + store.error().message;
  const auto ids = store->group_ids();
  if (!ids) return "ids: " + ids.error().message;
  const std::uint64_t evicting = progress.evicting;
  if (ids->empty()) return inserted > evicted ? "empty" : "";
  for (std::size_t i = 1; i < ids->size(); ++i) {
    if ((*ids)[i] != (*ids)[i - 1] + 1)
      return "hole: " + std::to_string((*ids)[i] - (*ids)[i - 1] - 1) + " groups";
  }
  if (ids->back() + 1 < inserted) return "an acknowledged group is missing";
  if (ids->front() > evicting) return "the oldest groups are missing";
  if (ids->front() < evicted) return "an evicted group is back";
  if (auto fault = fault_of_models(*store, ids->back()); !fault.empty()) return fault;
  const auto middle = (*ids)[ids->size() / 2];
  const auto group = store->get(middle);
  return group && *group == group_in_progress(middle) ? "" : "a group differs";
}

TEST_CASE("three readers beside a busy writer see no hole and no damage", "[store][live]") {
  const TemporaryFolder folder;
  const auto path = folder.path();
  auto* progress = share_progress(folder.path("progress"));
  REQUIRE(progress != nullptr);
  const Writer writer(path, folder.path("progress"), "500");
  while (progress->inserted < 1000) {
    REQUIRE(writer.runs());
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  constexpr int kReaders = 3, kLooks = 250;
  std::mutex mutex;
  std::map<std::string, int> faults;
  const auto look = [&] {
    for (int i = 0; i < kLooks; ++i) {
      const auto fault = fault_of_a_look(path, *progress);
      const std::lock_guard guard(mutex);
      if (!fault.empty()) ++faults[fault];
    }
  };
  const std::uint64_t before = progress->inserted;
  std::vector<std::thread> readers;
  for (int i = 0; i < kReaders; ++i) readers.emplace_back(look);
  for (auto& reader : readers) reader.join();
  for (const auto& [fault, times] : faults) UNSCOPED_INFO(times << " × " << fault);
  CHECK(faults.empty());
  CHECK(writer.runs());
  CHECK(progress->inserted > before + 1000);  // it was a busy writer
  CHECK(progress->evicted > 0);
}

// A store whose groups lie in table files.
std::vector<std::filesystem::path> write_tables(const std::string& path) {
  for (std::uint64_t i = 0; i < 2; ++i) {  // every opening moves the log into table files
    auto store = Store::open(path, Mode::kWrite).value();
    REQUIRE(store.insert(pack(sample_groups(100 * i, 100))));
  }
  std::vector<std::filesystem::path> tables;
  for (const auto& entry : std::filesystem::directory_iterator(path))
    if (entry.path().extension() == ".sst") tables.push_back(entry.path());
  return tables;
}

TEST_CASE("a file that is missing beside a writer is no damage, at rest it is", "[store][live]") {
  const TemporaryFolder folder;
  const auto tables = write_tables(folder.path());
  REQUIRE_FALSE(tables.empty());
  {
    auto writer = Store::open(folder.path(), Mode::kWrite).value();
    std::filesystem::rename(tables.front(), folder.path("away"));
    const auto store = Store::open(folder.path(), Mode::kRead);
    REQUIRE_FALSE(store);
    CHECK(store.error().code == Errc::kBusy);
    CHECK(store.error().message.find("being written to") != std::string::npos);
    // Looking did not take the writer's lock away.
    const auto second = Store::open(folder.path(), Mode::kWrite);
    REQUIRE_FALSE(second);
    CHECK(second.error().code == Errc::kBusy);
  }
  const auto store = Store::open(folder.path(), Mode::kRead);
  REQUIRE_FALSE(store);
  CHECK(store.error().code == Errc::kCorrupt);
  std::filesystem::rename(folder.path("away"), tables.front());
  CHECK(Store::open(folder.path(), Mode::kRead));
}

TEST_CASE("the lock of a writer in another process counts", "[store][live]") {
  const TemporaryFolder folder;
  const auto path = folder.path();
  auto* progress = share_progress(folder.path("progress"));
  REQUIRE(progress != nullptr);
  {
    const Writer writer(path, folder.path("progress"), "100000");
    while (progress->inserted < 100) {
      REQUIRE(writer.runs());
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    writer.pause();  // with the lock
    std::filesystem::remove(path + "/CURRENT");
    CHECK(Store::open(path, Mode::kRead).error().code == Errc::kBusy);
  }
  CHECK(Store::open(path, Mode::kRead).error().code == Errc::kMissingFile);
}

TEST_CASE("a snapshot stays readable while its files are deleted", "[store][live]") {
  const TemporaryFolder folder;
  write_tables(folder.path());
  const auto store = Store::open(folder.path(), Mode::kRead).value();
  std::filesystem::remove_all(folder.path());
  CHECK(store.group_ids().value().size() == 200);
  CHECK(store.get(150).value() == sample_group(150));
}

TEST_CASE("a reader needs no temporary folder and writes nothing", "[store][live]") {
  const TemporaryFolder folder;
  write_tables(folder.path());
  const auto listing = [&] {
    std::map<std::string, std::uintmax_t> files;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder.path("")))
      files[entry.path()] = entry.is_regular_file() ? entry.file_size() : 0;
    return files;
  };
  const char* set = std::getenv("TMPDIR");
  const std::string before = set ? set : "";
  std::ofstream(folder.path("file")) << "x";
  std::filesystem::create_directory(folder.path("tmp"));
  const auto files = listing();
  for (const auto& tmp :
       {folder.path("nowhere"), folder.path("file"), std::string(), folder.path("tmp")}) {
    REQUIRE(::setenv("TMPDIR", tmp.c_str(), 1) == 0);
    {
      auto store = Store::open(folder.path(), Mode::kRead);
      CHECK(store);
      if (store) CHECK(store->refresh());
      CHECK(listing() == files);
    }
    CHECK(listing() == files);
  }
  if (set)
    ::setenv("TMPDIR", before.c_str(), 1);
  else
    ::unsetenv("TMPDIR");
}

TEST_CASE("files of the wrong kind are errors, not exceptions or waits", "[store][live]") {
  const TemporaryFolder folder;
  write_tables(folder.path());
  namespace fs = std::filesystem;
  const auto code_with = [&](const std::string& name, auto make) {
    const auto file = folder.path() + "/" + name;
    const bool was_there = fs::exists(file);
    if (was_there) fs::rename(file, folder.path("spare"));
    make(file);
    const auto store = Store::open(folder.path(), Mode::kRead);
    const auto code = store ? std::string("none") : std::string(to_string(store.error().code));
    fs::remove_all(file);
    if (was_there) fs::rename(folder.path("spare"), file);
    return code;
  };
  const auto loop = [](const std::string& file) { fs::create_symlink(file, file); };
  const auto fifo = [](const std::string& file) { REQUIRE(::mkfifo(file.c_str(), 0600) == 0); };
  const auto directory = [](const std::string& file) { fs::create_directory(file); };
  for (const std::string name : {"CURRENT", "999999.log", "999999.sst"}) {
    INFO(name);
    CHECK(code_with(name, loop) == "io");
    CHECK(code_with(name, fifo) == "io");
    CHECK(code_with(name, directory) == "io");
  }
  CHECK(Store::open(folder.path(), Mode::kRead));
}

TEST_CASE("logs go once their groups are in tables", "[store][live]") {
  const TemporaryFolder folder;
  auto store = Store::open(folder.path(), Mode::kWrite, {.write_buffer_bytes = 1 << 20}).value();
  for (std::uint64_t id = 0; id < 3000; ++id)
    REQUIRE(store.insert(pack(std::vector{sample_group(id, kAttemptsInProgress)})));
  const auto bytes_in_logs = [&] {
    std::uintmax_t sum = 0;
    for (const auto& entry : std::filesystem::directory_iterator(folder.path())) {
      std::error_code gone;
      const auto size = entry.file_size(gone);
      if (entry.path().extension() == ".log" && !gone) sum += size;
    }
    return sum;
  };
  // Of several megabytes; flushing goes on in the background.
  for (int i = 0; i < 500 && bytes_in_logs() > 2'500'000; ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  CHECK(bytes_in_logs() <= 2'500'000);
  CHECK(store.stats().value().bytes_on_disk > 2'500'000);
}

TEST_CASE("a store is found in a run's folder", "[store]") {
  const TemporaryFolder folder;
  write_tables(folder.path("run/store"));
  std::ofstream(folder.path("file")) << "x";
  std::filesystem::create_symlink("loop", folder.path("loop"));
  CHECK(store_folder(folder.path("run")).value() == folder.path("run/store"));
  CHECK(store_folder(folder.path("run/store")).value() == folder.path("run/store"));
  for (const auto& name : {"nowhere", "file", "file/store", ""}) {
    const auto found = store_folder(folder.path(name));
    REQUIRE_FALSE(found);
    CHECK(found.error().code == Errc::kMissingFile);
  }
  CHECK(store_folder(folder.path("loop")).error().code == Errc::kIo);
}

TEST_CASE("a store that has to be there is not created", "[store]") {
  const TemporaryFolder folder;
  const auto opened = Store::open(folder.path(), Mode::kWrite, {.must_exist = true});
  REQUIRE_FALSE(opened);
  CHECK(opened.error().code == Errc::kMissingFile);
  CHECK_FALSE(std::filesystem::exists(folder.path()));
  REQUIRE(Store::open(folder.path(), Mode::kWrite));
  CHECK(Store::open(folder.path(), Mode::kWrite, {.must_exist = true}));
}

TEST_CASE("a missing group is said to be evicted, not there yet, or never stored", "[store]") {
  const TemporaryFolder folder;
  auto store = Store::open(folder.path(), Mode::kWrite).value();
  const auto why = [&](std::uint64_t group) {
    const auto found = store.get(group);
    REQUIRE_FALSE(found);
    CHECK(found.error().code == Errc::kMissingFile);
    return found.error().message;
  };
  CHECK(why(7).find("holds no groups yet") != std::string::npos);
  CHECK_FALSE(store.group_range().value().has_value());
  REQUIRE(store.insert(pack(sample_groups(10, 20))));
  REQUIRE(store.erase(std::vector<std::uint64_t>{10, 11, 12, 20}));
  const auto evicted = why(11);
  CHECK(evicted.find("group 11 is no longer in") != std::string::npos);
  CHECK(evicted.find("groups 13 to 29") != std::string::npos);
  CHECK(why(20).find("no attempts at it were stored") != std::string::npos);
  CHECK(why(30).find("not yet") != std::string::npos);
}

}  // namespace
}  // namespace qstar

// The store on real RocksDB: idempotent, atomic, followed live, and safe from kill -9.
#include "persistence/store.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <fstream>

#include "tests/persistence/raw_store.hpp"
#include "tests/support/attempts.hpp"

namespace qstar {
using namespace persistence;
namespace {

using Mode = Store::Mode;

TEST_CASE("groups come back as they were inserted, once", "[store]") {
  const TemporaryFolder folder;
  auto store = Store::open(folder.path(), Mode::kWrite).value();
  const auto groups = sample_groups(10, 5);
  CHECK(store.insert(pack(groups)).value() == std::vector<std::uint64_t>{10, 11, 12, 13, 14});
  CHECK(store.insert(pack(groups)).value().empty());
  for (const auto& group : groups) CHECK(store.get(group.group).value() == group);
  // What is made again from other settings replaces what was there, whole.
  for (auto attempts : {7, 2}) {
    auto changed = sample_group(12, 7);
    changed.attempts.resize(static_cast<std::size_t>(
        std::min<int>(attempts, static_cast<int>(changed.attempts.size()))));
    CHECK(store.insert(pack(std::span(&changed, 1))).value().empty());
    CHECK(store.get(12).value() == changed);
  }
  CHECK(store.insert(pack(groups)).value().empty());
  for (const auto& group : groups) CHECK(store.get(group.group).value() == group);
  CHECK(store.get(99).error().code == Errc::kMissingFile);
  CHECK(store.group_ids().value() == std::vector<std::uint64_t>{10, 11, 12, 13, 14});

  const auto twice = std::vector{sample_group(20), sample_group(20)};
  CHECK(store.insert(pack(twice)).value() == std::vector<std::uint64_t>{20});
  const auto empty = std::vector{AttemptGroup{30, {}}};
  CHECK(store.insert(pack(empty)).value().empty());
  const auto whole = pack(sample_groups(30, 2));
  for (std::size_t n = 1; n < whole.size(); ++n) {
    if (n == pack(sample_groups(30, 1)).size()) continue;
    CHECK(store.insert(std::string_view(whole).substr(0, n)).error().code == Errc::kCorrupt);
  }
  CHECK(store.get(30).error().code == Errc::kMissingFile);
}

TEST_CASE("a scan is in the order of ids and ends on request", "[store]") {
  const TemporaryFolder folder;
  auto store = Store::open(folder.path(), Mode::kWrite).value();
  for (const std::uint64_t id : {300U, 2U, 70000U, 1U})
    REQUIRE(store.insert(pack(std::vector{sample_group(id)})));
  std::vector<std::uint64_t> seen;
  REQUIRE(store.scan(2, [&](const AttemptGroup& g) {
    seen.push_back(g.group);
    return seen.size() < 2;
  }));
  CHECK(seen == std::vector<std::uint64_t>{2, 300});
  REQUIRE(store.erase(std::vector<std::uint64_t>{300, 5}));
  CHECK(store.group_ids().value() == std::vector<std::uint64_t>{1, 2, 70000});
}

TEST_CASE("groups from an id upward are erased, and can come again", "[store]") {
  const TemporaryFolder folder;
  auto store = Store::open(folder.path(), Mode::kWrite).value();
  REQUIRE(store.erase_from(0));  // nothing in an empty store
  const auto ids = [&] { return store.group_ids().value(); };
  for (const std::uint64_t id : {1U, 2U, 3U, 70000U})
    REQUIRE(store.insert(pack(std::vector{sample_group(id)})));
  REQUIRE(store.erase_from(70001));
  CHECK(ids() == std::vector<std::uint64_t>{1, 2, 3, 70000});
  REQUIRE(store.erase_from(2));
  CHECK(ids() == std::vector<std::uint64_t>{1});
  CHECK(store.insert(pack(std::vector{sample_group(3)})).value() == std::vector<std::uint64_t>{3});
  CHECK(ids() == std::vector<std::uint64_t>{1, 3});
  REQUIRE(store.erase_from(0));
  CHECK(ids().empty());
}

TEST_CASE("figures are counted", "[store]") {
  const TemporaryFolder folder;
  auto store = Store::open(folder.path(), Mode::kWrite).value();
  CHECK(store.stats().value().trajectories == 0);
  const auto groups = sample_groups(0, 20, 3);
  REQUIRE(store.insert(pack(groups)));
  const auto stats = store.stats().value();
  std::uint64_t wins = 0, lucky = 0, steps = 0;
  for (const auto& group : groups) {
    for (const auto& attempt : group.attempts) {
      wins += attempt.win() ? 1 : 0;
      lucky += attempt.outcome == Outcome::kLucky ? 1 : 0;
      steps += attempt.steps.size();
    }
  }
  CHECK(stats.groups == 20);
  CHECK(stats.trajectories == 40);
  CHECK(stats.wins == wins);
  CHECK(stats.lucky == lucky);
  CHECK(stats.steps == steps);
  CHECK(stats.min_policy_version == 3);
  CHECK(stats.max_policy_version == 3);
  CHECK(stats.bytes_on_disk > 0);
}

TEST_CASE("a reader follows a live writer", "[store]") {
  const TemporaryFolder folder;
  CHECK(Store::open(folder.path(), Mode::kRead).error().code == Errc::kMissingFile);
  auto writer = Store::open(folder.path(), Mode::kWrite).value();
  REQUIRE(writer.insert(pack(sample_groups(0, 3))));
  REQUIRE(writer.put_meta("run", "one"));
  auto reader = Store::open(folder.path(), Mode::kRead).value();
  CHECK(reader.group_ids().value().size() == 3);
  REQUIRE(writer.insert(pack(sample_groups(3, 3))));
  REQUIRE(reader.refresh());
  CHECK(reader.group_ids().value().size() == 6);
  CHECK(reader.get(4).value() == sample_group(4));
  CHECK(reader.get_meta("run").value() == std::optional<std::string>("one"));
  CHECK_FALSE(reader.get_meta("nothing").value().has_value());
}

TEST_CASE("a second writer is refused", "[store]") {
  const TemporaryFolder folder;
  auto writer = Store::open(folder.path(), Mode::kWrite).value();
  const auto second = Store::open(folder.path(), Mode::kWrite);
  REQUIRE_FALSE(second);
  CHECK(second.error().code == Errc::kBusy);
  CHECK(second.error().message.find("another process") != std::string::npos);
}

TEST_CASE("a store of a later schema is refused and left alone", "[store]") {
  const TemporaryFolder folder;
  { REQUIRE(Store::open(folder.path(), Mode::kWrite)); }
  {
    RawStore raw(folder.path());
    raw.create_family("things of the future");
    raw.put("schema", "99");
  }
  for (const auto mode : {Mode::kWrite, Mode::kRead}) {
    const auto opened = Store::open(folder.path(), mode);
    REQUIRE_FALSE(opened);
    CHECK(opened.error().code == Errc::kSchema);
    CHECK(opened.error().message.find("99") != std::string::npos);
    CHECK(opened.error().message.find(folder.path()) != std::string::npos);
  }
}

TEST_CASE("a damaged store is named", "[store]") {
  const TemporaryFolder folder;
  {
    auto store = Store::open(folder.path(), Mode::kWrite).value();
    REQUIRE(store.insert(pack(sample_groups(0, 10))));
  }
  for (const auto& entry : std::filesystem::directory_iterator(folder.path())) {
    const auto name = entry.path().filename().string();
    if (name.rfind("MANIFEST", 0) == 0) std::ofstream(entry.path(), std::ios::trunc) << "garbage";
  }
  const auto opened = Store::open(folder.path(), Mode::kWrite);
  REQUIRE_FALSE(opened);
  CHECK(opened.error().code == Errc::kCorrupt);
  CHECK(opened.error().message.find(folder.path()) != std::string::npos);
}

// Turns one bit of the middle of the largest file with this ending; gives the file's new content.
std::pair<std::filesystem::path, std::string> damage(const std::string& folder,
                                                     const std::string& ending) {
  std::filesystem::path largest;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() != ending) continue;
    if (largest.empty() || entry.file_size() > std::filesystem::file_size(largest))
      largest = entry.path();
  }
  std::fstream file(largest, std::ios::in | std::ios::out | std::ios::binary);
  std::string bytes{std::istreambuf_iterator<char>(file), {}};
  char& middle = bytes.at(bytes.size() / 2);
  middle = static_cast<char>(middle ^ 1);
  file.clear();
  file.seekp(0);
  file << bytes;
  return {largest, bytes};
}

TEST_CASE("a damaged log is refused and left alone, not cut at the damage", "[store]") {
  const TemporaryFolder folder;
  {
    auto store = Store::open(folder.path(), Mode::kWrite).value();
    for (std::uint64_t first = 0; first < 600; first += 6)
      REQUIRE(store.insert(pack(sample_groups(first, 6))));
  }
  const auto [path, bytes] = damage(folder.path(), ".log");
  const auto opened = Store::open(folder.path(), Mode::kWrite);
  REQUIRE_FALSE(opened);
  CHECK(opened.error().code == Errc::kCorrupt);
  std::ifstream file(path, std::ios::binary);
  CHECK(std::string{std::istreambuf_iterator<char>(file), {}} == bytes);
}

TEST_CASE("a damaged table file is damage, not somebody else's lock", "[store]") {
  const TemporaryFolder folder;
  for (int i = 0; i < 2; ++i) {  // the second opening moves the log into a table file
    auto store = Store::open(folder.path(), Mode::kWrite).value();
    if (i == 0) REQUIRE(store.insert(pack(sample_groups(0, 600))));
  }
  damage(folder.path(), ".sst");
  const auto store = Store::open(folder.path(), Mode::kWrite);
  const auto all = store ? store->scan(0, [](const AttemptGroup&) { return true; })
                         : tl::unexpected(store.error());
  REQUIRE_FALSE(all);
  CHECK(all.error().code == Errc::kCorrupt);
}

TEST_CASE("a reader says that a table file is cut or gone, instead of showing less", "[store]") {
  const TemporaryFolder folder;
  for (std::uint64_t i = 0; i < 3; ++i) {  // every opening moves the log into table files
    auto store = Store::open(folder.path(), Mode::kWrite).value();
    REQUIRE(store.insert(pack(sample_groups(100 * i, 100))));
  }
  REQUIRE(Store::open(folder.path(), Mode::kRead).value().group_ids().value().size() == 300);
  const bool cut = GENERATE(true, false);
  int files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder.path())) {
    if (entry.path().extension() != ".sst") continue;
    ++files;
    const auto spare = entry.path().string() + ".spare";
    std::filesystem::copy(entry.path(), spare);
    if (cut) std::filesystem::resize_file(entry.path(), 100);
    if (!cut) std::filesystem::remove(entry.path());
    const auto store = Store::open(folder.path(), Mode::kRead);
    CHECK_FALSE(store);
    if (!store) CHECK(store.error().code == Errc::kCorrupt);
    std::filesystem::rename(spare, entry.path());
  }
  CHECK(files > 1);
  CHECK(Store::open(folder.path(), Mode::kRead));
}

// A child that inserts and says what was acknowledged, until it is killed.
[[noreturn]] void insert_for_ever(const std::string& path, int pipe) {
  auto store = Store::open(path, Mode::kWrite);
  for (std::uint64_t next = 0;; next += 3) {
    if (!store || !store->insert(pack(sample_groups(next, 3)))) ::_exit(1);
    if (::write(pipe, &next, sizeof(next)) != sizeof(next)) ::_exit(0);
  }
}

TEST_CASE("what was acknowledged is there after kill -9", "[store][crash]") {
  const TemporaryFolder folder;
  for (int round = 0; round < 5; ++round) {
    const auto path = folder.path("round" + std::to_string(round));
    int ends[2];
    REQUIRE(::pipe(ends) == 0);
    const pid_t child = ::fork();
    if (child == 0) insert_for_ever(path, ends[1]);
    ::close(ends[1]);
    std::uint64_t last = 0;
    for (int i = 0; i < 20 + 60 * round; ++i)
      REQUIRE(::read(ends[0], &last, sizeof(last)) == sizeof(last));
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    while (::read(ends[0], &last, sizeof(last)) == sizeof(last)) {
    }
    ::close(ends[0]);
    auto store = Store::open(path, Mode::kWrite).value();
    const auto ids = store.group_ids().value();
    CHECK(ids.size() % 3 == 0);  // a batch is whole or absent
    CHECK(ids.size() >= last + 3);
    for (std::uint64_t id = 0; id < last + 3; id += 17)
      REQUIRE(store.get(id).value() == sample_group(id));
  }
}

}  // namespace
}  // namespace qstar

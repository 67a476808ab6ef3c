// What a run keeps for good, and what leaves the store.
#include "actors/engine/archive.hpp"

#include "actors/process/system.hpp"
#include "tests/support/attempts.hpp"

#include <catch2/catch.hpp>

using namespace qstar;

TEST_CASE("the oldest groups leave when there are too many", "[archive]") {
  using Ids = std::vector<std::uint64_t>;
  actors::StoredGroups groups({5, 3}, 3);
  groups.add(Ids{9});
  CHECK(groups.leave().empty());
  groups.add(Ids{7, 9});
  CHECK(groups.leave() == Ids{3});
  CHECK(groups.leave().empty());
  groups.add(Ids{1, 11, 12});
  CHECK(groups.leave() == Ids{1, 5, 7});
  actors::StoredGroups all({5, 3}, 0);
  all.add(Ids{9});
  CHECK(all.leave().empty());
}

TEST_CASE("an archive writes in order and evicts", "[archive]") {
  const TemporaryFolder folder;
  auto& system = actors::immortal_system();
  auto store = std::make_shared<persistence::Store>(
      persistence::Store::open(folder.path(), persistence::Store::Mode::kWrite).value());
  REQUIRE(store->insert(persistence::pack(sample_groups(0, 4))));
  auto archive = actors::Archive::make(system, store, 6).value();
  REQUIRE(archive.insert(persistence::pack(sample_groups(4, 4))));
  REQUIRE(archive.insert(persistence::pack(sample_groups(6, 2))));  // again: nothing changes
  CHECK(archive.stored(1).value() == sample_group(1));              // an older save may need it
  REQUIRE(archive.evict());
  CHECK(archive.stored(7).value() == sample_group(7));
  CHECK(archive.stored(1).error().code == Errc::kMissingFile);
  CHECK(store->group_ids().value() == std::vector<std::uint64_t>{2, 3, 4, 5, 6, 7});
  int written = 0;
  REQUIRE(archive.write([&written] { return ++written, Status{}; }));
  REQUIRE(archive.flush());
  CHECK(written == 1);
  REQUIRE(archive.write([] { return Status{fail(Errc::kDiskFull, "no space left")}; }));
  CHECK(archive.flush().error().code == Errc::kDiskFull);
  CHECK(archive.insert(persistence::pack(sample_groups(8, 1))).error().code == Errc::kDiskFull);
  actors::end_all(system, {archive.actor()});
}

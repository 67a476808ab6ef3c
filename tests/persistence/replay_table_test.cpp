#include "persistence/replay_table.hpp"

#include <catch2/catch.hpp>
#include <map>

#include "persistence/bytes.hpp"
#include "tests/support/attempts.hpp"

namespace qstar {
using namespace persistence;
namespace {

ReplayTable table_of(const TableConfig& config) { return ReplayTable::make(config).value(); }
TableConfig prioritised() { return {.selector = "prioritised", .capacity = 100}; }

std::shared_ptr<const AttemptGroup> group_of(std::uint64_t id) {
  return std::make_shared<const AttemptGroup>(sample_group(id));
}

void fill(ReplayTable& table, std::uint64_t first, std::uint64_t n) {
  for (std::uint64_t id = first; id < first + n; ++id) table.insert(group_of(id));
}

// A store of the groups from `first` on; those before it were evicted.
ReplayTable::Stored stored_from(std::uint64_t first) {
  return [first](std::uint64_t id) -> Result<AttemptGroup> {
    if (id < first) return fail(Errc::kMissingFile, "evicted");
    return sample_group(id);
  };
}

TEST_CASE("a group enters a table once, the oldest leave it", "[replay]") {
  auto table = table_of({.capacity = 4});
  fill(table, 0, 6);
  fill(table, 2, 3);
  CHECK(table.size() == 4);
  Rng rng(1);
  const auto batch = table.sample(200, rng);
  CHECK(batch.size() == 200);
  for (const auto& sampled : batch) {
    CHECK(sampled.group->group >= 2);
    CHECK(*sampled.group == sample_group(sampled.group->group));
    CHECK(sampled.weight == 1);
  }
}

TEST_CASE("an unknown selector is refused", "[replay]") {
  CHECK(ReplayTable::make({.selector = "best"}).error().code == Errc::kConfig);
}

TEST_CASE("a group is used so often and no more", "[replay]") {
  auto table = table_of({.capacity = 100, .max_reuse = 3});
  fill(table, 0, 5);
  Rng rng(1);
  std::map<std::uint64_t, int> uses;
  for (const auto& sampled : table.sample(100, rng)) ++uses[sampled.group->group];
  CHECK(uses == std::map<std::uint64_t, int>{{0, 3}, {1, 3}, {2, 3}, {3, 3}, {4, 3}});
  CHECK(table.sample(1, rng).empty());
}

TEST_CASE("surprising groups are sampled more and weighted less", "[replay]") {
  auto table = table_of(prioritised());
  fill(table, 0, 10);
  std::vector<std::uint64_t> ids;
  std::vector<float> priorities;
  for (std::uint64_t g = 0; g < 10; ++g) {
    ids.push_back(g);
    priorities.push_back(g == 3 ? 1.0F : 0.01F);
  }
  table.update_priorities(ids, priorities);
  Rng rng(1);
  int surprising = 0;
  for (const auto& sampled : table.sample(1000, rng)) {
    if (sampled.group->group == 3) {
      ++surprising;
      CHECK(sampled.weight < 0.5F);
    } else {
      CHECK(sampled.weight == Approx(1));
    }
  }
  // priority^0.6: 1 against 9 · 0.063
  CHECK(surprising > 550);
  CHECK(surprising < 720);
}

TEST_CASE("a saved table samples on as if nothing had happened", "[replay]") {
  const auto config =
      GENERATE(TableConfig{.capacity = 100, .max_reuse = 8},
               TableConfig{.selector = "prioritised", .capacity = 100, .max_reuse = 8});
  auto table = table_of(config);
  fill(table, 0, 20);
  Rng rng(1);
  table.sample(30, rng);
  table.update_priorities(std::vector<std::uint64_t>{3}, std::vector<float>{5});
  const auto state = table.save();
  auto again = table_of(config);
  REQUIRE(again.restore(state, stored_from(0)));
  CHECK(again.save() == state);
  Rng one(2), other(2);
  const auto expected = table.sample(40, one), seen = again.sample(40, other);
  REQUIRE(expected.size() == seen.size());
  for (std::size_t i = 0; i < seen.size(); ++i) {
    CHECK(seen[i].group->group == expected[i].group->group);
    CHECK(seen[i].weight == expected[i].weight);
  }
}

TEST_CASE("groups that were evicted from the store leave a saved table", "[replay]") {
  auto table = table_of(prioritised());
  fill(table, 0, 10);
  auto again = table_of(prioritised());
  REQUIRE(again.restore(table.save(), stored_from(4)));
  CHECK(again.size() == 6);
  Rng rng(1);
  for (const auto& s : again.sample(50, rng)) CHECK(s.group->group >= 4);
  auto unread = table_of(prioritised());
  const auto broken = unread.restore(table.save(), [](std::uint64_t) -> Result<AttemptGroup> {
    return fail(Errc::kIo, "the disk does not answer");
  });
  CHECK(broken.error().code == Errc::kIo);
}

TEST_CASE("a damaged state of a table is refused, wherever it is cut or changed", "[replay]") {
  auto table = table_of(prioritised());
  fill(table, 0, 5);
  const auto state = table.save();
  Rng rng(1);
  for (std::size_t cut = 0; cut < state.size(); cut += 7) {
    auto again = table_of(prioritised());
    REQUIRE(again.restore(state.substr(0, cut), stored_from(0)).error().code == Errc::kCorrupt);
  }
  for (int i = 0; i < 200; ++i) {  // refused, or a table that can be sampled
    std::string bad = state;
    bad[rng.below(bad.size())] = static_cast<char>(rng.below(256));
    auto again = table_of(prioritised());
    if (!again.restore(bad, stored_from(0))) continue;
    for (const auto& s : again.sample(20, rng)) REQUIRE(s.group);
  }
}

// A saved table that says what it holds and what can be drawn.
std::string saved_table(const std::vector<std::uint64_t>& held,
                        const std::vector<std::uint64_t>& drawn) {
  std::string items, keys, table;
  for (const auto key : held) {
    append_raw(items, key);
    append_raw(items, std::int64_t{0});
  }
  for (const auto key : drawn) append_raw(keys, key);
  append_raw(table, 1.0);
  append_block(table, items);
  append_block(table, keys);
  return table;
}

TEST_CASE("a saved table that does not agree with itself is refused", "[replay]") {
  const auto restored = [](const std::string& state) {
    auto table = table_of({.selector = "fifo"});
    return table.restore(state, [](std::uint64_t id) -> Result<AttemptGroup> {
      if (id == 9) return fail(Errc::kMissingFile, "evicted");
      return sample_group(id);
    });
  };
  CHECK(restored(saved_table({0, 1, 2}, {2, 1, 0})));
  CHECK(restored(saved_table({0, 1, 9}, {0, 1, 9})));
  for (const auto& state : {saved_table({0, 1}, {0, 2}), saved_table({0, 1}, {0}),
                            saved_table({0}, {0, 1}), saved_table({0, 0}, {0})})
    CHECK(restored(state).error().code == Errc::kCorrupt);
}

}  // namespace
}  // namespace qstar

#include "persistence/replay_buffer.hpp"

#include <catch2/catch.hpp>
#include <map>

#include "persistence/bytes.hpp"
#include "tests/support/attempts.hpp"

namespace qstar {
namespace {

ReplayConfig generous() {
  ReplayConfig config;
  config.policy = {
      .capacity = 100, .max_reuse = 0, .limiter = {.samples_per_insert = 0, .min_size = 1}};
  config.critic = {.selector = "prioritised",
                   .capacity = 100,
                   .limiter = {.samples_per_insert = 0, .min_size = 1}};
  return config;
}

TEST_CASE("groups enter both tables once, the oldest leave them", "[replay]") {
  const TemporaryFolder folder;
  auto config = generous();
  config.policy.capacity = 4;
  auto buffer = ReplayBuffer::open(folder.path(), config, "", true).value();
  CHECK(buffer.insert(sample_groups(0, 6)).value() == 6);
  CHECK(buffer.insert(sample_groups(2, 3)).value() == 0);
  CHECK(buffer.size(Table::kPolicy) == 4);
  CHECK(buffer.size(Table::kCritic) == 6);
  Rng rng(1);
  const auto batch = buffer.sample(Table::kPolicy, 200, 0, rng, true);
  CHECK(batch.size() == 200);
  for (const auto& sampled : batch) {
    CHECK(sampled.group->group >= 2);
    CHECK(*sampled.group == sample_group(sampled.group->group));
    CHECK(sampled.weight == 1);
  }
}

TEST_CASE("a group is used so often and no more", "[replay]") {
  const TemporaryFolder folder;
  auto config = generous();
  config.policy.max_reuse = 3;
  auto buffer = ReplayBuffer::open(folder.path(), config, "", true).value();
  REQUIRE(buffer.insert(sample_groups(0, 5)));
  Rng rng(1);
  std::map<std::uint64_t, int> uses;
  for (const auto& sampled : buffer.sample(Table::kPolicy, 100, 0, rng, true))
    ++uses[sampled.group->group];
  CHECK(uses == std::map<std::uint64_t, int>{{0, 3}, {1, 3}, {2, 3}, {3, 3}, {4, 3}});
  CHECK(buffer.sample(Table::kPolicy, 1, 0, rng, true).empty());
}

TEST_CASE("stale groups are dropped and counted", "[replay]") {
  const TemporaryFolder folder;
  auto buffer = ReplayBuffer::open(folder.path(), generous(), "", true).value();
  REQUIRE(buffer.insert(sample_groups(0, 4, 1)));
  REQUIRE(buffer.insert(sample_groups(4, 4, 2)));
  Rng rng(1);
  const auto batch = buffer.sample(Table::kPolicy, 50, 2, rng, true);
  CHECK(batch.size() == 50);
  for (const auto& sampled : batch) CHECK(sampled.group->group >= 4);
  CHECK(buffer.dropped_stale(Table::kPolicy) == 4);
  CHECK(buffer.size(Table::kPolicy) == 4);
  CHECK(buffer.size(Table::kCritic) == 8);
}

TEST_CASE("what comes late is stale all the same", "[replay]") {
  const TemporaryFolder folder;
  auto buffer = ReplayBuffer::open(folder.path(), generous(), "", true).value();
  const auto of_version = [](std::uint64_t id, std::uint64_t version) {
    auto group = sample_group(id);
    for (auto& attempt : group.attempts)
      for (auto& step : attempt.steps) step.policy_version = version;
    return std::vector<AttemptGroup>{group};
  };
  Rng rng(1);
  REQUIRE(buffer.insert(of_version(1, 5)));
  REQUIRE(buffer.insert(of_version(2, 1)));  // from a slow worker, behind a fresher one
  const auto batch = buffer.sample(Table::kPolicy, 50, 4, rng, true);
  CHECK(batch.size() == 50);
  for (const auto& s : batch) CHECK(s.group->group == 1);
  CHECK(buffer.dropped_stale(Table::kPolicy) == 1);
  REQUIRE(buffer.insert(of_version(3, 3)));  // below the bound when it comes
  CHECK(buffer.size(Table::kPolicy) == 1);
  CHECK(buffer.dropped_stale(Table::kPolicy) == 2);
}

TEST_CASE("a group enters once, as it is stored, in whatever order ids come", "[replay]") {
  const TemporaryFolder folder;
  auto config = generous();
  config.policy.max_reuse = 1;
  std::string state;
  {
    auto buffer = ReplayBuffer::open(folder.path(), config, "", true).value();
    Rng rng(1);
    REQUIRE(buffer.insert(sample_groups(10, 2)).value() == 2);
    CHECK(buffer.sample(Table::kPolicy, 2, 0, rng, true).size() == 2);  // used up: out of the table
    CHECK(buffer.insert(sample_groups(10, 2)).value() == 0);            // delivered a second time
    CHECK(buffer.size(Table::kPolicy) == 0);
    state = buffer.save();
    REQUIRE(buffer.insert(sample_groups(4, 2)).value() == 2);  // older ids, after the checkpoint
  }
  auto buffer = ReplayBuffer::open(folder.path(), config, state, true).value();
  CHECK(buffer.size(Table::kPolicy) == 2);  // those two, and not those that were used up
  auto other = sample_group(7);
  REQUIRE(buffer.store().insert(std::vector<AttemptGroup>{other}));
  other.attempts[0].answer = "made again, differently";
  CHECK(buffer.insert(std::vector<AttemptGroup>{other}).value() == 1);
  Rng rng(1);
  const auto batch = buffer.sample(Table::kCritic, 50, 0, rng, true);
  CHECK(batch.size() == 50);
  for (const auto& s : batch) CHECK(*s.group == sample_group(s.group->group));
}

TEST_CASE("the limiter says when, unless forced", "[replay]") {
  const TemporaryFolder folder;
  auto config = generous();
  config.policy.limiter = {.samples_per_insert = 1, .tolerance = 4, .min_size = 4};
  auto buffer = ReplayBuffer::open(folder.path(), config, "", true).value();
  REQUIRE(buffer.insert(sample_groups(0, 3)));
  Rng rng(1);
  CHECK(buffer.sample(Table::kPolicy, 1, 0, rng).empty());
  CHECK(buffer.sample(Table::kPolicy, 1, 0, rng, true).size() == 1);
  REQUIRE(buffer.insert(sample_groups(3, 5)));
  CHECK(buffer.may_sample(Table::kPolicy, 7));
  CHECK_FALSE(buffer.may_sample(Table::kPolicy, 8));
  CHECK_FALSE(buffer.may_insert(2));
  CHECK(buffer.sample(Table::kPolicy, 8, 0, rng).empty());
  CHECK(buffer.sample(Table::kPolicy, 7, 0, rng).size() == 7);
}

TEST_CASE("surprising groups are sampled more and weighted less", "[replay]") {
  const TemporaryFolder folder;
  auto buffer = ReplayBuffer::open(folder.path(), generous(), "", true).value();
  REQUIRE(buffer.insert(sample_groups(0, 10)));
  std::vector<std::uint64_t> ids;
  std::vector<float> priorities;
  for (std::uint64_t g = 0; g < 10; ++g) {
    ids.push_back(g);
    priorities.push_back(g == 3 ? 1.0F : 0.01F);
  }
  buffer.update_priorities(Table::kCritic, ids, priorities);
  Rng rng(1);
  int surprising = 0;
  for (const auto& sampled : buffer.sample(Table::kCritic, 1000, 0, rng, true)) {
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

TEST_CASE("saved tables sample on as if nothing had happened", "[replay]") {
  const TemporaryFolder folder;
  auto config = generous();
  config.policy.max_reuse = 8;
  std::string state;
  std::vector<std::uint64_t> expected;
  {
    auto buffer = ReplayBuffer::open(folder.path(), config, "", true).value();
    REQUIRE(buffer.insert(sample_groups(0, 20)));
    Rng rng(1);
    buffer.sample(Table::kPolicy, 30, 0, rng, true);
    buffer.update_priorities(Table::kCritic, std::vector<std::uint64_t>{3}, std::vector<float>{5});
    state = buffer.save();
    Rng next(2);
    for (const auto table : {Table::kPolicy, Table::kCritic})
      for (const auto& s : buffer.sample(table, 40, 0, next, true))
        expected.push_back(s.group->group);
    REQUIRE(buffer.insert(sample_groups(20, 5)));  // after the checkpoint
  }
  {
    auto buffer = ReplayBuffer::open(folder.path(), config, state, false).value();
    CHECK(buffer.save() == state);
    Rng next(2);
    std::vector<std::uint64_t> seen;
    for (const auto table : {Table::kPolicy, Table::kCritic})
      for (const auto& s : buffer.sample(table, 40, 0, next, true)) seen.push_back(s.group->group);
    CHECK(seen == expected);
    // Work that is done again enters the tables, though the store has it.
    CHECK(buffer.insert(sample_groups(20, 5)).value() == 5);
  }
  auto adopting = ReplayBuffer::open(folder.path(), config, state, true).value();
  CHECK(adopting.size(Table::kCritic) == 25);
  // A saved state belongs to a store: one that has vanished is not replaced by an empty one.
  CHECK(ReplayBuffer::open(folder.path("other"), config, state, true).error().code ==
        Errc::kMissingFile);
  CHECK_FALSE(std::filesystem::exists(folder.path("other")));
  REQUIRE(ReplayBuffer::open(folder.path("other"), config, "", true));
  CHECK(ReplayBuffer::open(folder.path("other"), config, state.substr(0, 20), true).error().code ==
        Errc::kCorrupt);
}

TEST_CASE("a damaged state of the tables is refused, wherever it is cut or changed", "[replay]") {
  const TemporaryFolder folder;
  std::string state;
  {
    auto buffer = ReplayBuffer::open(folder.path(), generous(), "", true).value();
    REQUIRE(buffer.insert(sample_groups(0, 5)));
    state = buffer.save();
  }
  Rng rng(1);
  for (std::size_t cut = 1; cut < state.size(); cut += 23) {
    const auto opened = ReplayBuffer::open(folder.path(), generous(), state.substr(0, cut), false);
    REQUIRE_FALSE(opened);
    REQUIRE(opened.error().code == Errc::kCorrupt);
  }
  for (int i = 0; i < 60; ++i) {  // refused, or tables that can be sampled
    std::string bad = state;
    bad[rng.below(bad.size())] = static_cast<char>(rng.below(256));
    auto opened = ReplayBuffer::open(folder.path(), generous(), bad, false);
    if (!opened) continue;
    for (const auto table : {Table::kPolicy, Table::kCritic})
      for (const auto& s : opened->sample(table, 20, 0, rng, true)) REQUIRE(s.group->group < 5);
  }
}

TEST_CASE("the oldest groups leave the store, even those that a saved table names", "[replay]") {
  const TemporaryFolder folder;
  auto config = generous();
  config.capacity = 10;
  config.policy.capacity = config.critic.capacity = 10;
  std::string state;
  {
    auto buffer = ReplayBuffer::open(folder.path(), config, "", true).value();
    REQUIRE(buffer.insert(sample_groups(0, 10)));
    state = buffer.save();
    REQUIRE(buffer.insert(sample_groups(10, 4)));
    CHECK(buffer.store().group_ids().value().front() == 4);
    CHECK(buffer.store().group_ids().value().size() == 10);
  }
  auto buffer = ReplayBuffer::open(folder.path(), config, state, false).value();
  CHECK(buffer.size(Table::kPolicy) == 6);
  Rng rng(1);
  const auto batch = buffer.sample(Table::kCritic, 50, 0, rng, true);
  CHECK(batch.size() == 50);
  for (const auto& s : batch) CHECK(s.group->group >= 4);
}

// Saved tables that say what they hold and what can be drawn.
std::string saved_tables(const std::vector<std::uint64_t>& held,
                         const std::vector<std::uint64_t>& drawn) {
  std::string items, keys, table, seen, state;
  for (const auto key : held) {
    append_raw(items, key);
    append_raw(items, std::int64_t{0});
  }
  for (const auto key : drawn) append_raw(keys, key);
  append_block(table, RateLimiter({}).save());
  append_raw(table, std::int64_t{0});
  append_raw(table, 1.0);
  append_block(table, items);
  append_block(table, keys);
  append_raw(seen, std::uint64_t{3});
  append_block(state, seen);
  append_block(state, table);
  append_block(state, table);
  return state;
}

TEST_CASE("saved tables that do not agree with themselves are refused", "[replay]") {
  const TemporaryFolder folder;
  auto config = generous();
  config.critic.selector = "fifo";
  {
    auto buffer = ReplayBuffer::open(folder.path(), config, "", true).value();
    REQUIRE(buffer.insert(sample_groups(0, 3)));
  }
  const auto opened = [&](const std::string& state) {
    return ReplayBuffer::open(folder.path(), config, state, false);
  };
  CHECK(opened(saved_tables({0, 1, 2}, {2, 1, 0}))->size(Table::kPolicy) == 3);
  CHECK(opened(saved_tables({0, 1, 9}, {0, 1, 9}))->size(Table::kPolicy) == 2);  // 9 was evicted
  for (const auto& state : {saved_tables({0, 1}, {0, 2}), saved_tables({0, 1}, {0}),
                            saved_tables({0}, {0, 1}), saved_tables({0, 0}, {0})}) {
    const auto refused = opened(state);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == Errc::kCorrupt);
  }
}

}  // namespace
}  // namespace qstar

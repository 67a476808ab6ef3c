// The store and its tables against RocksDB alone, with the same bytes: what encoding, indexes,
// tables and decoding cost on top of the database.
#include <benchmark/benchmark.h>
#include <rocksdb/db.h>
#include <rocksdb/write_batch.h>

#include "persistence/replay_table.hpp"
#include "persistence/store.hpp"
#include "tests/support/attempts.hpp"

namespace {

using namespace qstar;
using namespace qstar::persistence;

constexpr std::uint64_t kBatch = 32;  // groups an insert, as a rollout's lease brings them
constexpr std::uint32_t kAttempts = 8;

// Attempts of the shape of the quickstart's: 8 a group, 4 steps of 5 tokens.
AttemptGroup group_of(std::uint64_t id) {
  AttemptGroup group{id, {}};
  for (std::uint32_t s = 0; s < kAttempts; ++s) {
    Trajectory attempt = sample_attempt(id, s);
    attempt.steps.resize(4);
    for (auto& step : attempt.steps) {
      step.text = "12-3";
      step.tokens.assign(5, 7);
      step.logprobs.assign(5, -0.25F);
    }
    group.attempts.push_back(std::move(attempt));
  }
  return group;
}

std::vector<AttemptGroup> batch_of(std::uint64_t first) {
  std::vector<AttemptGroup> groups;
  for (std::uint64_t g = first; g < first + kBatch; ++g) groups.push_back(group_of(g));
  return groups;
}

void report(benchmark::State& state, double groups) {
  using benchmark::Counter;
  state.counters["groups/s"] = Counter(groups, Counter::kIsRate);
  state.counters["attempts/s"] = Counter(groups * kAttempts, Counter::kIsRate);
}

std::unique_ptr<rocksdb::DB> open_raw(const std::string& path) {
  rocksdb::Options options;
  options.create_if_missing = true;
  rocksdb::DB* db = nullptr;
  const auto opened = rocksdb::DB::Open(options, path, &db);
  QSTAR_ASSERT(opened.ok(), opened.ToString());
  return std::unique_ptr<rocksdb::DB>(db);
}

std::string key_of(const Trajectory& attempt) {
  std::string key(12, '\0');
  for (int i = 0; i < 8; ++i)
    key[static_cast<std::size_t>(7 - i)] = static_cast<char>(attempt.id.group >> (8 * i));
  key[11] = static_cast<char>(attempt.id.sample);
  return key;
}

void insert_raw(benchmark::State& state) {
  const TemporaryFolder folder;
  const auto db = open_raw(folder.path("raw"));
  std::uint64_t next = 0;
  for (auto _ : state) {
    state.PauseTiming();
    std::vector<std::pair<std::string, std::string>> records;
    for (const auto& group : batch_of(next))
      for (const auto& attempt : group.attempts)
        records.emplace_back(key_of(attempt), encode(attempt));
    next += kBatch;
    state.ResumeTiming();
    rocksdb::WriteBatch batch;
    for (const auto& [key, record] : records) batch.Put(key, record);
    QSTAR_ASSERT(db->Write({}, &batch).ok(), "write");
  }
  report(state, static_cast<double>(next));
}
BENCHMARK(insert_raw)->UseRealTime()->Unit(benchmark::kMicrosecond);

// The cost of making the records, which any store of structured attempts pays.
void encode_only(benchmark::State& state) {
  std::uint64_t next = 0;
  const auto groups = batch_of(0);
  for (auto _ : state) {
    for (const auto& group : groups)
      for (const auto& attempt : group.attempts) benchmark::DoNotOptimize(encode(attempt));
    next += kBatch;
  }
  report(state, static_cast<double>(next));
}
BENCHMARK(encode_only)->UseRealTime()->Unit(benchmark::kMicrosecond);

void insert(benchmark::State& state) {
  const TemporaryFolder folder;
  auto store = Store::open(folder.path("store"), Store::Mode::kWrite).value();
  auto policy = ReplayTable::make({.max_reuse = 8}).value();
  auto critic = ReplayTable::make({.selector = "prioritised", .capacity = 8192}).value();
  std::uint64_t next = 0;
  for (auto _ : state) {
    state.PauseTiming();
    auto groups = batch_of(next);
    next += kBatch;
    state.ResumeTiming();
    QSTAR_ASSERT(store.insert(pack(groups)).has_value(), "insert");
    for (auto& group : groups) {
      const auto shared = std::make_shared<const AttemptGroup>(std::move(group));
      policy.insert(shared);
      critic.insert(shared);
    }
  }
  report(state, static_cast<double>(next));
}
BENCHMARK(insert)->UseRealTime()->Unit(benchmark::kMicrosecond);

constexpr std::uint64_t kStored = 2048;  // groups, as many as the policy's table holds
constexpr std::int64_t kSample = 128;    // groups a sample, as an update takes them

void sample_raw(benchmark::State& state) {
  const TemporaryFolder folder;
  const auto db = open_raw(folder.path("raw"));
  for (std::uint64_t g = 0; g < kStored; ++g)
    for (const auto& attempt : group_of(g).attempts)
      QSTAR_ASSERT(db->Put({}, key_of(attempt), encode(attempt)).ok(), "write");
  Rng rng(1);
  double groups = 0;
  for (auto _ : state) {
    std::string record;
    for (std::int64_t i = 0; i < kSample; ++i) {
      Trajectory attempt;
      attempt.id.group = rng.below(kStored);
      for (attempt.id.sample = 0; attempt.id.sample < kAttempts; ++attempt.id.sample)
        QSTAR_ASSERT(db->Get({}, key_of(attempt), &record).ok(), "read");
    }
    groups += static_cast<double>(kSample);
  }
  report(state, groups);
}
BENCHMARK(sample_raw)->UseRealTime()->Unit(benchmark::kMicrosecond);

// Argument: 0 for the policy's uniform table, 1 for the critic's prioritised one.
void sample(benchmark::State& state) {
  const TableConfig uniform, prioritised{.selector = "prioritised", .capacity = 8192};
  auto table = ReplayTable::make(state.range(0) == 0 ? uniform : prioritised).value();
  for (std::uint64_t g = 0; g < kStored; ++g)
    table.insert(std::make_shared<const AttemptGroup>(group_of(g)));
  Rng rng(1);
  double groups = 0;
  for (auto _ : state) groups += static_cast<double>(table.sample(kSample, rng).size());
  report(state, groups);
}
BENCHMARK(sample)->Arg(0)->Arg(1)->UseRealTime()->Unit(benchmark::kMicrosecond);

}  // namespace

BENCHMARK_MAIN();

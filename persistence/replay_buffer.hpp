// The replay buffer: a store, and tables over it.
//
// Items are attempt groups. The policy's table samples uniformly from recent groups with bounded
// reuse; the critic's table is prioritised by TD error. Each table has its own limiter. The buffer
// is single-threaded; an actor holds it. The groups in a table are kept decoded in memory, so
// sampling does not read from disk.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/config.hpp"
#include "core/result.hpp"
#include "core/trajectory.hpp"
#include "persistence/rate_limiter.hpp"
#include "persistence/selectors.hpp"
#include "persistence/store.hpp"

namespace qstar {

struct TableConfig {
  std::string selector = "uniform";
  double alpha = 0.6;            // prioritised: exponent on the priority
  double beta = 0.4;             // prioritised: importance-sampling exponent
  std::int64_t capacity = 2048;  // groups; the oldest leaves the table, not the store
  std::int64_t max_reuse = 0;    // samples of one group before it leaves the table; 0: no limit
  RateLimiterConfig limiter{};
  void describe(FieldVisitor& v);
  friend bool operator==(const TableConfig&, const TableConfig&) = default;
};

struct ReplayConfig {
  std::int64_t capacity = 1'000'000;  // groups kept in the store; the oldest are evicted
  bool sync = false;
  TableConfig policy{.max_reuse = 8};
  // The critic samples once per version of the policy, and makes nobody wait.
  TableConfig critic{
      .selector = "prioritised", .capacity = 8192, .limiter = {.samples_per_insert = 0}};
  void describe(FieldVisitor& v);
  friend bool operator==(const ReplayConfig&, const ReplayConfig&) = default;
};

enum class Table : std::uint8_t { kPolicy, kCritic };

struct SampledGroup {
  std::shared_ptr<const AttemptGroup> group;
  float weight = 1;  // importance-sampling weight, normalised to a maximum of 1 in the batch
};

class ReplayBuffer {
 public:
  // Opens or creates the store; groups already there enter the tables (oldest first) unless
  // `state` (from save()) says which were in them: then exactly those, and the rest only when
  // `adopt_unknown`. With a `state`, a store that is not there is an error (kMissingFile).
  static Result<ReplayBuffer> open(const std::string& path, const ReplayConfig& config,
                                   std::string_view state, bool adopt_unknown);

  // Durable first, then in the tables; a group that has been in them is ignored. Returns how many
  // were new to the tables.
  Result<std::int64_t> insert(std::span<const AttemptGroup> groups);
  // `n` groups, with replacement; empty when the limiter says wait, fewer when bounded reuse leaves
  // no more. `min_version`: groups made by older weights are dropped from the table and counted
  // instead of being returned (the staleness bound). `force` samples up to n groups without asking
  // the limiter.
  std::vector<SampledGroup> sample(Table table, std::int64_t n, std::uint64_t min_version, Rng& rng,
                                   bool force = false);
  void update_priorities(Table table, std::span<const std::uint64_t> groups,
                         std::span<const float> priorities);
  bool may_insert(std::int64_t groups) const;  // both tables' limiters
  bool may_sample(Table table, std::int64_t n) const;

  std::int64_t size(Table table) const;
  const RateLimiter& limiter(Table table) const;
  std::int64_t dropped_stale(Table table) const;
  std::string save() const;  // tables, limiters and counters as bytes
  Store& store();

  ~ReplayBuffer();
  ReplayBuffer(ReplayBuffer&&) noexcept;
  ReplayBuffer& operator=(ReplayBuffer&&) noexcept;

 private:
  struct Impl;
  explicit ReplayBuffer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace qstar

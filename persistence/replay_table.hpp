// A table of the replay buffer: the attempt groups that a learner may sample, over a store that
// keeps them all.
//
// A critic's table is prioritised by TD error; others may sample uniformly, with bounded reuse. The
// groups in a table are kept decoded in memory, so sampling does not read from disk.
// Single-threaded; each learner owns its table.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/config.hpp"
#include "core/result.hpp"
#include "data/trajectory.hpp"
#include "persistence/selectors.hpp"

namespace qstar::persistence {

struct TableConfig {
  std::string selector = "uniform";
  double alpha = 0.6;            // prioritised: exponent on the priority
  double beta = 0.4;             // prioritised: importance-sampling exponent
  std::int64_t capacity = 2048;  // groups; the oldest leaves the table, not the store
  std::int64_t max_reuse = 0;    // samples of one group before it leaves the table; 0: no limit
  void describe(FieldVisitor& v);
  friend bool operator==(const TableConfig&, const TableConfig&) = default;
};

struct SampledGroup {
  std::shared_ptr<const AttemptGroup> group;
  float weight = 1;  // importance-sampling weight, normalised to a maximum of 1 in the batch
};

class ReplayTable {
 public:
  // kConfig: no such selector.
  static Result<ReplayTable> make(const TableConfig& config);

  // A group that is in the table already is ignored.
  void insert(std::shared_ptr<const AttemptGroup> group);
  // `n` groups, with replacement; fewer when bounded reuse leaves no more.
  std::vector<SampledGroup> sample(std::int64_t n, Rng& rng);
  void update_priorities(std::span<const std::uint64_t> groups, std::span<const float> priorities);

  std::int64_t size() const { return static_cast<std::int64_t>(items_.size()); }

  // The state as bytes; the groups themselves are read from the store again.
  std::string save() const;
  // Into a table that was just made. `stored` gives a group of the store; kMissingFile: it was
  // evicted. kCorrupt: the bytes are not those of save().
  using Stored = std::function<Result<AttemptGroup>(std::uint64_t group)>;
  Status restore(std::string_view bytes, const Stored& stored);

 private:
  ReplayTable(const TableConfig& config, std::unique_ptr<Selector> selector)
      : config_(config), selector_(std::move(selector)) {}
  void erase(std::uint64_t key);
  bool selects_what_it_holds() const;
  void drop_oldest();
  void forget_left();

  struct Item {
    std::shared_ptr<const AttemptGroup> group;
    std::int64_t reuse = 0;
  };
  TableConfig config_;
  std::unique_ptr<Selector> selector_;
  std::unordered_map<std::uint64_t, Item> items_;
  std::deque<std::uint64_t> order_;  // of insertion; may name groups that have left
  double max_priority_ = 1;
};

}  // namespace qstar::persistence

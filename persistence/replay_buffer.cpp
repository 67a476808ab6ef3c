#include "persistence/replay_buffer.hpp"

#include <algorithm>
#include <cmath>
#include <deque>
#include <set>
#include <unordered_map>

#include "persistence/bytes.hpp"

namespace qstar {

void TableConfig::describe(FieldVisitor& v) {
  v.value({"selector",
           "Rule that selects the next group to sample",
           {},
           {},
           "uniform|prioritised|fifo|lifo"},
          selector);
  v.value({"alpha", "Exponent of the priority (prioritised only)", 0, 1}, alpha);
  v.value({"beta", "Exponent of the importance weight (prioritised only)", 0, 1}, beta);
  v.value({"capacity", "Number of groups in the table; the oldest leave the table, not the store",
           1, 1e9},
          capacity);
  v.value({"max_reuse", "Number of samples of one group before it leaves the table; 0: no limit", 0,
           1e9},
          max_reuse);
  section(v, "limiter", "Balance between inserting and sampling", limiter);
}

void ReplayConfig::describe(FieldVisitor& v) {
  v.value({"capacity", "Number of groups kept in the store; the oldest are evicted", 1, 1e12},
          capacity);
  v.value({"sync", "Sync to disk before acknowledging, to survive a loss of power as well"}, sync);
  section(v, "policy", "Table that the policy learns from", policy);
  section(v, "critic", "Table that the critic learns from", critic);
}

namespace {

using GroupPtr = std::shared_ptr<const AttemptGroup>;

// The newest weights that made any step: what staleness is measured by.
struct Item {
  GroupPtr group;
  std::uint64_t version = 0;
  std::int64_t reuse = 0;
};

class ReplayTable {
 public:
  ReplayTable(const TableConfig& config, std::unique_ptr<Selector> selector)
      : config_(config), selector_(std::move(selector)), limiter_(config.limiter) {}

  void insert(const GroupPtr& group) {
    const std::uint64_t version = group->policy_version();
    if (version < min_version_) {
      ++dropped_;
      return;
    }
    if (!items_.emplace(group->group, Item{group, version, 0}).second) return;
    selector_->insert(group->group, max_priority_);
    order_.push_back(group->group);
    limiter_.inserted(1);
    while (static_cast<std::int64_t>(items_.size()) > config_.capacity) drop_oldest();
  }

  std::vector<SampledGroup> sample(std::int64_t n, std::uint64_t min_version, Rng& rng,
                                   bool force) {
    drop_stale(min_version);
    if (items_.empty() || (!force && !limiter_.may_sample(n))) return {};
    std::vector<SampledGroup> batch;
    double largest = 0;
    for (std::int64_t i = 0; i < n && !items_.empty(); ++i) {
      const Sampled drawn = selector_->sample(rng);
      Item& item = items_.at(drawn.key);
      const double weight =
          std::pow(static_cast<double>(items_.size()) * drawn.probability, -config_.beta);
      batch.push_back({item.group, static_cast<float>(weight)});
      largest = std::max(largest, weight);
      limiter_.sampled(1);
      if (config_.max_reuse > 0 && ++item.reuse >= config_.max_reuse) erase(drawn.key);
    }
    for (auto& sampled : batch) sampled.weight = static_cast<float>(sampled.weight / largest);
    return batch;
  }

  void update(std::uint64_t group, double priority) {
    max_priority_ = std::max(max_priority_, priority);
    selector_->update(group, priority);
  }

  std::int64_t size() const { return static_cast<std::int64_t>(items_.size()); }
  const RateLimiter& limiter() const { return limiter_; }
  std::int64_t dropped() const { return dropped_; }

  std::string save() const {
    std::string out, items;
    append_block(out, limiter_.save());
    append_raw(out, dropped_);
    append_raw(out, max_priority_);
    for (const auto key : order_) {
      if (const auto it = items_.find(key); it != items_.end()) {
        append_raw(items, key);
        append_raw(items, it->second.reuse);
      }
    }
    append_block(out, items);
    append_block(out, selector_->save());
    return out;
  }

  Status restore(std::string_view bytes, const Store& store) {
    std::string_view limiter, items, selector;
    const auto damaged = fail(Errc::kCorrupt, "the saved replay tables are damaged");
    if (!take_block(bytes, limiter) || !take_raw(bytes, dropped_) ||
        !take_raw(bytes, max_priority_) || !take_block(bytes, items) ||
        !take_block(bytes, selector) || !bytes.empty()) {
      return damaged;
    }
    if (auto restored = selector_->restore(selector); !restored) return restored;
    std::uint64_t key = 0;
    std::int64_t reuse = 0;
    while (!items.empty()) {
      if (!take_raw(items, key) || !take_raw(items, reuse) || items_.contains(key)) return damaged;
      auto group = store.get(key);
      if (!group && group.error().code == Errc::kMissingFile) {
        selector_->erase(key);  // evicted from the store after the state was saved
        continue;
      }
      if (!group) return tl::unexpected(group.error());
      const auto version = group->policy_version();
      items_[key] = {std::make_shared<AttemptGroup>(std::move(*group)), version, reuse};
      order_.push_back(key);
    }
    if (!selects_what_it_holds()) return damaged;
    return limiter_.restore(limiter);
  }

 private:
  void erase(std::uint64_t key) {
    selector_->erase(key);
    items_.erase(key);
  }

  // Whether the selector has every item and nothing else.
  bool selects_what_it_holds() const {
    const auto copy = make_selector(config_.selector, config_.alpha);
    if (!copy || !(*copy)->restore(selector_->save())) return false;
    for (const auto& [key, item] : items_) (*copy)->erase(key);
    return (*copy)->size() == 0 && selector_->size() == items_.size();
  }

  void drop_oldest() {
    erase(order_.front());
    order_.pop_front();
  }

  // What comes late from a slow worker may be older than what came before it: all are looked at.
  void drop_stale(std::uint64_t min_version) {
    const bool crowded = order_.size() > 2 * items_.size() + 64;  // mostly by groups that have left
    if (min_version <= min_version_ && !crowded) return;
    min_version_ = std::max(min_version_, min_version);
    std::erase_if(order_, [this](std::uint64_t key) {
      const auto it = items_.find(key);
      if (it == items_.end()) return true;
      if (it->second.version >= min_version_) return false;
      ++dropped_;
      erase(key);
      return true;
    });
  }

  TableConfig config_;
  std::unique_ptr<Selector> selector_;
  RateLimiter limiter_;
  std::unordered_map<std::uint64_t, Item> items_;
  std::deque<std::uint64_t> order_;  // of insertion; may name groups that have left
  std::int64_t dropped_ = 0;
  std::uint64_t min_version_ = 0;  // the bound on staleness so far
  double max_priority_ = 1;
};

Result<std::unique_ptr<ReplayTable>> make_table(const TableConfig& config) {
  auto selector = make_selector(config.selector, config.alpha);
  if (!selector) return tl::unexpected(selector.error());
  return std::make_unique<ReplayTable>(config, std::move(*selector));
}

// Which group ids have been seen. They come nearly in order, so few are held one by one.
class SeenGroups {
 public:
  bool add(std::uint64_t id) {  // false when it was seen before
    if (id < below_ || !above_.insert(id).second) return false;
    for (auto it = above_.begin(); it != above_.end() && *it == below_; it = above_.erase(it))
      ++below_;
    return true;
  }
  std::uint64_t first_unseen() const { return below_; }

  std::string save() const {
    std::string out;
    append_raw(out, below_);
    for (const auto id : above_) append_raw(out, id);
    return out;
  }
  bool restore(std::string_view bytes) {
    if (!take_raw(bytes, below_)) return false;
    std::uint64_t id = 0;
    while (take_raw(bytes, id)) above_.insert(id);
    return bytes.empty();
  }

 private:
  std::uint64_t below_ = 0;  // all below it
  std::set<std::uint64_t> above_;
};

}  // namespace

struct ReplayBuffer::Impl {
  ReplayConfig config;
  Store store;
  std::unique_ptr<ReplayTable> policy, critic;
  std::set<std::uint64_t> stored;  // groups in the store
  SeenGroups seen;                 // groups that have entered the tables, now or earlier

  ReplayTable& table(Table t) { return t == Table::kPolicy ? *policy : *critic; }

  void enter(AttemptGroup group) {
    const auto shared = std::make_shared<const AttemptGroup>(std::move(group));
    policy->insert(shared);
    critic->insert(shared);
  }

  Status restore(std::string_view state) {
    std::string_view ids, first, second;
    if (!take_block(state, ids) || !seen.restore(ids) || !take_block(state, first) ||
        !take_block(state, second) || !state.empty()) {
      return fail(Errc::kCorrupt, "the saved replay tables are damaged");
    }
    if (auto restored = policy->restore(first, store); !restored) return restored;
    return critic->restore(second, store);
  }

  // Groups in the store that the saved tables had not seen.
  Status adopt() {
    return store.scan(seen.first_unseen(), [this](const AttemptGroup& group) {
      if (seen.add(group.group)) enter(group);
      return true;
    });
  }

  Status evict() {
    std::vector<std::uint64_t> oldest;
    while (static_cast<std::int64_t>(stored.size()) > config.capacity) {
      oldest.push_back(*stored.begin());
      stored.erase(stored.begin());
    }
    return oldest.empty() ? Status{} : store.erase(oldest);
  }
};

ReplayBuffer::ReplayBuffer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
ReplayBuffer::~ReplayBuffer() = default;
ReplayBuffer::ReplayBuffer(ReplayBuffer&&) noexcept = default;
ReplayBuffer& ReplayBuffer::operator=(ReplayBuffer&&) noexcept = default;

Result<ReplayBuffer> ReplayBuffer::open(const std::string& path, const ReplayConfig& config,
                                        std::string_view state, bool adopt_unknown) {
  auto policy = make_table(config.policy);
  auto critic = make_table(config.critic);
  if (!policy) return tl::unexpected(policy.error());
  if (!critic) return tl::unexpected(critic.error());
  auto store =
      Store::open(path, Store::Mode::kWrite, {.sync = config.sync, .must_exist = !state.empty()});
  if (!store) return tl::unexpected(store.error());
  auto ids = store->group_ids();
  if (!ids) return tl::unexpected(ids.error());
  auto impl = std::make_unique<Impl>(Impl{config,
                                          std::move(*store),
                                          std::move(*policy),
                                          std::move(*critic),
                                          {ids->begin(), ids->end()},
                                          {}});
  if (!state.empty()) {
    if (auto restored = impl->restore(state); !restored) return tl::unexpected(restored.error());
  }
  if (adopt_unknown) {
    if (auto adopted = impl->adopt(); !adopted) return tl::unexpected(adopted.error());
  }
  return ReplayBuffer(std::move(impl));
}

Result<std::int64_t> ReplayBuffer::insert(std::span<const AttemptGroup> groups) {
  auto fresh = impl_->store.insert(groups);
  if (!fresh) return tl::unexpected(fresh.error());
  const std::set<std::uint64_t> written(fresh->begin(), fresh->end());
  impl_->stored.insert(written.begin(), written.end());
  std::int64_t entered = 0;
  for (const auto& group : groups) {
    if (group.attempts.empty() || !impl_->seen.add(group.group)) continue;
    // What is learned from is what is stored, also when the same work was done twice.
    auto kept =
        written.contains(group.group) ? Result<AttemptGroup>(group) : impl_->store.get(group.group);
    if (!kept) return tl::unexpected(kept.error());
    impl_->enter(std::move(*kept));
    ++entered;
  }
  if (auto evicted = impl_->evict(); !evicted) return tl::unexpected(evicted.error());
  return entered;
}

std::vector<SampledGroup> ReplayBuffer::sample(Table table, std::int64_t n,
                                               std::uint64_t min_version, Rng& rng, bool force) {
  return impl_->table(table).sample(n, min_version, rng, force);
}

void ReplayBuffer::update_priorities(Table table, std::span<const std::uint64_t> groups,
                                     std::span<const float> priorities) {
  for (std::size_t i = 0; i < groups.size(); ++i)
    impl_->table(table).update(groups[i], priorities[i]);
}

bool ReplayBuffer::may_insert(std::int64_t groups) const {
  return impl_->policy->limiter().may_insert(groups) && impl_->critic->limiter().may_insert(groups);
}
bool ReplayBuffer::may_sample(Table table, std::int64_t n) const {
  return impl_->table(table).limiter().may_sample(n);
}
std::int64_t ReplayBuffer::size(Table table) const { return impl_->table(table).size(); }
const RateLimiter& ReplayBuffer::limiter(Table table) const {
  return impl_->table(table).limiter();
}
std::int64_t ReplayBuffer::dropped_stale(Table table) const {
  return impl_->table(table).dropped();
}

std::string ReplayBuffer::save() const {
  std::string out;
  append_block(out, impl_->seen.save());
  append_block(out, impl_->policy->save());
  append_block(out, impl_->critic->save());
  return out;
}

Store& ReplayBuffer::store() { return impl_->store; }

}  // namespace qstar

#include "persistence/replay_table.hpp"

#include <algorithm>
#include <cmath>

#include "persistence/bytes.hpp"

namespace qstar::persistence {

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
}

Result<ReplayTable> ReplayTable::make(const TableConfig& config) {
  auto selector = make_selector(config.selector, config.alpha);
  if (!selector) return tl::unexpected(selector.error());
  return ReplayTable(config, std::move(*selector));
}

void ReplayTable::insert(std::shared_ptr<const AttemptGroup> group) {
  const std::uint64_t key = group->group;
  if (!items_.emplace(key, Item{std::move(group), 0}).second) return;
  selector_->insert(key, max_priority_);
  order_.push_back(key);
  while (size() > config_.capacity) drop_oldest();
}

std::vector<SampledGroup> ReplayTable::sample(std::int64_t n, Rng& rng) {
  forget_left();
  std::vector<SampledGroup> batch;
  double largest = 0;
  for (std::int64_t i = 0; i < n && !items_.empty(); ++i) {
    const Sampled drawn = selector_->sample(rng);
    Item& item = items_.at(drawn.key);
    const double weight =
        std::pow(static_cast<double>(items_.size()) * drawn.probability, -config_.beta);
    batch.push_back({item.group, static_cast<float>(weight)});
    largest = std::max(largest, weight);
    if (config_.max_reuse > 0 && ++item.reuse >= config_.max_reuse) erase(drawn.key);
  }
  for (auto& sampled : batch) sampled.weight = static_cast<float>(sampled.weight / largest);
  return batch;
}

void ReplayTable::update_priorities(std::span<const std::uint64_t> groups,
                                    std::span<const float> priorities) {
  for (std::size_t i = 0; i < groups.size(); ++i) {
    max_priority_ = std::max(max_priority_, static_cast<double>(priorities[i]));
    selector_->update(groups[i], priorities[i]);
  }
}

std::string ReplayTable::save() const {
  std::string out, items;
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

Status ReplayTable::restore(std::string_view bytes, const Stored& stored) {
  std::string_view items, selector;
  const auto damaged = fail(Errc::kCorrupt, "the saved replay table is damaged");
  if (!take_raw(bytes, max_priority_) || !take_block(bytes, items) ||
      !take_block(bytes, selector) || !bytes.empty()) {
    return damaged;
  }
  if (auto restored = selector_->restore(selector); !restored) return restored;
  std::uint64_t key = 0;
  std::int64_t reuse = 0;
  while (!items.empty()) {
    if (!take_raw(items, key) || !take_raw(items, reuse) || items_.contains(key)) return damaged;
    auto group = stored(key);
    if (!group && group.error().code == Errc::kMissingFile) {
      selector_->erase(key);  // evicted from the store after the state was saved
      continue;
    }
    if (!group) return tl::unexpected(group.error());
    items_[key] = {std::make_shared<AttemptGroup>(std::move(*group)), reuse};
    order_.push_back(key);
  }
  return selects_what_it_holds() ? Status{} : damaged;
}

void ReplayTable::erase(std::uint64_t key) {
  selector_->erase(key);
  items_.erase(key);
}

// Whether the selector has every item and nothing else.
bool ReplayTable::selects_what_it_holds() const {
  const auto copy = make_selector(config_.selector, config_.alpha);
  if (!copy || !(*copy)->restore(selector_->save())) return false;
  for (const auto& [key, item] : items_) (*copy)->erase(key);
  return (*copy)->size() == 0 && selector_->size() == items_.size();
}

void ReplayTable::drop_oldest() {
  erase(order_.front());
  order_.pop_front();
}

// Once most of the order names groups that have left.
void ReplayTable::forget_left() {
  if (order_.size() <= 2 * items_.size() + 64) return;
  std::erase_if(order_, [this](std::uint64_t key) { return !items_.contains(key); });
}

}  // namespace qstar::persistence

#include "persistence/selectors.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <unordered_map>
#include <unordered_set>

#include "persistence/bytes.hpp"

namespace qstar::persistence {
namespace {

constexpr double kMinPriority = 1e-6;  // an item with no error left must stay reachable
constexpr double kMaxPriority = 1e6;
constexpr double kMaxWeight = 1e12;  // of a saved item; far above what any exponent gives

tl::unexpected<Error> damaged_selector() { return fail(Errc::kCorrupt, "a saved selector is damaged"); }

struct Saved {
  std::uint64_t key = 0;
  double weight = 1;
};

// Distinct keys, each with a weight behind it when `weighted`; nothing of anything else.
Result<std::vector<Saved>> parse_saved(std::string_view bytes, bool weighted) {
  std::vector<Saved> items;
  std::unordered_set<std::uint64_t> seen;
  while (!bytes.empty()) {
    Saved item;
    if (!take_raw(bytes, item.key) || (weighted && !take_raw(bytes, item.weight))) return damaged_selector();
    if (!(item.weight > 0) || item.weight > kMaxWeight || !seen.insert(item.key).second)
      return damaged_selector();
    items.push_back(item);
  }
  return items;
}

// Keys in slots; erasing moves the last one into the hole.
class Uniform : public Selector {
 public:
  void insert(std::uint64_t key, double) override {
    slot_[key] = keys_.size();
    keys_.push_back(key);
  }
  void update(std::uint64_t, double) override {}
  void erase(std::uint64_t key) override {
    const auto it = slot_.find(key);
    if (it == slot_.end()) return;
    const std::size_t hole = it->second;
    slot_[keys_.back()] = hole;
    keys_[hole] = keys_.back();
    keys_.pop_back();
    slot_.erase(key);
  }
  Sampled sample(Rng& rng) const override {
    return {keys_[rng.below(keys_.size())], 1.0 / static_cast<double>(keys_.size())};
  }
  std::size_t size() const override { return keys_.size(); }
  std::string save() const override {
    std::string out;
    for (const auto key : keys_) append_raw(out, key);
    return out;
  }
  Status restore(std::string_view bytes) override {
    const auto saved = parse_saved(bytes, false);
    if (!saved) return tl::unexpected(saved.error());
    *this = Uniform();
    for (const auto& item : *saved) insert(item.key, 1);
    return {};
  }

 private:
  std::vector<std::uint64_t> keys_;
  std::unordered_map<std::uint64_t, std::size_t> slot_;
};

// A binary tree of sums over the slots: sampling and updating cost log n.
class Prioritised : public Selector {
 public:
  explicit Prioritised(double alpha) : alpha_(alpha) {}
  void insert(std::uint64_t key, double priority) override {
    if (keys_.size() == capacity_) grow();
    slot_[key] = keys_.size();
    keys_.push_back(key);
    set(keys_.size() - 1, weight(priority));
  }
  void update(std::uint64_t key, double priority) override {
    const auto it = slot_.find(key);
    if (it != slot_.end()) set(it->second, weight(priority));
  }
  void erase(std::uint64_t key) override {
    const auto it = slot_.find(key);
    if (it == slot_.end()) return;
    const std::size_t hole = it->second, last = keys_.size() - 1;
    slot_[keys_[last]] = hole;
    keys_[hole] = keys_[last];
    set(hole, sums_[capacity_ + last]);
    set(last, 0);
    keys_.pop_back();
    slot_.erase(key);
  }
  Sampled sample(Rng& rng) const override {
    double target = rng.uniform() * sums_[1];
    std::size_t node = 1;
    while (node < capacity_) {
      node *= 2;
      // Rounding may leave a target beyond the left sum with nothing on the right.
      if (target >= sums_[node] && sums_[node + 1] > 0) target -= sums_[node++];
    }
    const std::size_t slot = std::min(node - capacity_, keys_.size() - 1);
    return {keys_[slot], sums_[capacity_ + slot] / sums_[1]};
  }
  std::size_t size() const override { return keys_.size(); }
  std::string save() const override {
    std::string out;
    for (std::size_t i = 0; i < keys_.size(); ++i) {
      append_raw(out, keys_[i]);
      append_raw(out, sums_[capacity_ + i]);
    }
    return out;
  }
  Status restore(std::string_view bytes) override {
    const auto saved = parse_saved(bytes, true);
    if (!saved) return tl::unexpected(saved.error());
    *this = Prioritised(alpha_);
    for (const auto& item : *saved) {
      insert(item.key, 1);
      set(keys_.size() - 1, item.weight);
    }
    return {};
  }

 private:
  double weight(double priority) const {
    const double known = priority > kMinPriority ? priority : kMinPriority;  // NaN: not known
    return std::pow(std::min(known, kMaxPriority), alpha_);
  }
  void set(std::size_t slot, double w) {
    std::size_t node = capacity_ + slot;
    sums_[node] = w;
    while (node > 1) {
      node /= 2;
      sums_[node] = sums_[2 * node] + sums_[2 * node + 1];
    }
  }
  void grow() {
    const std::vector<double> old(sums_.begin() + static_cast<std::ptrdiff_t>(capacity_),
                                  sums_.end());
    capacity_ *= 2;
    sums_.assign(2 * capacity_, 0);
    std::copy(old.begin(), old.end(), sums_.begin() + static_cast<std::ptrdiff_t>(capacity_));
    for (std::size_t node = capacity_ - 1; node > 0; --node)
      sums_[node] = sums_[2 * node] + sums_[2 * node + 1];
  }

  double alpha_;
  std::size_t capacity_ = 16;  // a power of two; leaves are at capacity_ + slot
  std::vector<double> sums_ = std::vector<double>(32, 0);
  std::vector<std::uint64_t> keys_;
  std::unordered_map<std::uint64_t, std::size_t> slot_;
};

// By order of insertion; the newest or the oldest is sampled.
class Ordered : public Selector {
 public:
  explicit Ordered(bool newest_first) : newest_first_(newest_first) {}
  void insert(std::uint64_t key, double) override {
    position_[key] = next_;
    order_[next_++] = key;
  }
  void update(std::uint64_t, double) override {}
  void erase(std::uint64_t key) override {
    const auto it = position_.find(key);
    if (it == position_.end()) return;
    order_.erase(it->second);
    position_.erase(it);
  }
  Sampled sample(Rng&) const override {
    return {newest_first_ ? order_.rbegin()->second : order_.begin()->second, 1};
  }
  std::size_t size() const override { return order_.size(); }
  std::string save() const override {
    std::string out;
    for (const auto& [position, key] : order_) append_raw(out, key);
    return out;
  }
  Status restore(std::string_view bytes) override {
    const auto saved = parse_saved(bytes, false);
    if (!saved) return tl::unexpected(saved.error());
    *this = Ordered(newest_first_);
    for (const auto& item : *saved) insert(item.key, 1);
    return {};
  }

 private:
  bool newest_first_;
  std::uint64_t next_ = 0;
  std::map<std::uint64_t, std::uint64_t> order_;  // position -> key
  std::unordered_map<std::uint64_t, std::uint64_t> position_;
};

}  // namespace

std::vector<std::string> selector_names() { return {"uniform", "prioritised", "fifo", "lifo"}; }

Result<std::unique_ptr<Selector>> make_selector(std::string_view name, double alpha) {
  std::unique_ptr<Selector> selector;
  if (name == "uniform") selector = std::make_unique<Uniform>();
  if (name == "prioritised") selector = std::make_unique<Prioritised>(alpha);
  if (name == "fifo") selector = std::make_unique<Ordered>(false);
  if (name == "lifo") selector = std::make_unique<Ordered>(true);
  if (selector) return selector;
  return fail(
      Errc::kConfig,
      fmt::format("selector '{}' is not known: use uniform, prioritised, fifo or lifo", name));
}

}  // namespace qstar::persistence

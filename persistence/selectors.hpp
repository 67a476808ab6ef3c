// Which item to sample next: small, single-threaded, deterministic by the Rng they are given.
//
// After Reverb (Cassirer et al. 2021): a table is a selector for sampling, one for removal, and a
// rate limiter. Items are 64-bit keys (group ids here).
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.hpp"
#include "core/rng.hpp"

namespace qstar::persistence {

struct Sampled {
  std::uint64_t key = 0;
  double probability = 1;  // of this key in this draw
};

class Selector {
 public:
  virtual ~Selector() = default;
  // Priorities are used within [1e-6, 1e6]; NaN counts as the least.
  virtual void insert(std::uint64_t key, double priority) = 0;  // key not present
  virtual void update(std::uint64_t key, double priority) = 0;  // unknown keys are ignored
  virtual void erase(std::uint64_t key) = 0;                    // unknown keys are ignored
  virtual Sampled sample(Rng& rng) const = 0;                   // size() > 0
  virtual std::size_t size() const = 0;
  // Complete state as bytes; restore gives a selector that samples identically. kCorrupt, and
  // nothing changed.
  virtual std::string save() const = 0;
  virtual Status restore(std::string_view bytes) = 0;
};

// "uniform", "prioritised" (sum tree, p^alpha; Schaul et al. 2016), "fifo", "lifo". kConfig
// otherwise.
Result<std::unique_ptr<Selector>> make_selector(std::string_view name, double alpha = 0.6);
std::vector<std::string> selector_names();

}  // namespace qstar::persistence

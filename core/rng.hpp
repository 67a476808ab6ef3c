// Seeds and random numbers that mean the same on every machine.
//
// The standard library's distributions differ between implementations, so a run would not be
// reproducible with them. Here: SplitMix64 (Steele, Lea, Flood 2014) for deriving seeds,
// xoshiro256** (Blackman, Vigna 2018) as the generator, and three distributions with a fixed
// definition.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace qstar {

// One step of SplitMix64's output function: a bijective mix of 64 bits.
std::uint64_t mix64(std::uint64_t x);

// The seed of a sub-stream: derive(seed, "rollout", 7). Streams with different names or indices are
// independent for all practical purposes; the same arguments give the same seed for ever.
std::uint64_t derive_seed(std::uint64_t seed, std::string_view stream, std::uint64_t index = 0);

class Rng {
 public:
  explicit Rng(std::uint64_t seed);

  std::uint64_t next();                  // 64 uniform bits
  std::uint64_t below(std::uint64_t n);  // uniform in [0, n), n > 0, without modulo bias
  std::int64_t between(std::int64_t lo, std::int64_t hi);  // uniform in [lo, hi], lo <= hi
  double uniform();                                        // [0, 1) with 53 bits
  double normal();  // standard normal (Box-Muller, no cached second value)
  bool bernoulli(double p) { return uniform() < p; }

  // The whole state, for checkpoints.
  std::array<std::uint64_t, 4> state() const { return s_; }
  void set_state(const std::array<std::uint64_t, 4>& s) { s_ = s; }

  // Fisher-Yates.
  template <class T>
  void shuffle(std::span<T> items) {
    for (std::size_t i = items.size(); i > 1; --i) std::swap(items[i - 1], items[below(i)]);
  }

 private:
  std::array<std::uint64_t, 4> s_;
};

}  // namespace qstar

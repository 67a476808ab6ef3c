// Finds numbers that are not finite, at the speed of memory: models are scanned whole when they are
// read, and estimates while a search runs.
#pragma once

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace qstar {

// The place of the first number that is infinite or not a number; nothing when all are finite.
inline std::optional<std::size_t> first_not_finite(std::span<const float> values) {
  // The exponent of such a number is all ones: adding one to it sets the sign bit, once the number
  // is without its own. Blocks of a fixed size are what the compiler turns into vectors.
  constexpr std::size_t kBlock = 256;
  std::size_t at = 0;
  for (; at + kBlock <= values.size(); at += kBlock) {
    const float* block = values.data() + at;
    std::uint32_t found = 0;
    for (std::size_t i = 0; i < kBlock; ++i)
      found |= (std::bit_cast<std::uint32_t>(block[i]) & 0x7fffffffU) + 0x00800000U;
    if ((found & 0x80000000U) != 0) break;
  }
  for (; at < values.size(); ++at)
    if (!std::isfinite(values[at])) return at;
  return std::nullopt;
}

// "nan", "inf" or "-inf", for a number that is not finite. Formatting writes some as "-nan".
inline std::string_view name_of_not_finite(double value) {
  if (std::isnan(value)) return "nan";
  return value > 0 ? "inf" : "-inf";
}

}  // namespace qstar

// The part of a matrix product that stays in this machine's registers. For files that are compiled
// for its vector units, and for no header.
#pragma once

#include <cstddef>

namespace qstar::inference {

// How many rows and vectors of sums a matrix product keeps in registers (measured: the best of
// those that divide a block of eight rows and two vectors).
#if defined(__AVX512F__)
inline constexpr std::size_t kTileRows = 8, kTileVectors = 2;  // 16 of 32 registers
#elif defined(__AVX2__) || defined(__aarch64__)
inline constexpr std::size_t kTileRows = 2, kTileVectors = 2;  // 8 of 16, 16 of 32
#else
inline constexpr std::size_t kTileRows = 2, kTileVectors = 1;  // 8 of 16
#endif

}  // namespace qstar::inference

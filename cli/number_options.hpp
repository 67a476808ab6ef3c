// Numbers on the command line: every option states its range and refuses what is outside, what is
// no number, and what is not finite.
#pragma once

#include <CLI/CLI.hpp>

#include <cstdint>
#include <limits>

namespace qstar::cli {

// Without a bound of its own, an option takes whatever its type holds.
inline constexpr std::uint64_t kMaxSeed = std::numeric_limits<std::uint64_t>::max();

// A whole number from min to max, in decimal digits without leading zeros.
CLI::Validator whole_number(std::int64_t min, std::uint64_t max);
// A finite number from min to max; infinity and nan are refused.
CLI::Validator real_number(double min, double max);

}  // namespace qstar::cli

// How a problem and the steps taken at it are one text: ";problem=step=…=step;".
//
// '=' closes a step, ';' opens a problem and closes the last step. That is all a "step" is to a
// language model; everybody who reads or writes such texts does it here.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "data/trajectory.hpp"

namespace qstar {

inline constexpr char kStepSeparator = '=';
inline constexpr char kEndSeparator = ';';

// The prompt for a state: ";problem=step=step=".
std::string prompt_of(std::string_view problem, std::span<const std::string> steps);

// The text of an attempt; without the last separator when the attempt ran out of tokens before it.
std::string text_of(const Trajectory& attempt);

// How many of its steps a separator closes: all, but for the last of an attempt that ran out of
// tokens in the middle of it. Only a closed step can be scored, or gone on from.
std::size_t closed_steps(const Trajectory& attempt);

// Tokens generated for an attempt.
std::size_t tokens_of(const Trajectory& attempt);

// The seed of one attempt: the same group and sample give the same attempt under the same weights.
std::uint64_t attempt_seed(std::uint64_t seed, std::uint64_t group, std::uint32_t sample);

}  // namespace qstar

// Positions written as numbers: of every puzzle but Lights Out.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.hpp"

namespace qstar::environment {

// The next word from `at` on, which then points behind it; empty at the end. Words are separated by
// spaces, commas or line ends.
std::string_view next_word(std::string_view text, std::size_t& at);
// The word as a number; none when it is something else.
std::optional<std::size_t> number_of(std::string_view word);
// The beginning of bad input in quotation marks, safe to show, for messages.
std::string quoted(std::string_view text);

// Reads `count` different numbers from `first` up (count + first at most 256), separated by spaces,
// commas or line ends; gives them less `first`. kBadProblem names the first thing that is wrong:
// something that is no number in range, a wrong count, or a number that occurs twice.
Result<std::vector<std::uint8_t>> parse_permutation(std::string_view text, std::size_t count,
                                                    std::size_t first = 0);

// The numbers plus `first`, separated by single spaces.
std::string permutation_text(std::span<const std::uint8_t> numbers, std::size_t first = 0);

// The same in `width` right-aligned columns, one row per line; a dot stands for `blank`.
std::string permutation_table(std::span<const std::uint8_t> numbers, std::size_t width,
                              std::uint8_t blank);

// Whether an even number of swaps sorts the permutation of 0 .. size - 1.
bool is_even(std::span<const std::uint8_t> permutation);

}  // namespace qstar::environment

#include "environment/puzzle/puzzle_text.hpp"

#include <algorithm>
#include <charconv>

#include "core/printable.hpp"

namespace qstar::environment {
namespace {

constexpr std::string_view kSeparators = " ,\t\r\n";
constexpr std::size_t kQuoted = 20;  // characters of bad input that a message repeats

std::string range_text(std::size_t count, std::size_t first) {
  return std::to_string(first) + " to " + std::to_string(first + count - 1);
}

Status check_all_different(std::span<const std::uint8_t> numbers, std::size_t first) {
  std::vector<bool> seen(numbers.size());
  for (const std::uint8_t number : numbers) {
    if (seen[number]) {
      return fail(Errc::kBadProblem, "the number " + std::to_string(number + first) +
                                         " occurs twice; each number from " +
                                         range_text(numbers.size(), first) + " must occur once");
    }
    seen[number] = true;
  }
  return {};
}

}  // namespace

std::string_view next_word(std::string_view text, std::size_t& at) {
  at = std::min(text.find_first_not_of(kSeparators, at), text.size());
  const std::size_t begin = at;
  at = std::min(text.find_first_of(kSeparators, at), text.size());
  return text.substr(begin, at - begin);
}

std::optional<std::size_t> number_of(std::string_view word) {
  std::size_t number = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), number);
  if (error != std::errc() || end != word.data() + word.size()) return std::nullopt;
  return number;
}

std::string quoted(std::string_view text) { return '"' + printable(text.substr(0, kQuoted)) + '"'; }

Result<std::vector<std::uint8_t>> parse_permutation(std::string_view text, std::size_t count,
                                                    std::size_t first) {
  std::vector<std::uint8_t> numbers;
  std::size_t at = 0, words = 0;
  for (auto word = next_word(text, at); !word.empty(); word = next_word(text, at)) {
    const auto number = number_of(word);
    if (!number || *number < first || *number >= first + count) {
      return fail(Errc::kBadProblem, "number " + std::to_string(words + 1) + ", " + quoted(word) +
                                         ", is not a whole number from " +
                                         range_text(count, first));
    }
    if (++words <= count) numbers.push_back(static_cast<std::uint8_t>(*number - first));
  }
  if (words != count) {
    return fail(Errc::kBadProblem, "a position has " + std::to_string(count) +
                                       " numbers separated by spaces, but this one has " +
                                       std::to_string(words));
  }
  if (auto status = check_all_different(numbers, first); !status) {
    return tl::unexpected(std::move(status.error()));
  }
  return numbers;
}

std::string permutation_text(std::span<const std::uint8_t> numbers, std::size_t first) {
  std::string text;
  for (const std::uint8_t number : numbers) {
    if (!text.empty()) text += ' ';
    text += std::to_string(number + first);
  }
  return text;
}

std::string permutation_table(std::span<const std::uint8_t> numbers, std::size_t width,
                              std::uint8_t blank) {
  const std::size_t digits = std::to_string(numbers.size() - 1).size();
  std::string text;
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    if (i > 0) text += i % width == 0 ? '\n' : ' ';
    const std::string word = numbers[i] == blank ? "." : std::to_string(numbers[i]);
    text.append(digits - word.size(), ' ').append(word);
  }
  return text;
}

bool is_even(std::span<const std::uint8_t> permutation) {
  std::vector<bool> seen(permutation.size());
  bool even = true;
  for (std::size_t start = 0; start < permutation.size(); ++start) {
    // A cycle of k members takes k - 1 swaps.
    for (std::size_t i = start; !seen[i]; i = permutation[i]) {
      seen[i] = true;
      even ^= permutation[i] != start;
    }
  }
  return even;
}

}  // namespace qstar::environment

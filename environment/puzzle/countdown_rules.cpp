#include "environment/puzzle/countdown_rules.hpp"

#include <algorithm>
#include <functional>

#include "environment/puzzle/puzzle_text.hpp"

namespace qstar::environment::countdown {
namespace {

std::optional<std::uint32_t> number_up_to(std::uint32_t most, std::string_view word) {
  const auto number = number_of(word);
  if (!number || *number < 1 || *number > most) return std::nullopt;
  return static_cast<std::uint32_t>(*number);
}

tl::unexpected<Error> not_in_range(const std::string& what, std::string_view word,
                                   std::uint32_t most) {
  return fail(Errc::kBadProblem, what + ", " + quoted(word) + ", is not a whole number from 1 to " +
                                     std::to_string(most));
}

Status read_numbers(std::string_view text, std::size_t most, Position& position) {
  std::size_t at = 0, words = 0;
  for (auto word = next_word(text, at); !word.empty(); word = next_word(text, at)) {
    const auto number = number_up_to(kMaxValue, word);
    if (!number) return not_in_range("number " + std::to_string(words + 1), word, kMaxValue);
    if (++words <= most) position.numbers[words - 1] = *number;
  }
  if (words < 1 || words > most) {
    return fail(Errc::kBadProblem, "a position has 1 to " + std::to_string(most) +
                                       " numbers before the colon, but this one has " +
                                       std::to_string(words));
  }
  position.count = words;
  std::sort(position.numbers.begin(), position.numbers.begin() + static_cast<std::ptrdiff_t>(words),
            std::greater<>());
  return {};
}

Status read_target(std::string_view text, Position& position) {
  std::size_t at = 0;
  const auto word = next_word(text, at);
  if (!next_word(text, at).empty()) {
    return fail(Errc::kBadProblem, "one target is expected after the colon, but there is more");
  }
  const auto target = number_up_to(kMaxTarget, word);
  if (!target) return not_in_range("the target", word, kMaxTarget);
  position.target = *target;
  return {};
}

}  // namespace

bool Position::solved() const {
  return std::find(left().begin(), left().end(), target) != left().end();
}

std::optional<std::uint32_t> Position::value_of(const Combination& c) const {
  if (c.second >= count) return std::nullopt;
  return combined(numbers[c.first], c.op, numbers[c.second]);
}

void Position::replace(const Combination& c, std::uint32_t value) {
  const auto at = [this](std::size_t i) {
    return numbers.begin() + static_cast<std::ptrdiff_t>(i);
  };
  std::copy(at(c.second + 1), at(count), at(c.second));
  std::copy(at(c.first + 1), at(count - 1), at(c.first));
  numbers[--count] = 0;
  std::size_t place = count - 1;
  for (; place > 0 && numbers[place - 1] < value; --place) numbers[place] = numbers[place - 1];
  numbers[place] = value;
}

std::optional<std::uint32_t> combined(std::uint32_t a, char op, std::uint32_t b) {
  if (a == 0 || b == 0) return std::nullopt;
  std::uint64_t value = 0;
  switch (op) {
    case '+': value = std::uint64_t{a} + b; break;
    case '*': value = std::uint64_t{a} * b; break;
    case '-': value = a > b ? a - b : 0; break;
    case '/': value = a % b == 0 ? a / b : 0; break;
    default: break;
  }
  if (value == 0 || value > kMaxValue) return std::nullopt;
  return static_cast<std::uint32_t>(value);
}

std::vector<Combination> combinations(std::size_t numbers) {
  std::vector<Combination> all;
  for (std::size_t i = 0; i < numbers; ++i) {
    for (std::size_t j = i + 1; j < numbers; ++j) {
      for (const char op : kOperators) all.push_back({i, j, op});
    }
  }
  return all;
}

std::vector<Combination> combinations(const Position& position) {
  std::vector<Combination> all = combinations(position.count);
  std::erase_if(all, [&](const Combination& c) { return !position.value_of(c); });
  return all;
}

Position drawn_numbers(std::size_t count, Rng& rng) {
  std::array<std::uint32_t, 4> large = {25, 50, 75, 100};
  std::array<std::uint32_t, 20> small{};
  for (std::size_t i = 0; i < small.size(); ++i) {
    small[i] = static_cast<std::uint32_t>(i / 2 + 1);
  }
  rng.shuffle(std::span<std::uint32_t>(large));
  rng.shuffle(std::span<std::uint32_t>(small));
  const std::size_t larges = rng.below(std::min(count, large.size()) + 1);
  Position position;
  position.count = count;
  for (std::size_t i = 0; i < count; ++i) {
    position.numbers[i] = i < larges ? large[i] : small[i];
  }
  std::sort(position.numbers.begin(), position.numbers.end(), std::greater<>());
  return position;
}

Result<Position> parse(std::string_view text, std::size_t most) {
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos) {
    return fail(
        Errc::kBadProblem,
        "a position is numbers, a colon and a target, such as \"25 6 3:75\", but this one has "
        "no colon");
  }
  Position position;
  if (auto read = read_numbers(text.substr(0, colon), most, position); !read) {
    return tl::unexpected(std::move(read.error()));
  }
  if (auto read = read_target(text.substr(colon + 1), position); !read) {
    return tl::unexpected(std::move(read.error()));
  }
  return position;
}

std::string text(const Position& position) {
  std::string text;
  for (const std::uint32_t number : position.left()) {
    if (!text.empty()) text += ' ';
    text += std::to_string(number);
  }
  return text + ':' + std::to_string(position.target);
}

std::string drawing(const Position& position) {
  std::string row;
  for (const std::uint32_t number : position.left()) row += "[" + std::to_string(number) + "] ";
  return row + "\ntarget " + std::to_string(position.target);
}

}  // namespace qstar::environment::countdown

#include "cli/number_options.hpp"

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <string_view>

#include "core/printable.hpp"

namespace qstar::cli {
namespace {

template <class Number>
bool parses(const std::string& text, Number& number) {
  const char* last = text.data() + text.size();
  const auto [end, error] = std::from_chars(text.data(), last, number);
  return error == std::errc{} && end == last;
}

// CLI11 reads a number that begins with 0 as an octal one.
bool is_octal(std::string_view digits) { return digits.size() > 1 && digits.front() == '0'; }

bool is_within(const std::string& text, std::int64_t min, std::uint64_t max) {
  if (is_octal(text.starts_with('-') ? std::string_view(text).substr(1) : text)) return false;
  std::int64_t negative = 0;
  if (text.starts_with('-')) return parses(text, negative) && negative >= min;
  std::uint64_t number = 0;
  if (!parses(text, number) || number > max) return false;
  return min <= 0 || number >= static_cast<std::uint64_t>(min);
}

// 1000000, not 1e+06.
std::string shown(double number) {
  return number == std::trunc(number) ? fmt::format("{:.0f}", number) : fmt::format("{:g}", number);
}

}  // namespace

CLI::Validator whole_number(std::int64_t min, std::uint64_t max) {
  const auto range = fmt::format("{} to {}", min, max);
  return {[=](const std::string& text) {
            return is_within(text, min, max)
                       ? std::string()
                       : fmt::format("must be a whole number from {}, not '{}'", range,
                                     printable(text));
          },
          range};
}

CLI::Validator real_number(double min, double max) {
  const auto range = fmt::format("{} to {}", shown(min), shown(max));
  return {[=](const std::string& text) {
            double number = std::nan("");
            const bool within = parses(text, number) && number >= min && number <= max;
            return within
                       ? std::string()
                       : fmt::format("must be a number from {}, not '{}'", range, printable(text));
          },
          range};
}

}  // namespace qstar::cli

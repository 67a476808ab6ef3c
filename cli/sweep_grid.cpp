#include "cli/sweep_grid.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <optional>
#include <set>

#include "core/config_text.hpp"

namespace qstar::cli {
namespace {

constexpr std::int64_t kLongestRange = 1'000'000;

std::optional<std::int64_t> whole_number_in(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

bool are_digits(std::string_view text) {
  if (text.starts_with('-')) text.remove_prefix(1);
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

// The numbers of "1..5"; nothing when the text is no such range.
std::optional<Result<std::vector<std::string>>> range_in(std::string_view key,
                                                         std::string_view text) {
  const auto dots = text.find("..");
  if (dots == std::string_view::npos) return std::nullopt;
  const auto from = text.substr(0, dots), to = text.substr(dots + 2);
  const auto first = whole_number_in(from), last = whole_number_in(to);
  if ((!first || !last) && are_digits(from) && are_digits(to))
    return fail(Errc::kUsage, fmt::format("{}={}: these numbers are too large", key, text));
  if (!first || !last) return std::nullopt;
  if (*last < *first)
    return fail(Errc::kUsage, fmt::format("{}={}: the range is empty; write it as {}..{}", key,
                                          text, *last, *first));
  // Unsigned: the distance of two numbers may exceed the largest signed one.
  if (static_cast<std::uint64_t>(*last) - static_cast<std::uint64_t>(*first) >= kLongestRange)
    return fail(Errc::kUsage,
                fmt::format("{}={}: the range has more than {} numbers", key, text, kLongestRange));
  std::vector<std::string> numbers;
  for (std::int64_t number = *first;; ++number) {
    numbers.push_back(std::to_string(number));
    if (number == *last) return numbers;
  }
}

std::string last_part(const std::string& key) { return key.substr(key.rfind('.') + 1); }

// The key in folder names: its last part, unless another axis has the same.
std::string short_key(const SweepAxis& axis, std::span<const SweepAxis> axes) {
  const auto same = std::count_if(axes.begin(), axes.end(), [&](const SweepAxis& other) {
    return other.values.size() > 1 && last_part(other.key) == last_part(axis.key);
  });
  return same > 1 ? axis.key : last_part(axis.key);
}

// The text with everything replaced that is troublesome in a path or a shell.
std::string in_path(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool plain = std::isalnum(static_cast<unsigned char>(c)) || c == '.' || c == '-';
    if (plain || (!out.empty() && out.back() != '-')) out += plain ? c : '-';
  }
  while (out.ends_with('-')) out.pop_back();
  return out;
}

SweepRun run_at(std::span<const SweepAxis> axes, std::uint64_t index) {
  SweepRun run;
  std::vector<std::string> names;
  for (auto axis = axes.rbegin(); axis != axes.rend(); ++axis) {
    const auto& value = axis->values[index % axis->values.size()];
    index /= axis->values.size();
    run.overrides.insert(run.overrides.begin(), axis->key + "=" + value);
    if (axis->values.size() == 1) continue;
    const auto name = short_key(*axis, axes) + "-" + in_path(value);
    run.name = run.name.empty() ? name : name + "_" + run.name;
  }
  if (run.name.empty()) run.name = "run";
  return run;
}

}  // namespace

Result<SweepAxis> parse_axis(std::string_view text) {
  const auto equals = text.find('=');
  if (equals == std::string_view::npos || equals == 0)
    return fail(Errc::kUsage,
                fmt::format("'{}' is not a setting: write KEY=VALUES, as in seed=1..5 or "
                            "stages.reinforce.temperature=1,1.2",
                            text));
  const auto key = text.substr(0, equals), values = text.substr(equals + 1);
  if (const auto range = range_in(key, values)) {
    if (!*range) return tl::unexpected(range->error());
    return SweepAxis{std::string(key), **range};
  }
  SweepAxis axis{std::string(key), comma_parts(values)};
  std::set<std::string> seen;
  for (const auto& value : axis.values) {
    if (value.empty())
      return fail(Errc::kUsage, fmt::format("{}: a value is missing in '{}'", key, values));
    if (!seen.insert(value).second)
      return fail(Errc::kUsage, fmt::format("{}: the value {} appears twice", key, value));
  }
  return axis;
}

std::uint64_t grid_size(std::span<const SweepAxis> axes) {
  constexpr std::uint64_t kLargest = 1'000'000'000'000'000'000;
  std::uint64_t runs = 1;
  for (const auto& axis : axes) {
    if (runs > kLargest / axis.values.size()) return kLargest;
    runs *= axis.values.size();
  }
  return runs;
}

Result<std::vector<SweepRun>> sweep_grid(std::span<const SweepAxis> axes) {
  if (axes.empty())
    return fail(Errc::kUsage,
                "there is nothing to sweep: give settings with several values, as "
                "in seed=1..5");
  std::set<std::string> keys, names;
  for (const auto& axis : axes) {
    if (!keys.insert(axis.key).second)
      return fail(Errc::kUsage, fmt::format("{} appears twice: give all its values at once, as in "
                                            "{}=A,B",
                                            axis.key, axis.key));
  }
  std::vector<SweepRun> runs;
  for (std::uint64_t i = 0; i < grid_size(axes); ++i) {
    runs.push_back(run_at(axes, i));
    if (names.insert(runs.back().name).second) continue;
    return fail(Errc::kUsage,
                fmt::format("two runs would both be named {}: values that differ only in special "
                            "characters need sweeps of their own",
                            runs.back().name));
  }
  return runs;
}

}  // namespace qstar::cli

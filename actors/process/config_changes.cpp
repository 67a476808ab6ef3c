#include "actors/process/config_changes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

namespace qstar::actors {
namespace {

using Values = std::vector<std::pair<std::string, std::string>>;

// Dotted keys and their values as TOML.
Values values_of(const Describe& describe) {
  Values values;
  for (const auto& section : list_config(describe)) {
    if (section.of_list) continue;  // the elements are in the list's value
    for (const auto& field : section.fields)
      values.emplace_back(section.path.empty() ? field.name : section.path + "." + field.name,
                          field.value);
  }
  return values;
}

// "seed (1 in the run, 2 given), name (…)".
std::string listed(std::span<const ConfigChange> changes, bool allowed) {
  std::vector<std::string> words;
  for (const auto& change : changes) {
    if (change.allowed == allowed)
      words.push_back(
          fmt::format("{} ({} in the run, {} given)", change.key, change.before, change.after));
  }
  return fmt::format("{}", fmt::join(words, ", "));
}

std::optional<double> number_in(const std::string& toml) {
  double number = 0;
  const auto* end = toml.data() + toml.size();
  const auto [rest, error] = std::from_chars(toml.data(), end, number);
  return error == std::errc() && rest == end ? std::optional(number) : std::nullopt;
}

bool is_adjustable(std::string_view key, std::span<const std::string_view> adjustable) {
  return std::any_of(adjustable.begin(), adjustable.end(), [&](std::string_view allowed) {
    return allowed.ends_with('.') ? key.starts_with(allowed) : key == allowed;
  });
}

}  // namespace

std::vector<ConfigChange> config_changes(const Describe& before, const Describe& after,
                                         std::span<const std::string_view> adjustable) {
  const auto was = values_of(before), is = values_of(after);
  QSTAR_ASSERT(was.size() == is.size(), fmt::format("{} and {} keys", was.size(), is.size()));
  std::vector<ConfigChange> changes;
  for (std::size_t i = 0; i < was.size(); ++i) {
    if (was[i].second == is[i].second) continue;
    changes.push_back(
        {was[i].first, was[i].second, is[i].second, is_adjustable(was[i].first, adjustable)});
  }
  return changes;
}

bool all_allowed(std::span<const ConfigChange> changes) {
  return std::all_of(changes.begin(), changes.end(), [](const auto& c) { return c.allowed; });
}

bool any_lowered(std::span<const ConfigChange> changes) {
  return std::any_of(changes.begin(), changes.end(), [](const auto& change) {
    const auto before = number_in(change.before), after = number_in(change.after);
    return before && after && *after < *before;
  });
}

std::string list_of(std::span<const ConfigChange> changes) {
  const auto fixed = listed(changes, false), adjustable = listed(changes, true);
  std::string text;
  if (!fixed.empty()) text += fmt::format("These settings cannot change: {}.", fixed);
  if (!adjustable.empty())
    text += fmt::format("{}These may change: {}.", text.empty() ? "" : " ", adjustable);
  return text;
}

std::string summary_of(std::span<const ConfigChange> changes) {
  std::vector<std::string> words;
  for (const auto& change : changes)
    words.push_back(fmt::format("{} = {} (was {})", change.key, change.after, change.before));
  return fmt::format("{}", fmt::join(words, ", "));
}

}  // namespace qstar::actors

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
  for (const auto& section : list_elements(describe)) {
    for (const auto& field : section.fields)
      values.emplace_back(section.key.empty() ? field.name : section.key + "." + field.name,
                          field.value);
  }
  return values;
}

// "none" where there is no such key.
std::string value_in(const Values& values, const std::string& key) {
  const auto found =
      std::find_if(values.begin(), values.end(), [&](const auto& v) { return v.first == key; });
  return found == values.end() ? "none" : found->second;
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

std::vector<std::string_view> parts_of(std::string_view key) {
  std::vector<std::string_view> parts;
  for (;;) {
    const auto end = key.find('.');
    parts.push_back(key.substr(0, end));
    if (end == std::string_view::npos) return parts;
    key.remove_prefix(end + 1);
  }
}

bool covers(std::string_view allowed, std::string_view key) {
  if (allowed.ends_with('.')) return key.starts_with(allowed);
  const auto wanted = parts_of(allowed), given = parts_of(key);
  return std::equal(wanted.begin(), wanted.end(), given.begin(), given.end(),
                    [](auto a, auto b) { return a == "*" || a == b; });
}

bool is_adjustable(std::string_view key, std::span<const std::string> adjustable) {
  return std::any_of(adjustable.begin(), adjustable.end(),
                     [&](std::string_view allowed) { return covers(allowed, key); });
}

}  // namespace

std::vector<ConfigChange> config_changes(const Describe& before, const Describe& after,
                                         std::span<const std::string> adjustable) {
  const auto was = values_of(before), is = values_of(after);
  std::vector<ConfigChange> changes;
  const auto add = [&](const std::string& key) {
    const auto old = value_in(was, key), now = value_in(is, key);
    if (old != now) changes.push_back({key, old, now, is_adjustable(key, adjustable)});
  };
  for (const auto& [key, value] : was) add(key);
  for (const auto& [key, value] : is)
    if (value_in(was, key) == "none") add(key);
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

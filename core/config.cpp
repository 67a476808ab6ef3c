#include "core/config.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <optional>
#include <toml++/toml.h>
#include <utility>

#include "core/config_reader.hpp"
#include "core/config_text.hpp"

namespace qstar {
namespace {

std::vector<std::string> known_keys(const Describe& describe) {
  std::vector<std::string> keys;
  for (const ConfigSection& section : list_config(describe)) {
    if (!section.path.empty()) keys.push_back(section.path);
    for (const auto& field : section.fields) keys.push_back(dotted_key(section.path, field.name));
  }
  return keys;
}

Result<toml::table> parse_table(std::string_view text, std::string_view source) {
  try {
    return toml::parse(text, source);
  } catch (const toml::parse_error& error) {
    std::string what(error.description());
    // It may quote what it found, line ends included.
    std::replace_if(
        what.begin(), what.end(), [](char c) { return c < ' ' && c >= 0; }, ' ');
    return fail(Errc::kConfig, fmt::format("{}:{}: {}", source, error.source().begin.line, what));
  }
}

bool is_dotted_key(std::string_view key) {
  char before = '.';
  for (const char c : key) {
    const bool plain =
        std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '-' || c == '*';
    if (!plain && (c != '.' || before == '.')) return false;
    before = c;
  }
  return before != '.';
}

// A list whose words may lack quotes, as TOML; other values are as they were.
std::string with_quoted_words(const std::string& value) {
  if (!value.starts_with('[') || !value.ends_with(']') || value.size() < 3) return value;
  std::string list;
  for (const std::string& part : comma_parts(value.substr(1, value.size() - 2))) {
    const bool is_toml = parse_table("value = " + part, "").has_value();
    list += (list.empty() ? "[" : ", ") + (is_toml ? part : toml_quote(trimmed(part)));
  }
  return list + "]";
}

// The key as TOML, where "*" needs quotes.
std::string toml_key(const std::string& key) {
  std::string out;
  for (const char c : key) out += c == '*' ? std::string("\"*\"") : std::string(1, c);
  return out;
}

Status apply_override(const std::string& text, const Describe& describe,
                      const std::vector<std::string>& known) {
  const std::string name = fmt::format("override {}", toml_quote(text));
  const std::size_t equals = text.find('=');
  const std::string key = text.substr(0, equals);
  if (equals == std::string::npos || !is_dotted_key(key)) {
    return fail(Errc::kConfig, name + ": must read dotted.key=value");
  }
  const std::string value = text.substr(equals + 1);
  const std::string assigned = toml_key(key) + " = ";
  auto table = parse_table(assigned + value, name);
  if (!table) table = parse_table(assigned + with_quoted_words(value), name);
  if (!table) table = parse_table(assigned + toml_quote(value), name);
  if (!table) return fail(Errc::kConfig, name + ": the value is not valid UTF-8");
  return ConfigReader(*table, {name, ConfigSource::Override{key, value}}, known).read(describe);
}

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i);
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replace = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = std::exchange(row[j], std::min({replace, row[j] + 1, row[j - 1] + 1}));
    }
  }
  return row.back();
}

}  // namespace

Status parse_config(std::string_view toml, std::string_view source,
                    std::span<const std::string> overrides, const Describe& describe) {
  const std::vector<std::string> known = known_keys(describe);
  const auto table = parse_table(toml, source);
  if (!table) return tl::unexpected(table.error());
  Status status = ConfigReader(*table, {std::string(source), std::nullopt}, known).read(describe);
  for (const std::string& text : overrides) {
    if (status) status = apply_override(text, describe, known);
  }
  return status;
}

std::vector<std::size_t> elements_meant(const SectionList& list, std::string_view word) {
  std::vector<std::size_t> named, of_kind;
  for (std::size_t i = 0; i < list.size(); ++i) {
    if (word == "*" || list.name(i) == word) named.push_back(i);
    if (list.kind(i) == word) of_kind.push_back(i);
  }
  if (!named.empty()) return named;
  return of_kind.size() == 1 ? of_kind : std::vector<std::size_t>();
}

std::string nearest_word(std::string_view word, std::span<const std::string> known) {
  std::string best;
  std::size_t best_distance = std::max<std::size_t>(2, word.size() / 3) + 1;
  for (const std::string& candidate : known) {
    const std::size_t distance = edit_distance(word, candidate);
    if (distance < best_distance && distance < std::max(word.size(), candidate.size())) {
      best = candidate;
      best_distance = distance;
    }
  }
  return best;
}

}  // namespace qstar

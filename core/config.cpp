#include "core/config.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <optional>
#include <toml++/toml.h>
#include <utility>

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

// The known key meant by an unknown one: of that name in another section, or near in spelling.
std::string meant_key(const std::string& key, const std::vector<std::string>& known) {
  const std::string suffix = "." + key.substr(key.rfind('.') + 1);
  const auto same = std::find_if(known.begin(), known.end(),
                                 [&](const std::string& k) { return ("." + k).ends_with(suffix); });
  return same == known.end() ? nearest_word(key, known) : *same;
}

std::string_view type_name(const toml::node& node) {
  switch (node.type()) {
    case toml::node_type::table: return "a section";
    case toml::node_type::array: return "a list";
    case toml::node_type::string: return "text";
    case toml::node_type::integer: return "an integer";
    case toml::node_type::floating_point: return "a number with a fraction";
    case toml::node_type::boolean: return "true or false";
    default: return "a date or time";
  }
}

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> words;
  for (;;) {
    const std::size_t end = text.find(separator);
    words.emplace_back(text.substr(0, end));
    if (end == std::string_view::npos) return words;
    text.remove_prefix(end + 1);
  }
}

// Where the values come from, for messages and for the one rule that differs.
struct Source {
  std::string name;
  std::optional<std::string> raw_value;  // of an override, whose value may be text without quotes
};

// Assigns a table's values to the described fields and keeps the first error.
class Reader final : public FieldVisitor {
 public:
  Reader(const toml::table& table, Source source, std::vector<std::string> known)
      : table_(&table), source_(std::move(source)), known_(std::move(known)) {}

  Status read(const Describe& describe) {
    describe(*this);
    report_unknown();
    if (error_) return fail(Errc::kConfig, *error_);
    return {};
  }

  bool gives(std::string_view name) const override { return table_->contains(name); }
  void value(const FieldInfo& info, std::int64_t& field) override {
    const toml::node* node = find(info.name);
    if (node == nullptr) return;
    if (is_huge_integer(*node)) {
      return report(
          node->source(), dotted_key(path_, info.name),
          fmt::format("must be {}, not {} ({})", range_text(info), *source_.raw_value, info.doc));
    }
    if (!node->is_integer()) return wrong_type(info, "an integer", *node);
    field = node->as_integer()->get();
    check_range(info, field, *node);
  }
  void value(const FieldInfo& info, double& field) override {
    const toml::node* node = find(info.name);
    if (node == nullptr) return;
    if (!node->is_number()) return wrong_type(info, "a number", *node);
    field = node->is_integer() ? static_cast<double>(node->as_integer()->get())
                               : node->as_floating_point()->get();
    check_range(info, field, *node);
  }
  void value(const FieldInfo& info, bool& field) override {
    const toml::node* node = find(info.name);
    if (node == nullptr) return;
    if (!node->is_boolean()) return wrong_type(info, "true or false", *node);
    field = node->as_boolean()->get();
  }
  void value(const FieldInfo& info, std::string& field) override {
    const toml::node* node = find(info.name);
    if (node == nullptr) return;
    if (!node->is_string() && !source_.raw_value) return wrong_type(info, "text", *node);
    field = node->is_string() ? node->as_string()->get() : *source_.raw_value;
    check_choice(info, field, *node);
  }

  void section(std::string_view name, std::string_view,
               const std::function<void(FieldVisitor&)>& body) override {
    const toml::node* node = find(name);
    if (node == nullptr) return;
    const std::string key = dotted_key(path_, name);
    if (!node->is_table()) {
      return report(node->source(), key,
                    fmt::format("is a section with keys of its own, not {}", type_name(*node)));
    }
    Reader inner(*node->as_table(), source_, known_);
    inner.path_ = key;
    body(inner);
    inner.report_unknown();
    if (!error_) error_ = inner.error_;
  }

 private:
  // An override of digits that no integer of TOML can hold was taken for text.
  bool is_huge_integer(const toml::node& node) const {
    if (!node.is_string() || !source_.raw_value) return false;
    const std::string& digits = *source_.raw_value;
    const std::size_t first = digits.starts_with('-') ? 1 : 0;
    return digits.size() > first + 15 &&
           digits.find_first_not_of("0123456789", first) == std::string::npos;
  }

  const toml::node* find(std::string_view name) {
    seen_.emplace_back(name);
    return table_->get(name);
  }

  void report(const toml::source_region& at, std::string_view key, std::string_view what) {
    if (error_) return;
    error_ = source_.raw_value
                 ? fmt::format("{}: {} {}", source_.name, key, what)
                 : fmt::format("{}:{}: {} {}", source_.name, at.begin.line, key, what);
  }

  void report_unknown() {
    for (const auto& [key, node] : *table_) {
      if (std::find(seen_.begin(), seen_.end(), key.str()) != seen_.end()) continue;
      const std::string full = dotted_key(path_, key.str());
      const std::string near = meant_key(full, known_);
      report(key.source(), full,
             near.empty() ? "is not a known key"
                          : fmt::format("is not a known key; did you mean {}?", near));
    }
  }

  void wrong_type(const FieldInfo& info, std::string_view expected, const toml::node& node) {
    report(node.source(), dotted_key(path_, info.name),
           fmt::format("must be {}, not {} ({})", expected, type_name(node), info.doc));
  }

  template <class Number>
  void check_range(const FieldInfo& info, Number number, const toml::node& node) {
    const auto x = static_cast<double>(number);
    if (!std::isfinite(x)) {
      return report(node.source(), dotted_key(path_, info.name),
                    fmt::format("must be a finite number, not {} ({})", number, info.doc));
    }
    if (x >= info.min && x <= info.max) return;
    report(node.source(), dotted_key(path_, info.name),
           fmt::format("must be {}, not {} ({})", range_text(info), number, info.doc));
  }

  void check_choice(const FieldInfo& info, const std::string& word, const toml::node& node) {
    if (info.choices.empty()) return;
    const std::vector<std::string> choices = split(info.choices, '|');
    if (std::find(choices.begin(), choices.end(), word) != choices.end()) return;
    const std::string near = nearest_word(word, choices);
    report(node.source(), dotted_key(path_, info.name),
           fmt::format("must be one of {}, not {}{}", fmt::join(choices, ", "), toml_quote(word),
                       near.empty() ? "" : fmt::format("; did you mean {}?", near)));
  }

  const toml::table* table_;
  Source source_;
  std::vector<std::string> known_;
  std::string path_;
  std::vector<std::string> seen_;
  std::optional<std::string> error_;
};

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
  const std::vector<std::string> words = split(key, '.');
  return std::all_of(words.begin(), words.end(), [](const std::string& word) {
    return !word.empty() && std::all_of(word.begin(), word.end(), [](unsigned char c) {
      return std::isalnum(c) != 0 || c == '_' || c == '-';
    });
  });
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
  auto table = parse_table(key + " = " + value, name);
  if (!table) table = parse_table(key + " = " + toml_quote(value), name);
  if (!table) return fail(Errc::kConfig, name + ": the value is not valid UTF-8");
  return Reader(*table, {name, value}, known).read(describe);
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
  Status status = Reader(*table, {std::string(source), std::nullopt}, known).read(describe);
  for (const std::string& text : overrides) {
    if (status) status = apply_override(text, describe, known);
  }
  return status;
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

#include "core/config.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <toml++/toml.h>
#include <utility>

#include "core/rng.hpp"

namespace qstar {
namespace {

std::string join(std::string_view section, std::string_view name) {
  return section.empty() ? std::string(name) : fmt::format("{}.{}", section, name);
}

std::string quote(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += {'\\', c};
    } else if (byte < 0x20 || byte == 0x7f) {
      out += fmt::format("\\u{:04x}", byte);
    } else {
      out += c;
    }
  }
  return out + '"';
}

std::string to_toml(std::int64_t value) { return fmt::format("{}", value); }
std::string to_toml(bool value) { return value ? "true" : "false"; }
std::string to_toml(const std::string& value) { return quote(value); }
std::string to_toml(double value) {
  std::string text = fmt::format("{}", value);
  // A point keeps the sign of -0 and shows that fractions are allowed.
  if (text.find_first_not_of("-0123456789") == std::string::npos) text += ".0";
  return text;
}

// One section of the description, flattened.
struct Section {
  struct Field {
    std::string name;
    std::string value;  // as TOML
    std::string doc;
  };
  std::string path;  // empty for the top level
  std::string doc;
  std::vector<Field> fields;
};

// Lists a description's sections and fields, each section once, the top level first.
class Lister final : public FieldVisitor {
 public:
  void value(const FieldInfo& info, std::int64_t& field) override { add(info, field); }
  void value(const FieldInfo& info, double& field) override { add(info, field); }
  void value(const FieldInfo& info, bool& field) override { add(info, field); }
  void value(const FieldInfo& info, std::string& field) override { add(info, field); }
  void section(std::string_view name, std::string_view doc,
               const std::function<void(FieldVisitor&)>& body) override {
    const std::size_t outer = current_;
    const std::string path = join(sections_[outer].path, name);
    current_ = sections_.size();
    sections_.push_back({path, std::string(doc), {}});
    body(*this);
    current_ = outer;
  }
  const std::vector<Section>& sections() const { return sections_; }

 private:
  template <class T>
  void add(const FieldInfo& info, const T& field) {
    std::string doc(info.doc);
    if (!info.choices.empty()) doc += fmt::format(" ({})", info.choices);
    sections_[current_].fields.push_back({std::string(info.name), to_toml(field), doc});
  }

  std::vector<Section> sections_ = {Section{}};
  std::size_t current_ = 0;
};

std::vector<Section> list(const Describe& describe) {
  Lister lister;
  describe(lister);
  return lister.sections();
}

std::vector<std::string> known_keys(const Describe& describe) {
  std::vector<std::string> keys;
  for (const Section& section : list(describe)) {
    if (!section.path.empty()) keys.push_back(section.path);
    for (const auto& field : section.fields) keys.push_back(join(section.path, field.name));
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

std::string range_text(const FieldInfo& info) {
  if (std::isinf(info.max)) return fmt::format("at least {}", info.min);
  if (std::isinf(info.min)) return fmt::format("at most {}", info.max);
  return fmt::format("from {} to {}", info.min, info.max);
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

  void value(const FieldInfo& info, std::int64_t& field) override {
    const toml::node* node = find(info.name);
    if (node == nullptr) return;
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
    const std::string key = join(path_, name);
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
      const std::string full = join(path_, key.str());
      const std::string near = meant_key(full, known_);
      report(key.source(), full,
             near.empty() ? "is not a known key"
                          : fmt::format("is not a known key; did you mean {}?", near));
    }
  }

  void wrong_type(const FieldInfo& info, std::string_view expected, const toml::node& node) {
    report(node.source(), join(path_, info.name),
           fmt::format("must be {}, not {} ({})", expected, type_name(node), info.doc));
  }

  template <class Number>
  void check_range(const FieldInfo& info, Number number, const toml::node& node) {
    const auto x = static_cast<double>(number);
    if (x >= info.min && x <= info.max) return;  // false for NaN
    report(node.source(), join(path_, info.name),
           std::isnan(x)
               ? "must be a number, not nan"
               : fmt::format("must be {}, not {} ({})", range_text(info), number, info.doc));
  }

  void check_choice(const FieldInfo& info, const std::string& word, const toml::node& node) {
    if (info.choices.empty()) return;
    const std::vector<std::string> choices = split(info.choices, '|');
    if (std::find(choices.begin(), choices.end(), word) != choices.end()) return;
    const std::string near = nearest_word(word, choices);
    report(node.source(), join(path_, info.name),
           fmt::format("must be one of {}, not {}{}", fmt::join(choices, ", "), quote(word),
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
  const std::string name = fmt::format("override {}", quote(text));
  const std::size_t equals = text.find('=');
  const std::string key = text.substr(0, equals);
  if (equals == std::string::npos || !is_dotted_key(key)) {
    return fail(Errc::kConfig, name + ": must read dotted.key=value");
  }
  const std::string value = text.substr(equals + 1);
  auto table = parse_table(key + " = " + value, name);
  if (!table) table = parse_table(key + " = " + quote(value), name);
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

Status load_config(const std::string& path, std::span<const std::string> overrides,
                   const Describe& describe) {
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    return fail(Errc::kMissingFile,
                fmt::format("{}: cannot be opened ({}); complete experiments are in configs/", path,
                            std::strerror(errno)));
  }
  if (std::filesystem::is_directory(path)) {
    return fail(Errc::kMissingFile, path + ": is a directory; give a configuration file in TOML");
  }
  const std::string text((std::istreambuf_iterator<char>(file)), {});
  if (file.bad()) return fail(Errc::kIo, path + ": cannot be read");
  return parse_config(text, path, overrides, describe);
}

std::string print_config(const Describe& describe) {
  std::string out;
  for (const Section& section : list(describe)) {
    if (!section.path.empty()) out += fmt::format("\n[{}]  # {}\n", section.path, section.doc);
    for (const auto& [name, value, doc] : section.fields) {
      out += fmt::format("{} = {}  # {}\n", name, value, doc);
    }
  }
  return out;
}

std::string config_hash(const Describe& describe) {
  std::vector<std::string> lines;
  for (const Section& section : list(describe)) {
    for (const auto& field : section.fields) {
      lines.push_back(join(section.path, field.name) + "=" + field.value);
    }
  }
  std::sort(lines.begin(), lines.end());  // the order of description does not matter
  std::uint64_t hash = 0;
  for (const std::string& line : lines) hash = derive_seed(hash, line);
  return fmt::format("{:016x}", hash);
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

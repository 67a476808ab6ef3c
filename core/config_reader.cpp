#include "core/config_reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <type_traits>
#include <utility>

#include "core/config_text.hpp"

namespace qstar {
namespace {

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

// The known key meant by an unknown one: of that name in another section, or near in spelling.
std::string meant_key(const std::string& key, const std::vector<std::string>& known) {
  const std::string suffix = "." + key.substr(key.rfind('.') + 1);
  const auto same = std::find_if(known.begin(), known.end(),
                                 [&](const std::string& k) { return ("." + k).ends_with(suffix); });
  return same == known.end() ? nearest_word(key, known) : *same;
}

std::vector<std::string> words_of(std::string_view choices) {
  std::vector<std::string> words;
  for (;;) {
    const std::size_t end = choices.find('|');
    words.emplace_back(choices.substr(0, end));
    if (end == std::string_view::npos) return words;
    choices.remove_prefix(end + 1);
  }
}

// The elements of a list that was given as one text.
std::string listed(std::string_view text, bool of_text) {
  std::vector<std::string> words;
  for (const std::string& part : comma_parts(text)) {
    const std::string word = trimmed(part);
    if (!word.empty()) words.push_back(of_text ? toml_quote(word) : word);
  }
  return fmt::format("[{}]", fmt::join(words, ", "));
}

std::string text_of(const std::string& value) { return toml_quote(value); }
std::string text_of(std::int64_t value) { return fmt::format("{}", value); }
std::string text_of(double value) { return fmt::format("{}", value); }

// The numbers from 1 of the first two equal elements; {0, 0} without such.
template <class T>
std::pair<std::size_t, std::size_t> repeated(const std::vector<T>& list) {
  for (std::size_t i = 0; i < list.size(); ++i) {
    const auto first = std::find(list.begin(), list.end(), list[i]) - list.begin();
    if (static_cast<std::size_t>(first) < i) return {static_cast<std::size_t>(first) + 1, i + 1};
  }
  return {0, 0};
}

}  // namespace

Status ConfigReader::read(const Describe& describe) {
  describe(*this);
  report_unknown();
  if (error_) return fail(Errc::kConfig, *error_);
  return {};
}

template <class T>
void ConfigReader::take(const FieldInfo& info, T& field) {
  if (const toml::node* node = find(info)) assign({info, key_of(info.name), *node}, field);
}

template <class T>
void ConfigReader::take_list(const FieldInfo& info, std::vector<T>& field) {
  const toml::node* node = find(info);
  if (node == nullptr) return;
  constexpr bool kText = std::is_same_v<T, std::string>;
  const std::string key = key_of(info.name);
  const auto* array = node->as_array();
  const bool one =
      array == nullptr && is_override(key) && source_.given->value.find(',') == std::string::npos;
  if (array == nullptr && !one) return report_no_list(info, *node, kText);
  field.assign(one ? 1 : array->size(), T());
  if (one) assign({info, key, *node}, field.front());
  for (std::size_t i = 0; !one && i < field.size(); ++i)
    assign({info, fmt::format("{}[{}]", key, i + 1), *array->get(i)}, field[i]);
  check_list(info, *node, field);
}

template <class T>
void ConfigReader::check_list(const FieldInfo& info, const toml::node& node,
                              const std::vector<T>& list) {
  const std::string key = key_of(info.name);
  if (info.filled && list.empty())
    report(node.source(), key, fmt::format("must have at least one element ({})", info.doc));
  const auto [first, again] =
      info.distinct ? repeated(list) : std::pair<std::size_t, std::size_t>();
  if (again == 0) return;
  report(node.as_array()->get(again - 1)->source(), fmt::format("{}[{}]", key, again),
         fmt::format("repeats {}; remove one of them", text_of(list[first - 1])));
}

void ConfigReader::assign(const Given& given, std::int64_t& field) {
  if (is_huge_integer(given))
    return wrong_range(given, range_text(given.info), source_.given->value);
  if (!given.node.is_integer()) return wrong_type(given, "an integer");
  field = given.node.as_integer()->get();
  check_range(given, field);
}

void ConfigReader::assign(const Given& given, double& field) {
  if (!given.node.is_number()) return wrong_type(given, "a number");
  field = given.node.is_integer() ? static_cast<double>(given.node.as_integer()->get())
                                  : given.node.as_floating_point()->get();
  check_range(given, field);
}

void ConfigReader::assign(const Given& given, bool& field) {
  if (!given.node.is_boolean()) return wrong_type(given, "true or false");
  field = given.node.as_boolean()->get();
}

void ConfigReader::assign(const Given& given, std::string& field) {
  const bool is_text = given.node.is_string();
  if (!is_text && !is_override(given.key)) return wrong_type(given, "text");
  field = is_text ? given.node.as_string()->get() : source_.given->value;
  check_choice(given, field);
}

void ConfigReader::value(const FieldInfo& info, std::int64_t& field) { take(info, field); }
void ConfigReader::value(const FieldInfo& info, double& field) { take(info, field); }
void ConfigReader::value(const FieldInfo& info, bool& field) { take(info, field); }
void ConfigReader::value(const FieldInfo& info, std::string& field) { take(info, field); }
void ConfigReader::value(const FieldInfo& info, std::vector<std::int64_t>& field) {
  take_list(info, field);
}
void ConfigReader::value(const FieldInfo& info, std::vector<double>& field) {
  take_list(info, field);
}
void ConfigReader::value(const FieldInfo& info, std::vector<std::string>& field) {
  take_list(info, field);
}

ConfigReader ConfigReader::reader_of(const toml::table& table, std::string_view name,
                                     std::size_t index) const {
  ConfigReader inner(table, source_, known_);
  inner.plain_ = dotted_key(plain_, name);
  inner.path_ = key_of(name);
  inner.may_lack_ = may_lack_;
  if (index > 0) inner.path_ += fmt::format("[{}]", index);
  return inner;
}

void ConfigReader::read_within(ConfigReader& inner,
                               const std::function<void(FieldVisitor&)>& body) {
  body(inner);
  inner.report_unknown();
  if (!error_) error_ = inner.error_;
  lacked_ = lacked_ || inner.lacked_;
}

void ConfigReader::section(std::string_view name, std::string_view,
                           const std::function<void(FieldVisitor&)>& body) {
  const toml::node* node = find(name);
  if (node == nullptr) return;
  if (!node->is_table()) {
    return report(node->source(), key_of(name),
                  fmt::format("is a section with keys of its own, not {}", type_name(*node)));
  }
  ConfigReader inner = reader_of(*node->as_table(), name, 0);
  read_within(inner, body);
}

void ConfigReader::sections(const FieldInfo& info, SectionList& list) {
  const toml::node* node = find(info);
  if (node == nullptr) return;
  if (node->is_table() && is_in_override(key_of(info.name)))
    return read_meant(info, *node->as_table(), list);
  const auto tables = tables_in(info, *node);
  list.reset(tables.size());
  for (std::size_t i = 0; i < tables.size(); ++i) {
    ConfigReader inner = reader_of(*tables[i], info.name, i + 1);
    read_within(inner, [&](FieldVisitor& v) { list.describe(i, v); });
  }
}

// Whether the override is of a key below this one.
bool ConfigReader::is_in_override(const std::string& key) const {
  return source_.given && source_.given->key.starts_with(key + ".");
}

// Reads a key of the elements that an override means: "stages.base.steps=9".
void ConfigReader::read_meant(const FieldInfo& info, const toml::table& table, SectionList& list) {
  const std::string name(table.cbegin()->first.str());
  const toml::node& node = table.cbegin()->second;
  const std::string key = key_of(info.name);
  if (!node.is_table())
    return report(node.source(), dotted_key(key, name),
                  fmt::format("is a section with keys of its own, not {}", type_name(node)));
  if (elements_meant(list, name).empty()) {
    std::vector<std::string> names, words;
    for (std::size_t i = 0; i < list.size(); ++i) {
      if (const auto known = list.name(i); !known.empty()) names.push_back(known);
      if (elements_meant(list, list.kind(i)).size() == 1) words.push_back(list.kind(i));
    }
    words.insert(words.end(), names.begin(), names.end());
    const auto near = nearest_word(name, words);
    return report(
        node.source(), dotted_key(key, name),
        fmt::format("is not in the list, which has {}{}",
                    names.empty() ? "no names" : fmt::format("{}", fmt::join(names, ", ")),
                    near.empty() ? "" : fmt::format("; did you mean {}?", near)));
  }
  if (!read_all(name, *node.as_table(), list))
    report(node.source(), source_.given->key, "is a key of no element of the list");
}

// Whether any of the elements that `name` means has the key.
bool ConfigReader::read_all(const std::string& name, const toml::table& table, SectionList& list) {
  bool any = false;
  const std::string outer = source_.given->key.substr(0, source_.given->key.find("." + name + "."));
  for (const std::size_t i : elements_meant(list, name)) {
    ConfigReader inner(table, source_, known_);
    inner.plain_ = outer;
    inner.path_ = dotted_key(outer, name);  // as the user wrote it
    inner.is_part_ = true;
    inner.may_lack_ = may_lack_ || name == "*";
    read_within(inner, [&](FieldVisitor& v) { list.describe(i, v); });
    any = any || !inner.lacked_;
  }
  lacked_ = false;
  return any;
}

// One per element; none after an error.
std::vector<const toml::table*> ConfigReader::tables_in(const FieldInfo& info,
                                                        const toml::node& node) {
  const std::string key = key_of(info.name);
  if (node.is_table() && is_override(key)) return {node.as_table()};
  const auto* array = node.as_array();
  if (array == nullptr) {
    report(node.source(), key,
           fmt::format("must be a list of sections, each below [[{}]], not {} ({})",
                       dotted_key(plain_, info.name), type_name(node), info.doc));
    return {};
  }
  std::vector<const toml::table*> tables;
  for (std::size_t i = 0; i < array->size(); ++i) {
    const toml::node& element = *array->get(i);
    if (!element.is_table()) {
      report(element.source(), fmt::format("{}[{}]", key, i + 1),
             fmt::format("is a section with keys of its own, not {}", type_name(element)));
      return {};
    }
    tables.push_back(element.as_table());
  }
  if (info.filled && tables.empty())
    report(node.source(), key, fmt::format("must have at least one element ({})", info.doc));
  return tables;
}

void ConfigReader::refuse(std::string_view name, std::string_view why) {
  if (const toml::node* node = find(name)) report(node->source(), key_of(name), why);
}

std::string ConfigReader::key_of(std::string_view name) const { return dotted_key(path_, name); }

const toml::node* ConfigReader::find(std::string_view name) {
  seen_.emplace_back(name);
  return table_->get(name);
}

const toml::node* ConfigReader::find(const FieldInfo& info) {
  const toml::node* node = find(info.name);
  if (node == nullptr && info.required && !is_part_)
    report(table_->source(), key_of(info.name), fmt::format("is missing ({})", info.doc));
  return node;
}

// Whether the value is that of the override itself, not a part of it.
bool ConfigReader::is_override(const std::string& key) const {
  return source_.given && source_.given->key == key;
}

// An override of digits that no integer of TOML can hold was taken for text.
bool ConfigReader::is_huge_integer(const Given& given) const {
  if (!given.node.is_string() || !is_override(given.key)) return false;
  const std::string& digits = source_.given->value;
  const std::size_t first = digits.starts_with('-') ? 1 : 0;
  return digits.size() > first + 15 &&
         digits.find_first_not_of("0123456789", first) == std::string::npos;
}

void ConfigReader::report(const toml::source_region& at, std::string_view key,
                          std::string_view what) {
  if (error_) return;
  error_ = source_.given ? fmt::format("{}: {} {}", source_.name, key, what)
                         : fmt::format("{}:{}: {} {}", source_.name, at.begin.line, key, what);
}

// The nearest known key of all, with the number of this element where it is one of this element.
std::string ConfigReader::suggestion_for(std::string_view key) const {
  if (path_ != plain_)  // of an element: what this one has
    if (const auto own = nearest_word(key, seen_); !own.empty()) return dotted_key(path_, own);
  std::string near = meant_key(dotted_key(plain_, key), known_);
  if (!plain_.empty() && near.starts_with(plain_ + ".")) near.replace(0, plain_.size(), path_);
  return near;
}

void ConfigReader::report_unknown() {
  for (const auto& [key, node] : *table_) {
    if (std::find(seen_.begin(), seen_.end(), key.str()) != seen_.end()) continue;
    if (may_lack_) {
      lacked_ = true;
      continue;
    }
    const std::string near = suggestion_for(key.str());
    report(key.source(), key_of(key.str()),
           near.empty() ? "is not a known key"
                        : fmt::format("is not a known key; did you mean {}?", near));
  }
}

void ConfigReader::report_no_list(const FieldInfo& info, const toml::node& node, bool of_text) {
  const std::string key = key_of(info.name);
  std::string remedy;
  if (node.is_string())
    remedy = fmt::format(": write {}{}{}", source_.given ? key : std::string(info.name),
                         source_.given ? "=" : " = ",
                         listed(node.as_string()->get(), of_text && !source_.given));
  report(node.source(), key,
         fmt::format("must be a list, not {}{} ({})", type_name(node), remedy, info.doc));
}

void ConfigReader::wrong_type(const Given& given, std::string_view expected) {
  report(given.node.source(), given.key,
         fmt::format("must be {}, not {} ({})", expected, type_name(given.node), given.info.doc));
}

void ConfigReader::wrong_range(const Given& given, std::string_view allowed,
                               std::string_view value) {
  report(given.node.source(), given.key,
         fmt::format("must be {}, not {} ({})", allowed, value, given.info.doc));
}

template <class Number>
void ConfigReader::check_range(const Given& given, Number number) {
  const auto x = static_cast<double>(number);
  if (!std::isfinite(x)) return wrong_range(given, "a finite number", text_of(number));
  if (x >= given.info.min && x <= given.info.max) return;
  wrong_range(given, range_text(given.info), text_of(number));
}

void ConfigReader::check_choice(const Given& given, const std::string& word) {
  if (given.info.choices.empty()) return;
  const std::vector<std::string> choices = words_of(given.info.choices);
  if (std::find(choices.begin(), choices.end(), word) != choices.end()) return;
  const std::string near = nearest_word(word, choices);
  report(given.node.source(), given.key,
         fmt::format("must be one of {}, not {}{}", fmt::join(choices, ", "), toml_quote(word),
                     near.empty() ? "" : fmt::format("; did you mean {}?", near)));
}

}  // namespace qstar

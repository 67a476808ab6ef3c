// Configurations as text: the complete TOML, a list of settings, and a hash.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <type_traits>

#include "core/config_text.hpp"
#include "core/rng.hpp"

namespace qstar {
namespace {

std::string to_toml(std::int64_t value) { return fmt::format("{}", value); }
std::string to_toml(bool value) { return value ? "true" : "false"; }
std::string to_toml(const std::string& value) { return toml_quote(value); }
std::string to_toml(double value) {
  std::string text = fmt::format("{}", value);
  // A point keeps the sign of -0 and shows that fractions are allowed.
  if (text.find_first_not_of("-0123456789") == std::string::npos) text += ".0";
  return text;
}

template <class T>
std::string to_toml(const std::vector<T>& list) {
  std::vector<std::string> values;
  for (const auto& value : list) values.push_back(to_toml(value));
  return fmt::format("[{}]", fmt::join(values, ", "));
}

// A bound in plain digits where that is readable.
std::string bound_text(double bound) {
  return std::trunc(bound) == bound && std::abs(bound) < 1e15 ? fmt::format("{:.0f}", bound)
                                                              : fmt::format("{}", bound);
}

std::string doc_with(const FieldInfo& info, const std::string& allowed) {
  return allowed.empty() ? std::string(info.doc) : fmt::format("{} ({})", info.doc, allowed);
}

std::string doc_of(const FieldInfo& info, std::int64_t) { return doc_with(info, range_text(info)); }
std::string doc_of(const FieldInfo& info, double) { return doc_with(info, range_text(info)); }
std::string doc_of(const FieldInfo& info, bool) { return std::string(info.doc); }
std::string doc_of(const FieldInfo& info, const std::string&) {
  return doc_with(info, std::string(info.choices));
}
template <class T>
std::string doc_of(const FieldInfo& info, const std::vector<T>&) {
  const std::string allowed =
      std::is_same_v<T, std::string> ? std::string(info.choices) : range_text(info);
  return doc_with(info, allowed.empty() ? "" : "each " + allowed);
}

// The fields of a section as an inline table.
class InlineTable final : public FieldVisitor {
 public:
  void value(const FieldInfo& info, std::int64_t& field) override { add(info, field); }
  void value(const FieldInfo& info, double& field) override { add(info, field); }
  void value(const FieldInfo& info, bool& field) override { add(info, field); }
  void value(const FieldInfo& info, std::string& field) override { add(info, field); }
  void value(const FieldInfo& info, std::vector<std::int64_t>& field) override { add(info, field); }
  void value(const FieldInfo& info, std::vector<double>& field) override { add(info, field); }
  void value(const FieldInfo& info, std::vector<std::string>& field) override { add(info, field); }
  void section(std::string_view name, std::string_view,
               const std::function<void(FieldVisitor&)>& body) override {
    InlineTable inner;
    body(inner);
    fields_.push_back(fmt::format("{} = {}", name, inner.text()));
  }
  void sections(const FieldInfo& info, SectionList& list) override {
    fields_.push_back(fmt::format("{} = {}", info.name, inline_toml(list)));
  }
  std::string text() const { return fmt::format("{{{}}}", fmt::join(fields_, ", ")); }

 private:
  template <class T>
  void add(const FieldInfo& info, const T& field) {
    fields_.push_back(fmt::format("{} = {}", info.name, to_toml(field)));
  }
  std::vector<std::string> fields_;
};

// Lists a description's sections and fields, each section once, the top level first.
class Lister : public FieldVisitor {
 public:
  void value(const FieldInfo& info, std::int64_t& field) override { add(info, field); }
  void value(const FieldInfo& info, double& field) override { add(info, field); }
  void value(const FieldInfo& info, bool& field) override { add(info, field); }
  void value(const FieldInfo& info, std::string& field) override { add(info, field); }
  void value(const FieldInfo& info, std::vector<std::int64_t>& field) override { add(info, field); }
  void value(const FieldInfo& info, std::vector<double>& field) override { add(info, field); }
  void value(const FieldInfo& info, std::vector<std::string>& field) override { add(info, field); }
  void section(std::string_view name, std::string_view doc,
               const std::function<void(FieldVisitor&)>& body) override {
    list_section({name, doc, "", false}, body);
  }
  void sections(const FieldInfo& info, SectionList& list) override {
    add_field(info, inline_toml(list));
    list_section({info.name, info.doc, "", true},
                 [&list](FieldVisitor& v) { list.describe_fresh(v); });
  }
  std::vector<ConfigSection> take() { return std::move(sections_); }

 protected:
  struct Listed {
    std::string_view name, doc;
    std::string element;  // behind the name in the key
    bool of_list = false;
  };
  void list_section(const Listed& what, const std::function<void(FieldVisitor&)>& body) {
    const std::size_t outer = current_;
    const std::string path = dotted_key(sections_[outer].path, what.name);
    const std::string key = dotted_key(sections_[outer].key, what.name) + what.element;
    current_ = sections_.size();
    sections_.push_back({path, std::string(what.doc), {}, what.of_list, key});
    body(*this);
    current_ = outer;
  }
  void add_field(const FieldInfo& info, std::string value) {
    sections_[current_].fields.push_back(
        {std::string(info.name), std::move(value), std::string(info.doc)});
  }

 private:
  template <class T>
  void add(const FieldInfo& info, const T& field) {
    sections_[current_].fields.push_back(
        {std::string(info.name), to_toml(field), doc_of(info, field)});
  }

  std::vector<ConfigSection> sections_ = {ConfigSection{}};
  std::size_t current_ = 0;
};

// The same with a section for every element of a list.
class ElementLister final : public Lister {
 public:
  void sections(const FieldInfo& info, SectionList& list) override {
    if (list.size() == 0) return add_field(info, "[]");
    for (std::size_t i = 0; i < list.size(); ++i) {
      const std::string name = list.name(i);
      const bool is_named = !name.empty() && elements_meant(list, name).size() == 1;
      list_section({info.name, info.doc, is_named ? "." + name : fmt::format("[{}]", i + 1), true},
                   [&list, i](FieldVisitor& v) { list.describe(i, v); });
    }
  }
};

}  // namespace

std::string dotted_key(std::string_view section, std::string_view name) {
  return section.empty() ? std::string(name) : fmt::format("{}.{}", section, name);
}

std::string toml_quote(std::string_view text) {
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

std::string trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\n\r");
  if (first == std::string_view::npos) return "";
  return std::string(text.substr(first, text.find_last_not_of(" \t\n\r") + 1 - first));
}

std::vector<std::string> comma_parts(std::string_view text) {
  std::vector<std::string> parts(1);
  char quote = '\0';
  int depth = 0;
  for (const char c : text) {
    if (quote != '\0')
      quote = c == quote ? '\0' : quote;
    else if (c == '"' || c == '\'')
      quote = c;
    else if (c == '[' || c == '{')
      ++depth;
    else if (c == ']' || c == '}')
      --depth;
    if (c == ',' && quote == '\0' && depth == 0)
      parts.emplace_back();
    else
      parts.back() += c;
  }
  return parts;
}

std::string inline_toml(SectionList& list) {
  std::vector<std::string> elements;
  for (std::size_t i = 0; i < list.size(); ++i) {
    InlineTable table;
    list.describe(i, table);
    elements.push_back(table.text());
  }
  return fmt::format("[{}]", fmt::join(elements, ", "));
}

std::string range_text(const FieldInfo& info) {
  if (std::isinf(info.min) && std::isinf(info.max)) return "";
  if (std::isinf(info.max)) return fmt::format("at least {}", bound_text(info.min));
  if (std::isinf(info.min)) return fmt::format("at most {}", bound_text(info.max));
  return fmt::format("from {} to {}", bound_text(info.min), bound_text(info.max));
}

std::vector<ConfigSection> list_config(const Describe& describe) {
  Lister lister;
  describe(lister);
  return lister.take();
}

std::vector<ConfigSection> list_elements(const Describe& describe) {
  ElementLister lister;
  describe(lister);
  return lister.take();
}

std::string print_config(const Describe& describe) {
  std::string out;
  std::set<std::pair<std::string, std::string>> explained;
  const auto comment = [&explained](const std::string& key, const std::string& doc) {
    return explained.emplace(key, doc).second ? "  # " + doc : "";
  };
  for (const auto& [path, doc, fields, of_list, key] : list_elements(describe)) {
    if (!path.empty())
      out += fmt::format("\n{}{}{}{}\n", of_list ? "[[" : "[", path, of_list ? "]]" : "]",
                         comment(path, doc));
    for (const auto& [name, value, meaning] : fields)
      out += fmt::format("{} = {}{}\n", name, value, comment(dotted_key(path, name), meaning));
  }
  return out;
}

std::string config_hash(const Describe& describe) {
  std::vector<std::string> lines;
  for (const ConfigSection& section : list_config(describe)) {
    if (section.of_list) continue;  // the elements are in the list's value
    for (const auto& field : section.fields)
      lines.push_back(dotted_key(section.path, field.name) + "=" + field.value);
  }
  std::sort(lines.begin(), lines.end());  // the order of description does not matter
  std::uint64_t hash = 0;
  for (const std::string& line : lines) hash = derive_seed(hash, line);
  return fmt::format("{:016x}", hash);
}

}  // namespace qstar

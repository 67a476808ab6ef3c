// Configurations as text: the complete TOML, a list of settings, and a hash.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

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
    const std::string path = dotted_key(sections_[outer].path, name);
    current_ = sections_.size();
    sections_.push_back({path, std::string(doc), {}});
    body(*this);
    current_ = outer;
  }
  std::vector<ConfigSection> take() { return std::move(sections_); }

 private:
  template <class T>
  void add(const FieldInfo& info, const T& field) {
    sections_[current_].fields.push_back(
        {std::string(info.name), to_toml(field), doc_of(info, field)});
  }

  std::vector<ConfigSection> sections_ = {ConfigSection{}};
  std::size_t current_ = 0;
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

std::string print_config(const Describe& describe) {
  std::string out;
  for (const ConfigSection& section : list_config(describe)) {
    if (!section.path.empty()) out += fmt::format("\n[{}]  # {}\n", section.path, section.doc);
    for (const auto& [name, value, doc] : section.fields)
      out += fmt::format("{} = {}  # {}\n", name, value, doc);
  }
  return out;
}

std::string config_hash(const Describe& describe) {
  std::vector<std::string> lines;
  for (const ConfigSection& section : list_config(describe)) {
    for (const auto& field : section.fields)
      lines.push_back(dotted_key(section.path, field.name) + "=" + field.value);
  }
  std::sort(lines.begin(), lines.end());  // the order of description does not matter
  std::uint64_t hash = 0;
  for (const std::string& line : lines) hash = derive_seed(hash, line);
  return fmt::format("{:016x}", hash);
}

}  // namespace qstar

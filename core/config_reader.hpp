// Assigns the values of a TOML table to described fields; the part of core/config.hpp that knows
// what is wrong with a value.
#pragma once

#include <optional>
#include <string>
#include <toml++/toml.h>
#include <vector>

#include "core/config.hpp"

namespace qstar {

// Where the values come from, for messages and for the rules that differ.
struct ConfigSource {
  struct Override {
    std::string key;    // dotted
    std::string value;  // as given: it may be text without quotes
  };
  std::string name;
  std::optional<Override> given;
};

// Keeps the first error.
class ConfigReader final : public FieldVisitor {
 public:
  // `known`: all dotted keys of the configuration, of which the nearest one is suggested.
  ConfigReader(const toml::table& table, ConfigSource source, std::vector<std::string> known)
      : table_(&table), source_(std::move(source)), known_(std::move(known)) {}

  Status read(const Describe& describe);

  bool gives(std::string_view name) const override { return table_->contains(name); }
  void value(const FieldInfo& info, std::int64_t& field) override;
  void value(const FieldInfo& info, double& field) override;
  void value(const FieldInfo& info, bool& field) override;
  void value(const FieldInfo& info, std::string& field) override;
  void value(const FieldInfo& info, std::vector<std::int64_t>& field) override;
  void value(const FieldInfo& info, std::vector<double>& field) override;
  void value(const FieldInfo& info, std::vector<std::string>& field) override;
  void section(std::string_view name, std::string_view doc,
               const std::function<void(FieldVisitor&)>& body) override;
  void sections(const FieldInfo& info, SectionList& list) override;
  void refuse(std::string_view name, std::string_view why) override;

 private:
  // A value that was given for a field or for an element of a list.
  struct Given {
    const FieldInfo& info;
    std::string key;
    const toml::node& node;
  };

  template <class T>
  void take(const FieldInfo& info, T& field);
  template <class T>
  void take_list(const FieldInfo& info, std::vector<T>& field);
  template <class T>
  void check_list(const FieldInfo& info, const toml::node& node, const std::vector<T>& list);

  void assign(const Given& given, std::int64_t& field);
  void assign(const Given& given, double& field);
  void assign(const Given& given, bool& field);
  void assign(const Given& given, std::string& field);

  ConfigReader reader_of(const toml::table& table, std::string_view name, std::size_t index) const;
  void read_within(ConfigReader& inner, const std::function<void(FieldVisitor&)>& body);
  std::vector<const toml::table*> tables_in(const FieldInfo& info, const toml::node& node);
  bool is_in_override(const std::string& key) const;
  void read_meant(const FieldInfo& info, const toml::table& table, SectionList& list);
  bool read_all(const std::string& name, const toml::table& table, SectionList& list);

  std::string key_of(std::string_view name) const;
  const toml::node* find(std::string_view name);
  const toml::node* find(const FieldInfo& info);
  bool is_override(const std::string& key) const;
  bool is_huge_integer(const Given& given) const;
  std::string suggestion_for(std::string_view key) const;

  void report(const toml::source_region& at, std::string_view key, std::string_view what);
  void report_unknown();
  void report_no_list(const FieldInfo& info, const toml::node& node, bool of_text);
  void wrong_type(const Given& given, std::string_view expected);
  void wrong_range(const Given& given, std::string_view allowed, std::string_view value);
  template <class Number>
  void check_range(const Given& given, Number number);
  void check_choice(const Given& given, const std::string& word);

  const toml::table* table_;
  ConfigSource source_;
  std::vector<std::string> known_;
  std::string path_;       // with the numbers of elements: "search.methods[3]"
  std::string plain_;      // without
  bool is_part_ = false;   // of an element: what is not given stays as it is
  bool may_lack_ = false;  // the key that is given, which is then noted in lacked_
  bool lacked_ = false;
  std::vector<std::string> seen_;
  std::optional<std::string> error_;
};

}  // namespace qstar

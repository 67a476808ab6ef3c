// Configuration: one description of a struct serves parsing, printing, checking and checkpoints.
//
// A configuration struct has plain fields with defaults and one member function that names them:
//
//   struct PretrainConfig {
//     std::int64_t steps = 1500;
//     void describe(FieldVisitor& v) { v.value({"steps", "optimiser steps", 0, 1e7}, steps); }
//   };
//
// Nested structs are sections: section(v, "pretrain", "next-token pre-training", config.pretrain).
// Fields may be lists: of text, of numbers, or of sections ("[[stages]]" in TOML), whose elements
// are structs with a describe() of their own. Messages count elements from 1: "stages[3].steps" is
// a key of the third element. Elements with a member `name` or `kind` can be addressed by it.
#pragma once

#include <concepts>
#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.hpp"

namespace qstar {

class FieldVisitor;

// Numbers are finite: nan and infinity are refused whatever the bounds are. Bounds and choices of a
// list hold for each element.
struct FieldInfo {
  std::string_view name;
  std::string_view doc;                                   // one line, with the unit
  double min = -std::numeric_limits<double>::infinity();  // inclusive, for numbers
  double max = std::numeric_limits<double>::infinity();
  std::string_view choices = {};  // for text: the allowed words, separated by '|'; empty: any
  bool filled = false;            // lists: must have an element
  bool distinct = false;          // lists of values: no two may be equal
  bool required = false;          // keys of a list's elements: must be given
};

// A list of sections without their type.
class SectionList {
 public:
  virtual ~SectionList() = default;
  virtual std::size_t size() const = 0;
  // Replaces the list by that number of elements with their defaults.
  virtual void reset(std::size_t size) = 0;
  virtual void describe(std::size_t index, FieldVisitor& v) = 0;
  // Describes an element that is in no list, with its defaults.
  virtual void describe_fresh(FieldVisitor& v) const = 0;
  // The element's member `name`, and its member `kind`; empty: it has none.
  virtual std::string name(std::size_t) const { return {}; }
  virtual std::string kind(std::size_t) const { return {}; }
};

// The elements that a word means: the one of that name, else the only one of that kind, all for
// "*"; none when no element is meant.
std::vector<std::size_t> elements_meant(const SectionList& list, std::string_view word);

class FieldVisitor {
 public:
  virtual ~FieldVisitor() = default;
  // Whether this visitor assigns a value that was given for the field of that name, in the section
  // it is in.
  virtual bool gives(std::string_view) const { return false; }
  virtual void value(const FieldInfo& info, std::int64_t& field) = 0;
  virtual void value(const FieldInfo& info, double& field) = 0;
  virtual void value(const FieldInfo& info, bool& field) = 0;
  virtual void value(const FieldInfo& info, std::string& field) = 0;
  virtual void value(const FieldInfo& info, std::vector<std::int64_t>& field) = 0;
  virtual void value(const FieldInfo& info, std::vector<double>& field) = 0;
  virtual void value(const FieldInfo& info, std::vector<std::string>& field) = 0;
  // Visits a nested struct's fields between entering and leaving a section of that name.
  virtual void section(std::string_view name, std::string_view doc,
                       const std::function<void(FieldVisitor&)>& body) = 0;
  virtual void sections(const FieldInfo& info, SectionList& list) = 0;
  // The section has no such key here; `why` completes "KEY ...", for an error when it is given.
  virtual void refuse(std::string_view, std::string_view) {}
};

template <class Struct>
void section(FieldVisitor& v, std::string_view name, std::string_view doc, Struct& s) {
  v.section(name, doc, [&s](FieldVisitor& inner) { s.describe(inner); });
}

template <class Struct>
class SectionsOf final : public SectionList {
 public:
  explicit SectionsOf(std::vector<Struct>& list) : list_(&list) {}
  std::size_t size() const override { return list_->size(); }
  void reset(std::size_t size) override { list_->assign(size, Struct()); }
  void describe(std::size_t index, FieldVisitor& v) override { (*list_)[index].describe(v); }
  void describe_fresh(FieldVisitor& v) const override { Struct().describe(v); }
  std::string name(std::size_t index) const override {
    if constexpr (requires(Struct s) {
                    { s.name } -> std::convertible_to<std::string>;
                  })
      return (*list_)[index].name;
    return {};
  }
  std::string kind(std::size_t index) const override {
    if constexpr (requires(Struct s) {
                    { s.kind } -> std::convertible_to<std::string>;
                  })
      return (*list_)[index].kind;
    return {};
  }

 private:
  std::vector<Struct>* list_;
};

template <class Struct>
void sections(FieldVisitor& v, const FieldInfo& info, std::vector<Struct>& list) {
  SectionsOf<Struct> elements(list);
  v.sections(info, elements);
}

using Describe = std::function<void(FieldVisitor&)>;

// Reads TOML into the described fields, then the overrides ("dotted.key=value", TOML values; a bare
// word counts as text). A list replaces the one that was there. An override gives a list in
// brackets, where bare words count as text, too: "guides=[prm,critic]"; a value without brackets is
// a list of this one element: "guides=prm". In a list of sections it may mean one element by its
// name or its kind, "stages.base.steps=9", or all that have the key, "stages.*.seed=1". Errors name
// source, line, key and remedy: an unknown key or word gives the nearest known one; a wrong type
// and a value out of range give what is expected. On an error the fields may be partly written:
// parse into a fresh struct.
Status parse_config(std::string_view toml, std::string_view source,
                    std::span<const std::string> overrides, const Describe& describe);

// A configuration that was read, not parsed: the text, and the name that errors give its source.
struct ConfigText {
  std::string source;
  std::string toml;
};

// Reads a file, a pipe or, for "-", standard input to its end, once. kMissingFile: it is missing or
// a directory; kConfig: it says nothing (blanks and comments only) or is longer than 1 MiB.
Result<ConfigText> read_config(const std::string& path);
// read_config, then parse_config.
Status load_config(const std::string& path, std::span<const std::string> overrides,
                   const Describe& describe);

// The text at `key` ("section.name") of a configuration that may be of several kinds, the last
// override of it first; empty when there is none. What is wrong with the TOML, parse_config says.
std::string peek_config(std::string_view toml, std::span<const std::string> overrides,
                        const std::string& key);

// Every value of a configuration by its dotted key, as TOML. Lists of sections whose names differ
// are taken apart ("stages.base.steps"); other lists are one value. Empty when the text is no TOML.
std::map<std::string, std::string> config_values(std::string_view toml);

// One section of a description with its fields' present values; the top level has an empty path.
struct ConfigSection {
  struct Field {
    std::string name;
    std::string value;  // as TOML
    std::string doc;    // with the range or the choices
  };
  std::string path;  // "outer.inner"
  std::string doc;
  std::vector<Field> fields;
  bool of_list = false;  // the keys of an element of the list of sections at `path`
  std::string key;       // the path with the names or numbers of elements: "stages.base.optimizer"
};
// Every section once, the top level first. A list of sections is one field, whose value is inline
// TOML, so equal descriptions give equal keys; a section `of_list` follows, which says what keys an
// element has, with their defaults.
std::vector<ConfigSection> list_config(const Describe& describe);
// The same with one section per element of a list, and no field for the list itself unless it is
// empty.
std::vector<ConfigSection> list_elements(const Describe& describe);

// The complete configuration as TOML. A comment on each line says what the field means and what
// range it has, in lists of sections once per key. Parsing it gives the same values back.
std::string print_config(const Describe& describe);

// A stable hash of print_config's values (not its comments), as 16 hexadecimal digits.
std::string config_hash(const Describe& describe);

// The known word with the smallest edit distance to `word`; empty when none is near.
std::string nearest_word(std::string_view word, std::span<const std::string> known);

template <class Struct>
Describe describe_of(Struct& s) {
  return [&s](FieldVisitor& v) { s.describe(v); };
}

}  // namespace qstar

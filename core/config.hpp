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
#pragma once

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

// Numbers are finite: nan and infinity are refused whatever the bounds are.
struct FieldInfo {
  std::string_view name;
  std::string_view doc;                                   // one line, with the unit
  double min = -std::numeric_limits<double>::infinity();  // inclusive, for numbers
  double max = std::numeric_limits<double>::infinity();
  std::string_view choices = {};  // for text: the allowed words, separated by '|'; empty: any
};

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
  // Visits a nested struct's fields between entering and leaving a section of that name.
  virtual void section(std::string_view name, std::string_view doc,
                       const std::function<void(FieldVisitor&)>& body) = 0;
};

template <class Struct>
void section(FieldVisitor& v, std::string_view name, std::string_view doc, Struct& s) {
  v.section(name, doc, [&s](FieldVisitor& inner) { s.describe(inner); });
}

using Describe = std::function<void(FieldVisitor&)>;

// Reads TOML into the described fields, then the overrides ("dotted.key=value", TOML values; a bare
// word counts as text). Errors name source, line, key and remedy: an unknown key gives the nearest
// known one; a wrong type and a value out of range give what is expected. On an error the fields
// may be partly written: parse into a fresh struct.
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

// Every value of a configuration by its dotted key, as TOML; not the elements of lists. Empty when
// the text is no TOML.
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
};
// Every section once, the top level first.
std::vector<ConfigSection> list_config(const Describe& describe);

// The complete configuration as TOML. A comment on each line says what the field means and what
// range it has. Parsing it gives the same values back.
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

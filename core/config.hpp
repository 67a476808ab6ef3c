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
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.hpp"

namespace qstar {

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
// The same from a file.
Status load_config(const std::string& path, std::span<const std::string> overrides,
                   const Describe& describe);

// The text at `key` ("section.name") of a file that may be of several kinds, an override of it
// first; empty when there is none, or the file cannot be read: load_config says why.
std::string peek_config(const std::string& path, std::span<const std::string> overrides,
                        const std::string& key);

// The complete configuration as TOML with a comment a field; parsing it gives the same values back.
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

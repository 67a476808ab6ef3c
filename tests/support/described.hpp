// Whether a configuration's describe() names every field of its struct.
#pragma once

#include "core/config.hpp"
#include "tests/support/fields.hpp"

namespace qstar::testing {

// Counts the fields and sections of a struct, not those within its sections.
class Counter final : public FieldVisitor {
 public:
  void value(const FieldInfo&, std::int64_t&) override { ++count; }
  void value(const FieldInfo&, double&) override { ++count; }
  void value(const FieldInfo&, bool&) override { ++count; }
  void value(const FieldInfo&, std::string&) override { ++count; }
  void value(const FieldInfo&, std::vector<std::int64_t>&) override { ++count; }
  void value(const FieldInfo&, std::vector<double>&) override { ++count; }
  void value(const FieldInfo&, std::vector<std::string>&) override { ++count; }
  void section(std::string_view, std::string_view,
               const std::function<void(FieldVisitor&)>&) override {
    ++count;
  }
  void sections(const FieldInfo&, SectionList&) override { ++count; }
  std::size_t count = 0;
};

// `spelled_out`: fields that describe() gives one by one for a nested struct without a section.
// `inner`: fields that are no settings, and are known not to be described.
template <class Config>
bool describes_all(std::size_t spelled_out = 0, std::size_t inner = 0) {
  Config config;
  Counter counter;
  config.describe(counter);
  const std::size_t nested = spelled_out > 0 ? 1 : 0;
  return counter.count == field_count<Config>() - nested + spelled_out - inner;
}

}  // namespace qstar::testing

#include "experiment/stage_entry.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace qstar::experiment {
namespace {

std::string_view kind_choices() {
  static const std::string choices = [] {
    std::vector<std::string_view> kinds;
    for (const auto& kind : stage_kinds()) kinds.push_back(kind.kind);
    return fmt::format("{}", fmt::join(kinds, "|"));
  }();
  return choices;
}

std::string printed(const StageEntry& entry) {
  StageEntry copy = entry;
  return print_config(describe_of(copy));
}

}  // namespace

const StageKind* find_stage_kind(std::string_view kind) {
  const auto kinds = stage_kinds();
  const auto found =
      std::find_if(kinds.begin(), kinds.end(), [&](const auto& row) { return row.kind == kind; });
  return found == kinds.end() ? nullptr : &*found;
}

StageEntry::StageEntry(std::string_view of_kind) : kind(of_kind) {
  const auto* row = find_stage_kind(of_kind);
  QSTAR_ASSERT(row != nullptr, kind);
  name = row->name;
  settings_ = row->make();
}

StageEntry::StageEntry(const StageEntry& other)
    : kind(other.kind),
      name(other.name),
      skip(other.skip),
      settings_(other.settings_ ? other.settings_->clone() : nullptr) {}

StageEntry& StageEntry::operator=(const StageEntry& other) {
  if (this != &other) *this = StageEntry(other);
  return *this;
}

void StageEntry::describe(FieldVisitor& v) {
  const std::string before = kind;
  v.value(
      {.name = "kind", .doc = "What the stage does", .choices = kind_choices(), .required = true},
      kind);
  if (const auto* row = find_stage_kind(kind); row != nullptr && (kind != before || !settings_)) {
    if (name.empty()) name = row->name;
    settings_ = row->make();
  }
  v.value({"name", "Name of the stage, of its models and of its section of the report"}, name);
  v.value({"skip", "Leave this stage out"}, skip);
  if (settings_) settings_->describe(v);
}

bool operator==(const StageEntry& a, const StageEntry& b) { return printed(a) == printed(b); }

}  // namespace qstar::experiment

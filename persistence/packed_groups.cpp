#include "persistence/bytes.hpp"
#include "persistence/store.hpp"

namespace qstar::persistence {
namespace {

auto damaged_records() { return fail(Errc::kCorrupt, "damaged attempt records"); }

}  // namespace

std::string pack(std::span<const AttemptGroup> groups) {
  std::string packed;
  for (const auto& group : groups) {
    append_raw(packed, group.group);
    append_raw(packed, static_cast<std::uint32_t>(group.attempts.size()));
    for (const auto& attempt : group.attempts) append_block(packed, encode(attempt));
  }
  return packed;
}

bool take_group(std::string_view& packed, PackedGroup& group) {
  std::uint32_t attempts = 0;
  if (!take_raw(packed, group.group) || !take_raw(packed, attempts)) return false;
  group.records.clear();
  for (; attempts > 0; --attempts)
    if (!take_block(packed, group.records.emplace_back())) return false;
  return true;
}

Result<std::vector<AttemptGroup>> unpack(std::string_view packed) {
  std::vector<AttemptGroup> groups;
  PackedGroup next;
  while (!packed.empty()) {
    if (!take_group(packed, next)) return damaged_records();
    auto& group = groups.emplace_back(AttemptGroup{next.group, {}});
    for (const auto record : next.records) {
      auto attempt = decode_trajectory(record);
      if (!attempt) return tl::unexpected(attempt.error());
      if (attempt->id.group != group.group) return damaged_records();
      group.attempts.push_back(std::move(*attempt));
    }
  }
  return groups;
}

}  // namespace qstar::persistence

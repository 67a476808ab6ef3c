#include "persistence/store.hpp"

namespace qstar::persistence {
namespace {

void append_u32(std::string& out, std::uint32_t value) {
  for (int shift = 0; shift < 32; shift += 8) out.push_back(static_cast<char>(value >> shift));
}

bool take_u32(std::string_view& in, std::uint32_t& value) {
  if (in.size() < 4) return false;
  value = 0;
  for (int i = 3; i >= 0; --i)
    value = value << 8 | static_cast<unsigned char>(in[static_cast<std::size_t>(i)]);
  in.remove_prefix(4);
  return true;
}

}  // namespace

std::string pack(const std::vector<AttemptGroup>& groups) {
  std::string out;
  for (const auto& group : groups) {
    append_u32(out, static_cast<std::uint32_t>(group.attempts.size()));
    for (const auto& attempt : group.attempts) {
      const std::string record = encode(attempt);
      append_u32(out, static_cast<std::uint32_t>(record.size()));
      out += record;
    }
  }
  return out;
}

Result<std::vector<AttemptGroup>> unpack(std::string_view bytes) {
  const auto damaged = [] { return fail(Errc::kCorrupt, "damaged attempt records"); };
  std::vector<AttemptGroup> groups;
  while (!bytes.empty()) {
    std::uint32_t attempts = 0;
    if (!take_u32(bytes, attempts)) return damaged();
    AttemptGroup group;
    for (; attempts > 0; --attempts) {
      std::uint32_t size = 0;
      if (!take_u32(bytes, size) || size > bytes.size()) return damaged();
      auto attempt = decode_trajectory(bytes.substr(0, size));
      if (!attempt) return tl::unexpected(attempt.error());
      bytes.remove_prefix(size);
      group.group = attempt->id.group;
      group.attempts.push_back(std::move(*attempt));
    }
    groups.push_back(std::move(group));
  }
  return groups;
}

}  // namespace qstar::persistence

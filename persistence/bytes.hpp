// Plain little-endian bytes for saved state: append in order, take in the same order.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <type_traits>

namespace qstar {

template <class T>
void append_raw(std::string& out, const T& value) {
  static_assert(std::is_trivially_copyable_v<T>);
  out.append(reinterpret_cast<const char*>(&value), sizeof(T));
}

// False, and nothing taken, when too little is left.
template <class T>
bool take_raw(std::string_view& in, T& value) {
  static_assert(std::is_trivially_copyable_v<T>);
  if (in.size() < sizeof(T)) return false;
  std::memcpy(&value, in.data(), sizeof(T));
  in.remove_prefix(sizeof(T));
  return true;
}

inline void append_block(std::string& out, std::string_view block) {
  append_raw(out, static_cast<std::uint64_t>(block.size()));
  out.append(block);
}

inline bool take_block(std::string_view& in, std::string_view& block) {
  std::uint64_t size = 0;
  if (!take_raw(in, size) || size > in.size()) return false;
  block = in.substr(0, size);
  in.remove_prefix(size);
  return true;
}

}  // namespace qstar

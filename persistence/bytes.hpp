// Little-endian bytes for saved state and messages, the same on every machine: append in order,
// take in the same order.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>

namespace qstar::persistence {

// Integers and floating-point numbers of at most eight bytes, bool among them.
template <class T>
concept PlainNumber = std::is_arithmetic_v<T> && sizeof(T) <= 8;

namespace bytes_detail {

template <std::size_t kSize>
using Unsigned = std::conditional_t<
    kSize == 1, std::uint8_t,
    std::conditional_t<kSize == 2, std::uint16_t,
                       std::conditional_t<kSize == 4, std::uint32_t, std::uint64_t>>>;

// Shifts name the bytes by their worth, so the order in the machine's memory does not matter.
template <PlainNumber T>
void store(T value, char* to) {
  const auto bits = std::bit_cast<Unsigned<sizeof(T)>>(value);
  for (std::size_t i = 0; i < sizeof(T); ++i) to[i] = static_cast<char>(bits >> (8 * i) & 0xffU);
}

template <PlainNumber T>
T load(const char* from) {
  std::uint64_t bits = 0;
  for (std::size_t i = 0; i < sizeof(T); ++i)
    bits |= static_cast<std::uint64_t>(static_cast<unsigned char>(from[i])) << (8 * i);
  if constexpr (std::is_same_v<T, bool>) return bits != 0;
  return std::bit_cast<T>(static_cast<Unsigned<sizeof(T)>>(bits));
}

}  // namespace bytes_detail

// Numbers one after the other, without their count.
template <PlainNumber T>
void append_values(std::string& out, std::span<const T> values) {
  const std::size_t before = out.size();
  out.resize(before + values.size_bytes());
  char* to = out.data() + before;
  for (const T value : values) {
    bytes_detail::store(value, to);
    to += sizeof(T);
  }
}

// Fills `values`; false, and nothing taken, when too little is left.
template <PlainNumber T>
bool take_values(std::string_view& in, std::span<T> values) {
  if (in.size() < values.size_bytes()) return false;
  const char* from = in.data();
  for (T& value : values) {
    value = bytes_detail::load<T>(from);
    from += sizeof(T);
  }
  in.remove_prefix(values.size_bytes());
  return true;
}

template <PlainNumber T>
void append_raw(std::string& out, T value) {
  append_values(out, std::span<const T>(&value, 1));
}
template <PlainNumber T, std::size_t kCount>
void append_raw(std::string& out, const std::array<T, kCount>& values) {
  append_values(out, std::span<const T>(values));
}

// False, and nothing taken, when too little is left.
template <PlainNumber T>
bool take_raw(std::string_view& in, T& value) {
  return take_values(in, std::span<T>(&value, 1));
}
template <PlainNumber T, std::size_t kCount>
bool take_raw(std::string_view& in, std::array<T, kCount>& values) {
  return take_values(in, std::span<T>(values));
}

// Bytes behind their count, a 64-bit number.
inline void append_block(std::string& out, std::string_view block) {
  append_raw(out, static_cast<std::uint64_t>(block.size()));
  out.append(block);
}

// False when less than the block is left; its count has been taken then.
inline bool take_block(std::string_view& in, std::string_view& block) {
  std::uint64_t size = 0;
  if (!take_raw(in, size) || size > in.size()) return false;
  block = in.substr(0, size);
  in.remove_prefix(size);
  return true;
}

}  // namespace qstar::persistence

// SHA-256 (FIPS 180-4), by OpenSSL: the name of a model is the digest of its file's bytes.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/result.hpp"

namespace qstar {

struct Sha256 {
  std::array<std::uint8_t, 32> bytes{};
  // 64 lower-case hexadecimal digits.
  std::string hex() const;
  friend auto operator<=>(const Sha256&, const Sha256&) = default;
};

Sha256 sha256(std::string_view bytes);
// The inverse of hex(). kUsage: not 64 lower-case hexadecimal digits.
Result<Sha256> parse_sha256(std::string_view hex);

}  // namespace qstar

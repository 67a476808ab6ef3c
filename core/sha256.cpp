#include "core/sha256.hpp"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <new>

#include "core/printable.hpp"

namespace qstar {
namespace {

constexpr std::string_view kDigits = "0123456789abcdef";

}  // namespace

std::string Sha256::hex() const {
  std::string text;
  for (const auto byte : bytes) {
    text += kDigits[byte >> 4U];
    text += kDigits[byte & 15U];
  }
  return text;
}

Sha256 sha256(std::string_view bytes) {
  Sha256 digest;
  unsigned size = 0;
  const int done =
      EVP_Digest(bytes.data(), bytes.size(), digest.bytes.data(), &size, EVP_sha256(), nullptr);
  if (done != 1) throw std::bad_alloc();  // the only reason why OpenSSL fails at it
  QSTAR_ASSERT(size == digest.bytes.size(), "SHA-256 has 32 bytes");
  return digest;
}

Result<Sha256> parse_sha256(std::string_view hex) {
  Sha256 digest;
  const bool known = hex.find_first_not_of(kDigits) == std::string_view::npos;
  if (!known || hex.size() != 2 * digest.bytes.size())
    return fail(Errc::kUsage, fmt::format("\"{}\" is not the SHA-256 of a model: give its 64 "
                                          "lower-case hexadecimal digits",
                                          printable(std::string(hex.substr(0, 80)))));
  for (std::size_t i = 0; i < hex.size(); ++i)
    digest.bytes[i / 2] =
        static_cast<std::uint8_t>(digest.bytes[i / 2] << 4U | kDigits.find(hex[i]));
  return digest;
}

}  // namespace qstar

#include "core/sha256.hpp"

#include <catch2/catch.hpp>

using namespace qstar;

TEST_CASE("SHA-256 gives the digests of FIPS 180-4's examples") {
  CHECK(sha256("").hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  CHECK(sha256("abc").hex() == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  CHECK(sha256("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq").hex() ==
        "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
}

TEST_CASE("A digest is read back from its digits, and nothing else is") {
  const auto digest = sha256("abc");
  CHECK(parse_sha256(digest.hex()).value() == digest);
  for (const std::string wrong : {"", "ba7816bf",
                                  "Ba7816bf8f01cfea414140de5dae2223b00361a396177a9"
                                  "cb410ff61f20015ad"})
    CHECK(parse_sha256(wrong).error().code == Errc::kUsage);
  CHECK_FALSE(parse_sha256(digest.hex() + "0").has_value());
}

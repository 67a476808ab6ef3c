// The bytes of saved state, one by one: they are the same on every machine and in every version.
#include "persistence/bytes.hpp"

#include <catch2/catch.hpp>
#include <limits>

#include "core/rng.hpp"
#include "persistence/selectors.hpp"

namespace qstar {
using namespace persistence;
namespace {

using namespace std::string_literals;

template <class T>
std::string bytes_of(const T& value) {
  std::string out;
  append_raw(out, value);
  return out;
}

TEST_CASE("numbers are written from their lowest byte to their highest", "[bytes]") {
  CHECK(bytes_of(std::uint8_t{0xfe}) == "\xfe"s);
  CHECK(bytes_of(std::uint16_t{0x0102}) == "\x02\x01"s);
  CHECK(bytes_of(std::uint32_t{0x01020304}) == "\x04\x03\x02\x01"s);
  CHECK(bytes_of(std::uint64_t{0x0102030405060708}) == "\x08\x07\x06\x05\x04\x03\x02\x01"s);
  CHECK(bytes_of(std::int64_t{-2}) == "\xfe\xff\xff\xff\xff\xff\xff\xff"s);
  CHECK(bytes_of(std::int32_t{-256}) == "\x00\xff\xff\xff"s);
  CHECK(bytes_of(true) == "\x01"s);
  // IEEE 754: sign, exponent 127, no fraction; and -2.5 = -1.25 · 2.
  CHECK(bytes_of(1.0F) == "\x00\x00\x80\x3f"s);
  CHECK(bytes_of(-2.5) == "\x00\x00\x00\x00\x00\x00\x04\xc0"s);
  CHECK(bytes_of(std::array<std::uint16_t, 2>{0x0102, 0x0304}) == "\x02\x01\x04\x03"s);
  std::string block;
  append_block(block, "ab");
  CHECK(block == "\x02\x00\x00\x00\x00\x00\x00\x00"s + "ab");
}

template <class T>
void check_back(T value) {
  std::string bytes = bytes_of(value) + "rest";
  std::string_view left = bytes;
  T back{};
  REQUIRE(take_raw(left, back));
  CHECK(bytes_of(back) == bytes_of(value));
  CHECK(left == "rest");
}

TEST_CASE("what was written is read, every bit of it", "[bytes]") {
  Rng rng(5);
  for (int i = 0; i < 200; ++i) {
    const std::uint64_t bits = rng.next();
    check_back(bits);
    check_back(static_cast<std::int64_t>(bits));
    check_back(static_cast<std::uint32_t>(bits));
    check_back(static_cast<std::int16_t>(bits));
    check_back(static_cast<std::uint8_t>(bits));
    check_back(std::bit_cast<double>(bits));  // also what is no number
    check_back(std::bit_cast<float>(static_cast<std::uint32_t>(bits)));
    check_back(bits % 2 == 0);
    check_back(std::array<std::uint64_t, 2>{bits, ~bits});
  }
  check_back(std::numeric_limits<double>::infinity());
  check_back(-0.0F);
}

TEST_CASE("where too little is left nothing is taken", "[bytes]") {
  const std::string whole = bytes_of(std::array<std::uint32_t, 2>{7, 8});
  for (std::size_t n = 0; n < whole.size(); ++n) {
    std::string_view left = std::string_view(whole).substr(0, n);
    std::array<std::uint32_t, 2> values{1, 2};
    CHECK_FALSE(take_raw(left, values));
    CHECK(values == std::array<std::uint32_t, 2>{1, 2});
    CHECK(left.size() == n);
  }
  std::string block;
  append_block(block, "abc");
  std::string_view taken = "before";
  for (std::size_t n = 0; n < block.size(); ++n) {
    std::string_view left = std::string_view(block).substr(0, n);
    CHECK_FALSE(take_block(left, taken));
  }
  CHECK(taken == "before");
  std::string_view huge = "\xff\xff\xff\xff\xff\xff\xff\xff";
  CHECK_FALSE(take_block(huge, taken));
}

TEST_CASE("saved selectors have these bytes", "[bytes]") {
  const auto uniform = make_selector("uniform").value();
  uniform->insert(0x0506, 1);
  CHECK(uniform->save() == "\x06\x05\0\0\0\0\0\0"s);
  const auto prioritised = make_selector("prioritised", 1.0).value();
  prioritised->insert(4, 2);  // 2.0 = 1 · 2: exponent 1024
  CHECK(prioritised->save() == "\x04\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x40"s);
}

}  // namespace
}  // namespace qstar

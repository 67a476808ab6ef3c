// Sixteen lanes as this machine's plain vectors make them: several registers of each.
#include "core/lanes.hpp"

#include <array>
#include <limits>

#include <catch2/catch.hpp>

namespace qstar::lanes {
namespace {

std::array<float, kLanes> counted() {
  std::array<float, kLanes> numbers{};
  for (std::size_t i = 0; i < kLanes; ++i) numbers[i] = static_cast<float>(i);
  return numbers;
}

TEST_CASE("a comparison's bits stand where it holds", "[lanes]") {
  const auto numbers = counted();
  const auto lanes = load<Floats>(numbers.data());
  CHECK(bits(lanes >= splat<Floats>(13.0F)) == 0xE000U);
  CHECK(bits(lanes < splat<Floats>(5.0F)) == 0x001FU);
  CHECK(bits(lanes > splat<Floats>(15.0F)) == 0);
  CHECK(bits(lanes >= splat<Floats>(std::numeric_limits<float>::quiet_NaN())) == 0);
}

TEST_CASE("comparisons count, one less a lane that holds", "[lanes]") {
  const auto numbers = counted();
  const auto lanes = load<Floats>(numbers.data());
  Ints counts{};
  for (const float number : numbers) counts += lanes >= splat<Floats>(number);
  std::array<std::int32_t, kLanes> stored{};
  store(stored.data(), counts);
  for (std::size_t i = 0; i < kLanes; ++i) CHECK(stored[i] == -static_cast<std::int32_t>(i) - 1);
}

TEST_CASE("the smaller of two lanes is the second where the first is no number", "[lanes]") {
  auto numbers = counted();
  numbers[3] = std::numeric_limits<float>::quiet_NaN();
  std::array<float, kLanes> stored{};
  store(stored.data(), min(load<Floats>(numbers.data()), splat<Floats>(7.0F)));
  for (std::size_t i = 0; i < kLanes; ++i)
    CHECK(stored[i] == (i == 3 || i > 7 ? 7.0F : static_cast<float>(i)));
}

}  // namespace
}  // namespace qstar::lanes

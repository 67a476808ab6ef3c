#include "core/metrics.hpp"

#include <limits>
#include <vector>

#include <catch2/catch.hpp>

using namespace qstar;

TEST_CASE("Wilson's interval equals values worked out by hand") {
  const Interval eight = wilson95(8, 10);
  REQUIRE(eight.low == Approx(0.490162).margin(1e-6));
  REQUIRE(eight.high == Approx(0.943318).margin(1e-6));
  // No success in n: high = z^2 / (n + z^2) = 3.841459 / 13.841459.
  for (const std::uint64_t n : {1, 3, 10, 999}) {
    REQUIRE(wilson95(0, n).low == 0.0);
    REQUIRE(wilson95(n, n).high == 1.0);
  }
  REQUIRE(wilson95(0, 10).high == Approx(0.277533).margin(1e-6));
  const Interval held_out = wilson95(1960, 2000);
  REQUIRE(held_out.low == Approx(0.972881).margin(1e-6));
  REQUIRE(held_out.high == Approx(0.985278).margin(1e-6));
}

TEST_CASE("Wilson's interval is symmetric, holds the proportion, and knows nothing of nothing") {
  REQUIRE(wilson95(0, 0).low == 0.0);
  REQUIRE(wilson95(0, 0).high == 1.0);
  for (std::uint64_t n : {1, 2, 17, 1000}) {
    for (std::uint64_t k = 0; k <= n; ++k) {
      const Interval won = wilson95(k, n);
      const Interval lost = wilson95(n - k, n);
      REQUIRE(won.low == Approx(1 - lost.high).margin(1e-12));
      const double p = static_cast<double>(k) / static_cast<double>(n);
      REQUIRE(won.low <= p + 1e-12);
      REQUIRE(won.high >= p - 1e-12);
    }
  }
}

TEST_CASE("a row is one line of JSON; what is not finite is left out") {
  MetricsRow row{"rl", 7, {{"learner.loss", 0.25}, {"policy.kl", 1}}};
  row.values["bad"] = std::numeric_limits<double>::quiet_NaN();
  row.values["worse"] = std::numeric_limits<double>::infinity();
  REQUIRE(to_json_line(row) == R"({"phase":"rl","step":7,"learner.loss":0.25,"policy.kl":1.0})");
}

TEST_CASE("a row with odd names stays one line") {
  const MetricsRow row{"a\"b\nc", 0, {}};
  REQUIRE(to_json_line(row) == R"({"phase":"a\"b\nc","step":0})");
}

TEST_CASE("processor time grows with work, and memory is counted in bytes") {
  const double before = process_cpu_seconds();
  volatile double x = 0;
  while (process_cpu_seconds() < before + 0.01) x = x + 1;
  REQUIRE(x > 0);
  REQUIRE(peak_resident_bytes() > 1'000'000);
  const std::vector<char> block(64 << 20, 1);
  REQUIRE(block.back() == 1);
  REQUIRE(peak_resident_bytes() > (64U << 20));
}

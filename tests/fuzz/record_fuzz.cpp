// Any bytes as a stored attempt, and as attempts from another process: refused, or the same again.
#include "actors/messages.hpp"
#include "persistence/store.hpp"
#include "tests/fuzz/target.hpp"
#include "tests/support/attempts.hpp"

std::vector<std::string> fuzz_seeds() {
  return {qstar::encode(qstar::sample_attempt(1, 0)), qstar::encode(qstar::sample_attempt(2, 1)),
          qstar::pack(qstar::sample_groups(1, 3))};
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (const auto attempt = qstar::decode_trajectory(text_of(data, size))) {
    const auto bytes = qstar::encode(*attempt);
    const auto again = qstar::decode_trajectory(bytes);
    require(again.has_value() && qstar::encode(*again) == bytes);
  }
  if (const auto groups = qstar::unpack(text_of(data, size))) {
    const auto again = qstar::unpack(qstar::pack(*groups));
    require(again.has_value() && qstar::pack(*again) == qstar::pack(*groups));
  }
  return 0;
}

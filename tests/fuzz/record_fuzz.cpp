// Any bytes as a stored attempt, and as attempts from another process: refused, or the same again.
#include "actors/messages.hpp"
#include "persistence/store.hpp"
#include "tests/fuzz/target.hpp"
#include "tests/support/attempts.hpp"

std::vector<std::string> fuzz_seeds() {
  return {qstar::persistence::encode(qstar::sample_attempt(1, 0)),
          qstar::persistence::encode(qstar::sample_attempt(2, 1)),
          qstar::persistence::pack(qstar::sample_groups(1, 3))};
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (const auto attempt = qstar::persistence::decode_trajectory(text_of(data, size))) {
    const auto bytes = qstar::persistence::encode(*attempt);
    const auto again = qstar::persistence::decode_trajectory(bytes);
    require(again.has_value() && qstar::persistence::encode(*again) == bytes);
  }
  if (const auto groups = qstar::persistence::unpack(text_of(data, size))) {
    const auto again = qstar::persistence::unpack(qstar::persistence::pack(*groups));
    require(again.has_value() &&
            qstar::persistence::pack(*again) == qstar::persistence::pack(*groups));
  }
  return 0;
}

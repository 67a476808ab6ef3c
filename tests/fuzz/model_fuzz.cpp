// Any bytes as a model file: refused, or a model that packs for decoding and is written back to the
// same bytes.
#include "learning/decoder.hpp"
#include "tests/fuzz/target.hpp"
#include "tests/support/models.hpp"

std::vector<std::string> fuzz_seeds() {
  return {qstar::serialize(qstar::testing::random_model(1))};
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto model = qstar::parse_model(text_of(data, size), "fuzz");
  if (!model) {
    require(model.error().message.find('\n') == std::string::npos);
    return 0;
  }
  (void)qstar::DecoderWeights::make(*model, 1);
  const auto bytes = qstar::serialize(*model);
  const auto again = qstar::parse_model(bytes, "written");
  require(again.has_value() && qstar::serialize(*again) == bytes);
  return 0;
}

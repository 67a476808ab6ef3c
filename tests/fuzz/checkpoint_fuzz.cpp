// Any bytes as a checkpoint's manifest, and as a file that the manifest describes: an error, or the
// parts that were written.
#include <fstream>

#include "persistence/checkpoint.hpp"
#include "tests/fuzz/target.hpp"
#include "tests/support/attempts.hpp"

namespace {

constexpr std::uint64_t kSerial = 7;
const qstar::CheckpointParts kParts = {{"policy", "some weights"}, {"run.json", "{}"}};

struct Written {
  qstar::TemporaryFolder folder;
  std::string path = folder.path("checkpoints");
  std::string newest = path + "/0000000007/";
  std::string manifest;

  Written() {
    require(qstar::CheckpointDirectory(path, 1).write(kSerial, kParts).has_value());
    manifest = qstar::read_file(newest + "MANIFEST.json").value();
  }
};

const Written& written() {
  static const Written once;
  return once;
}

void put(const std::string& name, std::string_view bytes) {
  std::ofstream(written().newest + name, std::ios::binary | std::ios::trunc) << bytes;
}

}  // namespace

std::vector<std::string> fuzz_seeds() {
  return {written().manifest, kParts.at("policy"), R"({"parts":{"policy":{"size":12,"crc32":1}}})"};
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto bytes = text_of(data, size);
  const qstar::CheckpointDirectory directory(written().path, 1);
  put("MANIFEST.json", bytes);
  if (const auto loaded = directory.load_newest()) {
    for (const auto& [name, part] : loaded->parts)
      require(name == "MANIFEST.json" || kParts.at(name) == part);
  }
  put("MANIFEST.json", written().manifest);
  put("policy", bytes);
  require(directory.load_newest().has_value() == (bytes == kParts.at("policy")));
  put("policy", kParts.at("policy"));
  return 0;
}

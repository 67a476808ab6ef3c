// Any bytes as a checkpoint's manifest, and as a file that the manifest describes: an error, or the
// parts that were written.
#include <fstream>

#include "core/files.hpp"
#include "persistence/checkpoint.hpp"
#include "tests/fuzz/target.hpp"
#include "tests/support/attempts.hpp"

namespace {

const qstar::persistence::CheckpointParts kParts = {{"policy", "some weights"}, {"run.json", "{}"}};

// A checkpoint of which one file is overwritten.
class Checkpoint {
 public:
  explicit Checkpoint(const std::string& file) {
    require(directory_.write(7, kParts).has_value());
    file_.open(newest_ + file, std::ios::in | std::ios::out | std::ios::binary);
    name_ = newest_ + file;
  }
  // Not truncated to nothing first: file systems sync such a file when it is closed.
  auto load_with(std::string_view bytes) {
    file_.seekp(0);
    file_ << bytes << std::flush;
    std::filesystem::resize_file(name_, bytes.size());
    return directory_.load_newest();
  }
  std::string read(const std::string& file) const {
    return qstar::read_file(newest_ + file).value();
  }

 private:
  qstar::TemporaryFolder folder_;
  std::string path_ = folder_.path("checkpoints");
  std::string newest_ = path_ + "/0000000007/";
  qstar::persistence::CheckpointDirectory directory_{path_, 1};
  std::string name_;
  std::fstream file_;
};

Checkpoint& with_manifest() {
  static Checkpoint checkpoint("MANIFEST.json");
  return checkpoint;
}

Checkpoint& with_part() {
  static Checkpoint checkpoint("policy");
  return checkpoint;
}

}  // namespace

std::vector<std::string> fuzz_seeds() {
  return {with_part().read("MANIFEST.json"), kParts.at("policy"),
          R"({"parts":{"policy":{"size":12,"crc32":1}}})"};
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto bytes = text_of(data, size);
  if (const auto loaded = with_manifest().load_with(bytes)) {
    for (const auto& [name, part] : loaded->parts)
      require(name == "MANIFEST.json" || kParts.at(name) == part);
  }
  const bool loads = with_part().load_with(bytes).has_value();
  require(loads == (bytes == kParts.at("policy")));
  return 0;
}

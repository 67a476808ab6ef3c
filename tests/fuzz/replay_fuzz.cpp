// Any bytes as the saved replay tables of a checkpoint: refused, or tables that give samples, take
// groups and can be saved again.
#include "actors/actors.hpp"
#include "persistence/bytes.hpp"
#include "tests/fuzz/target.hpp"
#include "tests/support/attempts.hpp"

namespace {

using qstar::Table;

qstar::ReplayConfig config() {
  qstar::ReplayConfig config;
  config.policy.limiter = {.samples_per_insert = 0, .min_size = 1};
  return config;
}

// A store of six groups, for all inputs.
const std::string& store() {
  static const qstar::TemporaryFolder temporary;
  static const std::string path = [] {
    auto buffer = qstar::ReplayBuffer::open(temporary.path(), config(), "", true).value();
    require(buffer.insert(qstar::sample_groups(0, 6)).has_value());
    return temporary.path();
  }();
  return path;
}

}  // namespace

std::vector<std::string> fuzz_seeds() {
  std::string saved;
  qstar::Rng rng(1);
  qstar::append_raw(saved, rng.state());
  auto buffer = qstar::ReplayBuffer::open(store(), config(), "", true).value();
  buffer.sample(Table::kPolicy, 5, 0, rng);
  return {saved + buffer.save()};
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto saved = qstar::split_saved_replay(text_of(data, size));
  if (!saved) return 0;
  std::string bytes;
  {
    auto buffer = qstar::ReplayBuffer::open(store(), config(), saved->tables, false);
    if (!buffer) {
      require(buffer.error().code == qstar::Errc::kCorrupt);
      return 0;
    }
    qstar::Rng rng(1);
    for (const auto table : {Table::kPolicy, Table::kCritic}) {
      require(buffer->size(table) <= 6);
      for (const auto& sampled : buffer->sample(table, 20, 0, rng, true)) {
        require(sampled.group->group < 6);
        require(sampled.weight >= 0 && sampled.weight <= 1);
      }
    }
    require(buffer->insert(qstar::sample_groups(0, 6)).has_value());
    bytes = buffer->save();
  }
  require(qstar::ReplayBuffer::open(store(), config(), bytes, false).has_value());
  return 0;
}

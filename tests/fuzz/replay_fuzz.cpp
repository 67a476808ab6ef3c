// Any bytes as the saved state of a replay table: refused, or a table that gives samples, takes
// groups and can be saved again.
#include "persistence/replay_table.hpp"
#include "tests/fuzz/target.hpp"
#include "tests/support/attempts.hpp"

namespace {

qstar::persistence::ReplayTable table_of(const std::string& selector) {
  return qstar::persistence::ReplayTable::make({.selector = selector, .capacity = 100}).value();
}

// A store of six groups.
qstar::Result<qstar::AttemptGroup> stored(std::uint64_t group) {
  if (group >= 6) return qstar::fail(qstar::Errc::kMissingFile, "no such group");
  return qstar::sample_group(group);
}

}  // namespace

std::vector<std::string> fuzz_seeds() {
  std::vector<std::string> seeds;
  for (const std::string selector : {"uniform", "prioritised"}) {
    auto table = table_of(selector);
    for (auto& group : qstar::sample_groups(0, 6))
      table.insert(std::make_shared<const qstar::AttemptGroup>(std::move(group)));
    qstar::Rng rng(1);
    table.sample(5, rng);
    seeds.push_back(table.save());
  }
  return seeds;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  for (const std::string selector : {"uniform", "prioritised"}) {
    auto table = table_of(selector);
    if (const auto restored = table.restore(text_of(data, size), stored); !restored) {
      require(restored.error().code == qstar::Errc::kCorrupt);
      continue;
    }
    require(table.size() <= 6);
    qstar::Rng rng(1);
    for (const auto& sampled : table.sample(20, rng)) {
      require(sampled.group->group < 6);
      require(sampled.weight >= 0 && sampled.weight <= 1);
    }
    for (auto& group : qstar::sample_groups(0, 6))
      table.insert(std::make_shared<const qstar::AttemptGroup>(std::move(group)));
    auto again = table_of(selector);
    require(again.restore(table.save(), stored).has_value());
  }
  return 0;
}

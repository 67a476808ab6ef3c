// Any bytes as the saved state of a selector or a run: refused, or a state that works.
#include "experiment/puzzle/cost_to_go_state.hpp"
#include "experiment/text/reinforced.hpp"
#include "persistence/selectors.hpp"
#include "tests/fuzz/target.hpp"

namespace {

std::unique_ptr<qstar::persistence::Selector> filled(const std::string& name) {
  auto selector = qstar::persistence::make_selector(name).value();
  for (std::uint64_t key = 0; key < 5; ++key) selector->insert(key, 1 + static_cast<double>(key));
  return selector;
}

// What can be read as the result of a run is written and read again as the same.
void require_reinforced(std::string_view bytes) {
  const auto saved = nlohmann::json::parse(bytes, nullptr, false);
  if (saved.is_discarded()) return;
  try {
    const auto written = json_of(qstar::experiment::reinforced_of(saved));
    require(json_of(qstar::experiment::reinforced_of(written)) == written);
  } catch (const nlohmann::json::exception&) {
    return;  // refused
  }
}

}  // namespace

std::vector<std::string> fuzz_seeds() {
  std::vector<std::string> seeds;
  for (const auto& name : qstar::persistence::selector_names())
    seeds.push_back(filled(name)->save());
  qstar::experiment::Reinforced run;
  run.tokens_to_target = 9;
  run.curve.push_back({{"tokens", 5}, {"accuracy", 0.5}});
  run.quick_evaluations = {{true, false}};
  run.critic_figures = {{"step_auc", 0.75}};
  seeds.push_back(json_of(run).dump());
  qstar::experiment::CostToGoState puzzle;
  puzzle.curve.add({.updates = 3});
  seeds.push_back(save(puzzle));
  return seeds;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto bytes = text_of(data, size);
  qstar::Rng rng(1);
  for (const auto& name : qstar::persistence::selector_names()) {
    const auto selector = filled(name);
    const bool restored = selector->restore(bytes).has_value();
    require(restored || selector->size() == 5);
    if (selector->size() > 0) {
      const auto sampled = selector->sample(rng);
      require(sampled.probability > 0 && sampled.probability <= 1);
      selector->erase(sampled.key);
    }
  }
  require_reinforced(bytes);
  if (const auto run = qstar::experiment::load_cost_to_go_state(bytes))
    require(qstar::experiment::load_cost_to_go_state(save(*run)).has_value());
  return 0;
}

// Any text as a configuration: refused with one line, or read, printed and read again to the same.
#include "experiment/text/text_experiment.hpp"
#include "tests/fuzz/target.hpp"

namespace {

// Whatever was read, no number of it is infinite or none.
void require_finite(qstar::experiment::ExperimentConfig& config) {
  for (const auto& section : qstar::list_config(qstar::describe_of(config))) {
    for (const auto& field : section.fields)
      require(!field.value.ends_with("inf") && !field.value.ends_with("nan"));
  }
}

}  // namespace

std::vector<std::string> fuzz_seeds() {
  qstar::experiment::ExperimentConfig config;
  return {qstar::print_config(qstar::describe_of(config)),
          "name = \"a\"\nseed = 3\n[model]\nlayers = 2\nwidth = 32\n",
          "replay.policy.limiter = {samples_per_insert = 2, tolerance = 1e3}\n",
          "[environment]\nfamily = \"custom\"\noperator_counts = [2, 3,\n 64]\n",
          "[rollout]\ntemperature = inf\n[pretrain.optimizer]\nmuon_rate = nan\n",
          "# nothing\n"};
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  qstar::experiment::ExperimentConfig config, again;
  const auto read =
      qstar::parse_config(text_of(data, size), "fuzz", {}, qstar::describe_of(config));
  if (!read) {
    require(!read.error().message.empty());
    require(read.error().message.find('\n') == std::string::npos);
    return 0;
  }
  (void)qstar::experiment::check(config);
  require_finite(config);
  const auto printed = qstar::print_config(qstar::describe_of(config));
  require(qstar::parse_config(printed, "printed", {}, qstar::describe_of(again)).has_value());
  require(again == config);
  return 0;
}

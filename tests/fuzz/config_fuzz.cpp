// Any text as a configuration: refused with one line, or read, printed and read again to the same.
#include "experiment/experiment.hpp"
#include "tests/fuzz/target.hpp"

namespace {

using qstar::experiment::Experiment;

// Whatever was read, no number of it is infinite or none.
void require_finite(Experiment& experiment) {
  for (const auto& section : qstar::list_elements(qstar::describe_of(experiment))) {
    for (const auto& field : section.fields)
      require(!field.value.ends_with("inf") && !field.value.ends_with("nan"));
  }
}

std::string printed(Experiment& experiment) {
  return qstar::print_config(qstar::describe_of(experiment));
}

std::string printed(const char* environment, std::initializer_list<const char*> stages) {
  Experiment experiment;
  experiment.environment.name = environment;
  for (const auto* kind : stages) experiment.stages.emplace_back(kind);
  return printed(experiment);
}

}  // namespace

std::vector<std::string> fuzz_seeds() {
  return {
      printed("arithmetic", {"pretrain", "reinforce"}),
      printed("lights_out", {"cost_to_go"}),
      "name = \"a\"\nseed = 3\n[model]\nlayers = 2\nwidth = 32\n[[stages]]\nkind = \"pretrain\"\n",
      "[[stages]]\nkind = \"reinforce\"\nname = \"final\"\nskip = true\nrounds = 3\n"
      "critic_table = {selector = \"uniform\", alpha = 1e-3}\n",
      "stages = [{kind = \"finetune\", start = \"a\"}, {kind = \"measure\", problems = 2}]\n"
      "targets = [{figure = \"a.b[*]\", at_least = 0.5}, {figure = \"c\", below = 1}]\n",
      "[[stages]]\nkind = \"judges\"\nmodels = [\"prm\"]\n[stages.critic]\ndueling = true\n"
      "[[stages]]\nkind = \"search\"\n[[stages.methods]]\nname = \"beam\"\nsamples = 4\n",
      "[[stages]]\nkind = \"compare\"\nalgorithms = [\"ppo\", \"grpo\"]\n[stages.reinforce]\n"
      "tokens = 9\n[[stages]]\nkind = \"selfplay\"\n[stages.proposer]\nshare = 0.5\n"
      "[[stages]]\nkind = \"feedback\"\nkl_weights = [0, 1]\n",
      "[environment]\nfamily = \"custom\"\noperator_counts = [2, 3,\n 64]\n",
      "[[stages]]\nkind = \"reinforce\"\ntemperature = inf\n[stages.optimizer]\nmuon_rate = nan\n",
      "# nothing\n"};
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Experiment experiment, again;
  const auto read =
      qstar::parse_config(text_of(data, size), "fuzz", {}, qstar::describe_of(experiment));
  if (!read) {
    require(!read.error().message.empty());
    require(read.error().message.find('\n') == std::string::npos);
    return 0;
  }
  const auto sound = check(experiment);
  if (!sound) {
    require(!sound.error().message.empty());
    require(sound.error().message.find('\n') == std::string::npos);
  }
  require_finite(experiment);
  const auto text = printed(experiment);
  require(qstar::parse_config(text, "printed", {}, qstar::describe_of(again)).has_value());
  require(printed(again) == text);
  // Sections of text that were read before a stage on a puzzle are not printed; check() refuses
  // such an experiment.
  require(again == experiment || (experiment.of_puzzle() && !sound));
  return 0;
}

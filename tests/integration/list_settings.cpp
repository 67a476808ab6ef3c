// Prints every setting, of an experiment on text and of one on a puzzle with a stage of every kind,
// for help_test.py: text or puzzle, the key, a tab, and what the configuration file says about it.
#include <fmt/format.h>

#include "experiment/experiment.hpp"

namespace {

using qstar::experiment::Experiment;

// With the stages of text, or those of puzzles, each named after its kind.
Experiment whole(bool of_puzzles) {
  Experiment experiment;
  if (of_puzzles) experiment.environment.name = "lights_out";
  for (const auto& kind : qstar::experiment::stage_kinds()) {
    if (kind.of_puzzles != of_puzzles) continue;
    auto& stage = experiment.stages.emplace_back(kind.kind);
    stage.name = kind.kind;
  }
  experiment.targets = {{"figure", "", 0, 1}};
  return experiment;
}

void list(const char* title, Experiment experiment) {
  for (const auto& section : qstar::list_elements(qstar::describe_of(experiment))) {
    const char* const header = section.of_list ? "{} [[{}]]\t{}\n" : "{} [{}]\t{}\n";
    if (!section.key.empty()) fmt::print(fmt::runtime(header), title, section.key, section.doc);
    const std::string prefix = section.key.empty() ? "" : section.key + ".";
    for (const auto& field : section.fields)
      fmt::print("{} {}{}\t{}\n", title, prefix, field.name, field.doc);
  }
}

}  // namespace

int main() {
  list("text", whole(false));
  list("puzzle", whole(true));
}

// Prints every setting of every kind of experiment, for help_test.py: KIND KEY, a tab, and what the
// configuration file says about it.
#include <fmt/format.h>

#include "experiment/puzzle/puzzle_experiment.hpp"
#include "experiment/story/story_config.hpp"
#include "experiment/text/text_experiment.hpp"

namespace {

template <class Config>
void list(const char* kind) {
  Config config;
  for (const auto& section : qstar::list_config(qstar::describe_of(config))) {
    const char* const header = section.of_list ? "{} [[{}]]\t{}\n" : "{} [{}]\t{}\n";
    if (!section.path.empty()) fmt::print(fmt::runtime(header), kind, section.path, section.doc);
    const std::string prefix = section.path.empty() ? "" : section.path + ".";
    for (const auto& field : section.fields)
      fmt::print("{} {}{}\t{}\n", kind, prefix, field.name, field.doc);
  }
}

}  // namespace

int main() {
  list<qstar::experiment::ExperimentConfig>("text");
  list<qstar::experiment::PuzzleExperiment>("puzzle");
  list<qstar::experiment::StoryConfig>("story");
}

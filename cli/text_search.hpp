// How `qstar eval` and `qstar solve` search: the options that they share, and the guide.
#pragma once

#include <CLI/CLI.hpp>

#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "cli/model.hpp"
#include "search/search.hpp"

namespace qstar {

struct TextSearchOptions {
  std::string search = "greedy", guide;
  std::string aggregation, priority;  // names; empty: the default
  SearchOptions how;
  // What was given, so that nothing is ignored.
  struct Flag {
    const CLI::Option* option;
    SearchField field;
  };
  std::vector<Flag> flags;
};

// Adds --search, --guide and the searches' own options. `options` outlives `command`.
void add_search_options(CLI::App& command, TextSearchOptions& options);

// A search ready to run with a policy.
struct TextSearch {
  Search search;
  SearchOptions how;
  std::string guide_path;  // empty without a guide
  std::unique_ptr<StepScorer> guide;
};
// kUsage: an option that the search does not read, or see Search::check. The guide's file: what
// read_model gives, and kConfig when it is not of the policy's alphabet and shape.
Result<TextSearch> prepare_search(const TextSearchOptions& options, const LoadedModel& policy);

// Name, guide, and the options that the search reads.
nlohmann::ordered_json to_json(const TextSearch& search);

}  // namespace qstar

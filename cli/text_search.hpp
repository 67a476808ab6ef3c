// How `qstar eval` and `qstar solve` search: the options that they share, and the guide.
#pragma once

#include <CLI/CLI.hpp>

#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "cli/model.hpp"
#include "search/text/search.hpp"

namespace qstar::cli {

struct TextSearchOptions {
  std::string search = "greedy", guide;
  std::string aggregation, priority;  // names; empty: the default
  search::SearchOptions how;
  // Options that not every search reads: one that was given is never ignored.
  struct Flag {
    const CLI::Option* option;
    search::SearchField field;
  };
  std::vector<Flag> flags;
};

// Adds --search, --guide and the searches' own options. `options` outlives `command`.
void add_search_options(CLI::App& command, TextSearchOptions& options);

// A search ready to run with a policy.
struct TextSearch {
  search::Search search;
  search::SearchOptions how;
  std::string guide_path;  // empty without a guide
  std::unique_ptr<model::StepScorer> guide;
};
// kUsage: an option that has no effect on the search, or see Search::check. Of the guide's file:
// the errors of read_model, and kConfig when its alphabet or shape is not the policy's.
Result<TextSearch> prepare_search(const TextSearchOptions& options, const LoadedModel& policy);

// Name, guide, and the options that the search reads.
nlohmann::ordered_json to_json(const TextSearch& search);

}  // namespace qstar::cli

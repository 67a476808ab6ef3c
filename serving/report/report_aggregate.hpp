// Combines the reports of several seeds into one.
#pragma once

#include <nlohmann/json.hpp>
#include <span>

#include "core/result.hpp"

namespace qstar::serving {

// One report of the same shape, in which every number is {"mean", "min", "max", "n"} over the n
// reports that have a number at that path. Stages are matched by name, rows of a search by method,
// options, guide and budget, "out_of_domain" by name, "polluted_context" by context, "runs" of
// learning from rankings by KL weight (these members stay unchanged); other lists by position.
// Texts that differ become a list; "seeds" lists the seeds, and each line of "failed" is prefixed
// with its seed. `reports` must have passed parse_report. kUsage: fewer than two reports, different
// kinds, environments, families or stages (both are named), the same seed twice; kCorrupt: a path
// has a number in one report and a text in another.
Result<nlohmann::json> aggregate_reports(std::span<const nlohmann::json> reports);

}  // namespace qstar::serving

// Reports of several seeds as one.
#pragma once

#include <nlohmann/json.hpp>
#include <span>

#include "core/result.hpp"

namespace qstar {

// One report of the same shape, in which every number is {"mean", "min", "max", "n"}: over the n
// reports that have one at that path. Rows of "search" are matched by method, options, guide and
// budget, "out_of_domain" by name, "polluted_context" by context, "runs" of RLHF by KL weight, each
// of which stays as it is; other lists by position. A text that differs becomes the list of what
// there is; "seeds" are those of the reports, and "failed" says the seed with each line.
// `reports` have passed parse_report. kUsage: fewer than two, families or kinds differ (both are
// named), the same seed twice; kCorrupt: a path is a number here and a text there.
Result<nlohmann::json> aggregate_reports(std::span<const nlohmann::json> reports);

}  // namespace qstar

// Targets: limits that figures of a run's report must keep.
//
// A figure is a path within the report's `results`: a stage's name, then members separated by
// points, "[*]" for every row of a list, "*" for every member of an object.
// "final.greedy.accuracy", "measure.out_of_domain[*].final.accuracy" and "rl.*.greedy.accuracy" are
// figures. A target on a stage that is skipped does not apply.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "core/result.hpp"
#include "experiment/experiment.hpp"

namespace qstar::experiment {

// Every number in the results of this experiment's report, with "[*]" for the rows of lists: what a
// target can be set on. Learning curves and the bins of calibrations are left out.
std::vector<std::string> report_figures(const Experiment& experiment);

// kConfig names a target without a limit, or on a figure that the report does not have even if no
// stage is skipped; the nearest figure is suggested.
Status check_targets(const Experiment& experiment);

// The targets that the results miss, one sentence per figure.
nlohmann::json missed_targets(const nlohmann::json& results, const Experiment& experiment);

}  // namespace qstar::experiment

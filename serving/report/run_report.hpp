// The report of a run, rendered from its report.json: one section per stage.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

namespace qstar::serving {

// File names and bytes: report.md first, then the plots that have data. headline.svg is the
// summary's. A stage's plot is calibration.svg, searches.svg, rlhf.svg, selfplay.svg,
// learning_curve.svg, out_of_domain.svg or polluted_context.svg, for the last stage that has such a
// plot; those of earlier ones have the stage's name behind an underscore; a comparison of training
// runs is drawn as NAME.svg. Stages of unknown kinds or without a usable name are left out.
std::vector<std::pair<std::string, std::string>> report_files(const nlohmann::json& report);

}  // namespace qstar::serving

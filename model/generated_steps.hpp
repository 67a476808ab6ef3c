// What a language model generated, as steps of an attempt.
#pragma once

#include <cstdint>
#include <vector>

#include "data/trajectory.hpp"
#include "model/models.hpp"

namespace qstar::model {

// A generation cut into its steps, each with the tokens and log-probabilities of its characters,
// the closing separator included; a last step without its separator is kept.
std::vector<Step> steps_of(const Generation& generation, std::uint64_t version,
                           std::uint64_t time_us);

}  // namespace qstar::model

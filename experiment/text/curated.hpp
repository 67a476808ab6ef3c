// Right solutions by the environment's exact solver: the data of fine-tuning.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/rng.hpp"
#include "experiment/run.hpp"
#include "learning/policy/batch.hpp"

namespace qstar::experiment {

// Solutions of n distinct training problems, the same for the same seed; fewer when 100 n draws do
// not yield n distinct problems.
std::vector<std::string> curated_solutions(const Run& run, std::int64_t n);
// A batch of `rows` solutions, drawn with replacement; `solutions` must not be empty.
learning::TokenBatch draw_solutions(const model::Tokenizer& tokenizer,
                                    const std::vector<std::string>& solutions, std::int64_t rows,
                                    Rng& rng);

}  // namespace qstar::experiment

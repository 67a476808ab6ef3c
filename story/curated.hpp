// Right solutions, worked by the environment itself: what fine-tuning learns from.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/rng.hpp"
#include "learning/batch.hpp"
#include "story/stage.hpp"

namespace qstar {

// Of n distinct training problems, the same for the same seed; fewer where there are hardly so
// many.
std::vector<std::string> curated_solutions(const Story& story, std::int64_t n);
// So many of them, drawn with replacement; `solutions` holds at least one.
TokenBatch draw_solutions(const Tokenizer& tokenizer, const std::vector<std::string>& solutions,
                          std::int64_t rows, Rng& rng);

}  // namespace qstar

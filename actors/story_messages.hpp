// The messages of the actors of a story; they stay inside one process.
#pragma once

#include <caf/all.hpp>
#include <memory>
#include <vector>

#include "core/models.hpp"
#include "learning/decoder.hpp"
#include "story/annotator.hpp"

namespace qstar {

struct Decode {
  std::shared_ptr<const DecoderWeights> weights;
  std::vector<GenerateRequest> requests;
};
struct RankAnswers {
  std::vector<AttemptGroup> groups;  // judged
};
struct RankedAnswers {
  Rankings rankings;
};

}  // namespace qstar

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(qstar::Decode)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(qstar::RankAnswers)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(qstar::RankedAnswers)

// Messages between the actors of a story; they stay inside one process.
#pragma once

#include <caf/all.hpp>
#include <memory>
#include <vector>

#include "core/models.hpp"
#include "learning/decoder.hpp"
#include "story/annotator.hpp"
#include "story/proposer.hpp"

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

// To a proposer: write `problems` texts with these weights. `round` counts from 0.
struct ProposeProblems {
  std::shared_ptr<const ModelFile> policy;
  std::int64_t problems = 0;
  std::int64_t round = 0;
};
struct Proposed {
  Proposals proposals;
};
// To a proposer: the problems of a round with their pass rates. The reply has the batches to
// imitate.
struct RateProblems {
  std::vector<RatedProblem> problems;
};
struct Imitate {
  ImitationBatches batches;
};
// SaveProposer asks a proposer for its whole state. A ProposerState sent to it replaces that state
// and is acknowledged by an empty one.
struct SaveProposer {};
struct ProposerState {
  std::string bytes;
};

}  // namespace qstar

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(qstar::Decode)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(qstar::RankAnswers)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(qstar::RankedAnswers)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(qstar::ProposeProblems)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(qstar::Proposed)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(qstar::RateProblems)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(qstar::Imitate)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(qstar::SaveProposer)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(qstar::ProposerState)

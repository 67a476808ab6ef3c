// The messages of the actors of a story; they stay inside one process.
#pragma once

#include <caf/all.hpp>
#include <memory>
#include <vector>

#include "core/models.hpp"
#include "learning/decoder.hpp"
#include "story/annotator.hpp"
#include "story/setter.hpp"

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

// To a setter: write `problems` texts with these weights.
struct ProposeProblems {
  std::shared_ptr<const ModelFile> policy;
  std::int64_t problems = 0;
  std::int64_t round = 0;
};
struct Proposed {
  Proposals proposals;
};
// To a setter: what the solver made of them; it answers with what to imitate.
struct RateProblems {
  std::vector<RatedProblem> problems;
};
struct Imitate {
  SetterLesson lesson;
};
// To a setter, and from it: all that it knows. One that is sent takes the place of what it knew,
// and is acknowledged by an empty one.
struct SaveSetter {};
struct SetterState {
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
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(qstar::SaveSetter)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(qstar::SetterState)

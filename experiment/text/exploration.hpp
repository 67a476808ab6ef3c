// Attempts that a critic guides: the data of its further training rounds.
//
// On every problem the critic chooses among the policy's proposed steps until the attempt is
// finished or too long. From the state behind each step of that attempt the policy then continues
// alone, several times. So the critic learns the outcomes of several continuations from states that
// matter and that the policy alone rarely reaches. No verifier and no step label is used.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "data/trajectory.hpp"
#include "experiment/run.hpp"

namespace qstar::experiment {

struct Exploration {
  // One group per problem, in order: the guided attempt, then the continuations from its states in
  // their order. Steps that attempts share are one node of a StepTree.
  std::vector<AttemptGroup> groups;
  std::int64_t tokens = 0;  // generated, including those that the search discarded
};

struct ExplorationOptions {
  std::int64_t samples = 8;  // continuations per state
  std::string stream;        // of random numbers; its groups in the store are numbered by problem
  std::string stage;         // name in progress reports
};

// Attempts at every problem, generated, judged and kept. Both models must have been published.
// Errors are those of the engine and the host.
Result<Exploration> explore(const Run& run, const PolicyRef& policy, const ModelHash& critic,
                            std::span<const std::string> problems,
                            const ExplorationOptions& options);

}  // namespace qstar::experiment

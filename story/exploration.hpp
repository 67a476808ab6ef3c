// Attempts that a critic leads: what its next lesson is about.
//
// On every problem the critic chooses among the policy's steps until work is finished or too long;
// from each state behind a step on that way the policy then goes on by itself, several times. So
// states that matter, and that the policy alone seldom reaches, are left in several ways whose
// outcomes are known. No verifier and no step label has a part in it.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "core/models.hpp"
#include "core/trajectory.hpp"
#include "story/stage.hpp"

namespace qstar {

struct Exploration {
  // One a problem, in order: the critic's work, then the continuations of its states in their
  // order. Steps that are shared are one node of a StepTree.
  std::vector<AttemptGroup> groups;
  std::int64_t tokens = 0;  // generated, what the search threw away included
};

// `samples` continuations of every state; groups are kept as group_id(label, problem).
Result<Exploration> explore(const Story& story, Policy& policy, StepScorer& critic,
                            std::span<const std::string> problems, std::int64_t samples,
                            std::string_view label);

}  // namespace qstar

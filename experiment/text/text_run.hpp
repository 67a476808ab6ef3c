// A text experiment: pre-training, then versions of the policy that learn from verified wins, and a
// critic beside it that learns Q from the same attempts.
//
//   pretrain  next-token prediction on the corpus
//   version v attempts at training problems, judged exactly and scored by the critic; expert
//             iteration on wins of recent versions, drawn from a replay table; Q-learning of the
//             critic beside it. Then the policy's weights are published as version v + 1.
//   final     the figures of the last policy
//
// While a version learns, nodes make the attempts of the next rollout.versions_ahead ones; the base
// makes those of the first version only, because they are the worst to learn from. Which policy
// makes which attempts is fixed by that number alone, so the same seed gives the same policy on any
// number of processes and after interruptions; 0 is lock-step. Evaluations are tasks, too.
#pragma once

#include <memory>
#include <string>

#include "environment/environment.hpp"
#include "experiment/stage_host.hpp"
#include "experiment/text/text_experiment.hpp"
#include "experiment/text/text_state.hpp"

namespace qstar::experiment {

struct TextResult {
  TextState state;
  std::string policy, critic;  // safetensors
};

// kInterrupted: the host stopped it, and everything is saved; the same call continues. kConfig: a
// loss or gradient is not finite; the saved state has more versions than the configuration.
// kCorrupt: the saved state is damaged, or the store lacks attempts that it counts. Otherwise the
// errors of the host and the engine.
Result<TextResult> run_text(const ExperimentConfig& config,
                            std::shared_ptr<const environment::Environment> environment,
                            const StageHost& host);

}  // namespace qstar::experiment

// What a text experiment shows while it trains. A figure that is not measured yet is a dash in a
// line, and not in a row. Pure.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "experiment/pace.hpp"
#include "experiment/stage_host.hpp"
#include "experiment/text/text_state.hpp"

namespace qstar::experiment {

// A slice of pre-training, or the updates of a version.
struct Trained {
  std::int64_t updates = 0;
  std::int64_t tokens = 0;
  double loss = 0;                       // mean
  std::map<std::string, double> values;  // further figures
  std::optional<double> staleness;       // mean versions behind of the attempts
  std::int64_t dropped_stale = 0;        // groups, so far
};

class TextProgress {
 public:
  explicit TextProgress(const ExperimentConfig& config) : config_(config) {}

  // From now on rates are measured; `now` in seconds.
  void begin(const TextState& state, double now);
  StageProgress pretrained(const TextState& state, const Trained& slice, double now);
  StageProgress trained(const TextState& state, const Trained& version, double now);
  // `loss`: of the critic's last updates, if there were any.
  StageProgress criticised(const TextState& state, const std::optional<double>& loss) const;
  static StageProgress evaluated(const OrderedEvaluation& evaluation, const Evaluated& figures);

 private:
  const ExperimentConfig& config_;
  Pace steps_, pretrained_tokens_, versions_, tokens_;
};

}  // namespace qstar::experiment

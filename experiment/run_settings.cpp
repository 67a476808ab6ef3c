#include "experiment/run_settings.hpp"

namespace qstar::experiment {

void CheckpointConfig::describe(FieldVisitor& v) {
  v.value({"keep", "Number of newest checkpoints to keep", 1, 1000}, keep);
  v.value(
      {"seconds", "Seconds between two checkpoints (0: as often as the run can save)", 0, 86400},
      seconds);
}

void RestartConfig::describe(FieldVisitor& v) {
  v.value(
      {"max_failures", "Give up after more than this many failures within forgive_after", 0, 1000},
      max_failures);
  v.value({"first_delay", "Seconds before the first restart; the delay doubles each time", 0, 60},
          first_delay);
  v.value({"max_delay", "Largest number of seconds before a restart", 0, 3600}, max_delay);
  v.value(
      {"forgive_after", "Forget earlier failures after this many seconds without one", 0, 86400},
      forgive_after);
}

}  // namespace qstar::experiment

#include "experiment/run_settings.hpp"

namespace qstar::experiment {

void AttemptConfig::describe(FieldVisitor& v) {
  v.value({"max_tokens", "Maximum number of generated tokens per attempt", 1, 65536}, max_tokens);
  v.value({"keep_groups", "Attempt groups per round or search that the replay store keeps (0: all)",
           0, 1e9},
          keep_groups);
}

void EvaluationConfig::describe(FieldVisitor& v) {
  v.value({"problems", "Number of held-out problems for every reported accuracy", 1, 1e6},
          problems);
  v.value(
      {"curve_problems", "Number of held-out problems for each point of a learning curve", 1, 1e6},
      curve_problems);
}

void EngineConfig::describe(FieldVisitor& v) {
  v.value({"executors", "Executors of tasks per process; the results do not depend on it", 1, 256},
          executors);
  v.value({"lease_seconds", "Seconds after which a task without a result is handed out again", 1,
           86400},
          lease_seconds);
  v.value(
      {"keep_weights_mb",
       "Size in MiB below which the run keeps all published models in weights/; of larger ones it "
       "keeps the newest two",
       0, 1e6},
      keep_weights_mb);
}

void EngineConfig::describe_text(FieldVisitor& v) {
  v.value({"slots", "Number of sequences that a decoder generates at once", 1, 65536}, slots);
}

void StoreConfig::describe(FieldVisitor& v) {
  v.value({"capacity", "Number of attempt groups that the store keeps; the oldest are evicted", 1,
           1e12},
          capacity);
  v.value(
      {"sync", "Sync to disk before a group counts as stored, to survive a loss of power as well"},
      sync);
}

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

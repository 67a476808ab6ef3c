// The unit of distributed work: a task is a pure function of its description.
//
// A task names models by the SHA-256 of their files and carries its problems, options and seeds, so
// every node gives the same result, bit for bit. Delivering a task twice, or repeating it after a
// node died, therefore changes nothing.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/result.hpp"
#include "data/trajectory.hpp"
#include "experiment/puzzle/example_batch.hpp"
#include "model/models.hpp"
#include "search/text/search.hpp"

namespace qstar::experiment {

// The SHA-256 of a model's safetensors file, 64 hexadecimal digits; empty: no model.
using ModelHash = std::string;

// A policy's weights, and the version that is written into the steps they make.
struct PolicyRef {
  ModelHash hash;
  std::uint64_t version = 0;
  friend bool operator==(const PolicyRef&, const PolicyRef&) = default;
};

// What the records of a task's attempts say beside what was made. It is written into them where
// they are made, so that a record is encoded once.
struct Origin {
  std::string run;                // name of the run
  std::uint64_t first_group = 0;  // id in the store of the first problem's group
  // Numbers, in the store's table of models, of the policy and of those that gave q and
  // reward_score; 0: unknown, or none.
  std::uint64_t policy = 0, critic = 0, reward_model = 0;
  std::optional<std::uint64_t> critic_version = {};  // updates of that critic
  friend bool operator==(const Origin&, const Origin&) = default;
};
// The groups get the ids first_group, first_group + 1, …
void write_origin(const Origin& origin, std::span<AttemptGroup> groups);

// Attempts problems by sampling or by a search, and judges the attempts exactly.
struct AttemptTask {
  PolicyRef policy;
  ModelHash guide = {};          // scores steps for the search
  ModelHash scorer = {};         // scores every step of the attempts; empty: no scores are wanted
  std::string environment = {};  // [environment] as TOML when it is not that of the run
  std::string search = "sample";
  search::SearchOptions how = {};
  std::vector<std::string> problems = {};
  std::optional<Origin> origin = {};  // unset: the attempts are not stored as they are
};

// Continues prompts. A prompt that the policy cannot read gets an empty generation.
struct CompleteTask {
  PolicyRef policy;
  std::vector<model::GenerateRequest> requests;
};

// Computes how likely texts are under a policy. The stage waits for the result already, so such a
// task goes before all others (see is_urgent).
struct LogprobTask {
  PolicyRef policy;
  std::vector<model::LogprobRequest> requests;
};

// Scores every step of the attempts with a critic (`q`) or a reward model (`reward_score`).
struct ScoreTask {
  ModelHash scorer;
  std::vector<AttemptGroup> groups;
};

// Judges attempts with the exact verifier of the run's environment.
struct VerifyTask {
  std::vector<AttemptGroup> groups;
};

// Makes batches first_batch, first_batch + 1, … of a puzzle's training examples.
struct ScrambleTask {
  std::string environment;  // [environment] as TOML
  std::string learner;      // [learner] as TOML
  std::uint64_t seed = 0;   // of the scrambles
  std::uint64_t first_batch = 0, batches = 0;
  bool with_targets = true;  // else the learner makes them
  ModelHash network = {};    // the target network; used when the targets need one
};

using Task =
    std::variant<AttemptTask, CompleteTask, ScoreTask, VerifyTask, ScrambleTask, LogprobTask>;
// "attempt", "complete", "score", "verify", "scramble", "logprob".
std::string_view kind_of(const Task& task);
// Whether the task is to be executed before others that were submitted earlier.
bool is_urgent(const Task& task);

struct TaskResult {
  std::vector<search::SearchResult> found;     // of an AttemptTask, one per problem
  std::string records = {};                    // their groups, packed (persistence::pack)
  std::vector<model::Generation> generations;  // of a CompleteTask, one per request
  std::vector<AttemptGroup> groups;            // of a ScoreTask and a VerifyTask
  std::vector<ExampleBatch> batches;           // of a ScrambleTask
  std::vector<std::vector<float>> logprobs;    // of a LogprobTask, one per request
  double cpu_seconds = 0;                      // of the thread that executed the task
  friend bool operator==(const TaskResult&, const TaskResult&) = default;
};

// Bytes for the network, and back. kCorrupt: not such bytes, or of another version of qstar.
std::string encode(const Task& task);
Result<Task> decode_task(std::string_view bytes);
std::string encode(const TaskResult& result);
Result<TaskResult> decode_result(std::string_view bytes);

}  // namespace qstar::experiment

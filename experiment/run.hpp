// What the stages of a run share: the experiment, the problems or the puzzle, the models trained so
// far, the measurements on held-out problems, and the host that shows progress, stores attempts
// and saves state.
//
// A stage is a function of the run and its own settings (run_stages.hpp, stage_host.hpp).
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/result.hpp"
#include "data/label_file.hpp"
#include "environment/environment.hpp"
#include "environment/puzzle/puzzle.hpp"
#include "experiment/experiment.hpp"
#include "experiment/stage_host.hpp"
#include "model/model_file.hpp"
#include "model/tokenizer.hpp"
#include "search/text/search.hpp"

namespace qstar::experiment {

// A run's interface to the outside. Every function is called from the thread of the stages.
struct RunHost : StageHost {
  // Labels by people, by the path that the settings give.
  std::map<std::string, LabelFile<Ranking>> rankings = {};
  std::map<std::string, LabelFile<RatedWork>> step_labels = {};
};

// Where a run takes place: on text, or on a puzzle.
struct Problems {
  std::shared_ptr<const environment::Environment> environment;  // null: a puzzle
  std::shared_ptr<const environment::Puzzle> puzzle;            // null: text
};
// kConfig: there is no such environment.
Result<Problems> problems_of(const Experiment& experiment);

// For tests: executes tasks in the calling thread; stores, shows and saves nothing.
RunHost local_host(const Experiment& experiment);

// A model that a stage has trained.
struct TrainedModel {
  model::ModelFile file = {};
  double cpu_seconds = 0;  // of its whole training, that of the models behind it included
  bool is_policy = false;
  double evaluation_cpu_seconds = 0;  // of a policy: greedily, on evaluation.problems
  std::string network = {};           // of a puzzle, instead of the file: safetensors
};

// What a stage leaves.
struct StageResult {
  nlohmann::json figures;                      // its section of the report
  std::map<std::string, TrainedModel> models;  // by name
};

// Ids of groups that each label has in the store.
inline constexpr std::uint64_t kGroupsPerLabel = 1'000'000'000;

class Run {
 public:
  // The experiment must have passed check().
  Run(const Experiment& experiment, Problems problems, RunHost host);

  const Experiment& config() const { return config_; }
  const environment::Environment& environment() const { return *problems_.environment; }
  std::shared_ptr<const environment::Puzzle> puzzle() const { return problems_.puzzle; }
  const model::Tokenizer& tokenizer() const { return *tokenizer_; }
  const RunHost& host() const { return host_; }
  Engine& engine() const { return *host_.engine; }
  // CPU seconds of all processes of the run so far.
  double cpu_seconds() const;
  // The seed of the random stream with that name. Renaming a stream changes its numbers.
  std::uint64_t seed(std::string_view stream, std::uint64_t index = 0) const;

  // The models of the stages so far, by name. check() has made sure that those a stage needs exist.
  const model::ModelFile& model(const std::string& name) const { return models_.at(name).file; }
  double cost_of(const std::string& name) const { return models_.at(name).cpu_seconds; }
  const std::map<std::string, TrainedModel>& models() const { return models_; }
  // The name of the last policy that was trained; empty: none was.
  const std::string& last_policy() const { return last_policy_; }
  const std::string& last_critic() const { return last_critic_; }
  void add_model(const std::string& name, TrainedModel model);

  // The first n training problems of the stream with that name; problems may repeat.
  std::vector<std::string> training_problems(std::string_view stream, std::int64_t n) const;
  // Makes these weights available to all nodes; `version` is written into the steps they make.
  // `label`: where they come from, for the store's table of models.
  Result<PolicyRef> publish(const model::ModelFile& policy, std::uint64_t version,
                            std::string_view label) const;
  // The same for a critic or a reward model.
  Result<ModelHash> publish_scorer(const model::ModelFile& scorer, std::string_view label,
                                   std::uint64_t version = 0) const;
  // What the records of a task's attempts say when they are stored as groups first, first + 1, … of
  // this label.
  Origin origin(const AttemptTask& task, std::string_view label, std::uint64_t first = 0) const;
  // `samples` attempts at each problem, judged and stored as groups first, first + 1, … of this
  // label.
  Result<std::vector<AttemptGroup>> attempt(const PolicyRef& policy,
                                            std::span<const std::string> problems,
                                            std::int64_t samples, std::string_view label,
                                            std::uint64_t first = 0) const;
  // Search options with the token limit and the seed of this label; `first`: number of the first
  // group, on which the random numbers depend, too.
  search::SearchOptions options(std::string_view label, std::uint64_t first = 0) const;
  // The id in the store of a label's group; `index` < kGroupsPerLabel. Labels are numbered in the
  // order in which they are first used, so a stage uses them in the same order in every session.
  std::uint64_t group_id(std::string_view label, std::uint64_t index) const;
  // Those of earlier sessions, in their order.
  const std::vector<std::string>& labels() const { return labels_; }
  void add_labels(std::span<const std::string> labels);
  // Stores the first attempts.keep_groups of these packed groups, or all of them when that is 0.
  // kCorrupt: their ids are not first, first + 1, … of this label, so a node has not done as asked;
  // other groups would be overwritten.
  Status keep(std::string_view packed, std::string_view label, std::uint64_t first = 0) const;

  // Held-out accuracy of a search: {accuracy, ci95, n, tokens_per_problem, cpu_seconds, …}. The
  // task's token limit, seed and first group are those of the label.
  Result<nlohmann::json> evaluate(AttemptTask task, std::string_view label) const;
  // The same for a policy without search on evaluation.problems: {"greedy", "sampled"}.
  Result<nlohmann::json> evaluate(const model::ModelFile& policy, std::string_view name) const;
  // Whether greedy decoding is right on each of evaluation.curve_problems held-out problems: one
  // point of a learning curve. Begun, and waited for.
  std::vector<TaskId> begin_quick_evaluation(const PolicyRef& policy) const;
  struct QuickEvaluation {
    std::vector<bool> right;
    double cpu_seconds = 0;
  };
  Result<QuickEvaluation> quick_evaluation(std::span<const TaskId> tasks) const;

 private:
  Result<ModelHash> publish(const model::ModelFile& model, const std::string& role,
                            std::string_view label, std::uint64_t version) const;

  Experiment config_;
  Problems problems_;
  std::optional<model::Tokenizer> tokenizer_;  // of text
  RunHost host_;
  std::map<std::string, TrainedModel> models_;
  std::string last_policy_, last_critic_;
  mutable std::vector<std::string> labels_;
  struct Published {
    std::uint64_t number = 0;
    std::string role;
  };
  mutable std::map<ModelHash, Published> published_;
};

// The share of true values; 0 for an empty vector.
double share(const std::vector<bool>& of);
std::vector<Trajectory> attempts_of(std::span<const AttemptGroup> groups);
// The number of generated tokens in all attempts.
std::int64_t tokens_of(std::span<const AttemptGroup> groups);
// The share of right answers whose attempt has a wrong step; 0 without right answers.
double lucky_share(std::span<const AttemptGroup> groups);
// The mean pass rate of the groups; 0 without groups.
double pass_rate(std::span<const AttemptGroup> groups);

}  // namespace qstar::experiment

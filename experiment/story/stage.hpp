// What the stages of a story share: the problems, the models trained so far, the measurements on
// held-out problems, and the host that shows progress, stores attempts and saves state.
//
// A stage is a function of the story and its seed (stage_host.hpp).
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <vector>

#include "core/result.hpp"
#include "data/label_file.hpp"
#include "environment/environment.hpp"
#include "experiment/stage_host.hpp"
#include "experiment/story/annotator.hpp"
#include "experiment/story/story_config.hpp"
#include "learning/policy/policy_learner.hpp"
#include "model/model_file.hpp"
#include "model/tokenizer.hpp"
#include "search/text/search.hpp"

namespace qstar::experiment {

// A story's interface to the outside. Every function is called from the story's thread.
struct StoryHost : StageHost {
  std::shared_ptr<Annotator> annotator;
  // Steps that people rated, for an additional process reward model.
  LabelFile<RatedWork> step_labels = {};
};

// For tests: executes tasks in the calling thread; stores, shows and saves nothing.
StoryHost local_host(const StoryConfig& config);

class Story {
 public:
  // The configuration must have passed check().
  Story(const StoryConfig& config, std::shared_ptr<const environment::Environment> environment,
        StoryHost host);

  const StoryConfig& config() const { return config_; }
  const environment::Environment& environment() const { return *environment_; }
  const model::Tokenizer& tokenizer() const { return tokenizer_; }
  const StoryHost& host() const { return host_; }
  Engine& engine() const { return *host_.engine; }
  // CPU seconds of all processes of the run so far.
  double cpu_seconds() const;
  // The seed of the random stream with that name. Renaming a stream changes its numbers.
  std::uint64_t seed(std::string_view stream, std::uint64_t index = 0) const;

  // The first n training problems of the stream with that name; problems may repeat.
  std::vector<std::string> training_problems(std::string_view stream, std::int64_t n) const;
  // Makes these weights available to all nodes; `version` is written into the steps they make.
  // `label`: where they come from, for the store's table of models.
  Result<PolicyRef> publish(const model::ModelFile& policy, std::uint64_t version,
                            std::string_view label) const;
  // The same for a critic or a reward model.
  Result<ModelHash> publish_scorer(const model::ModelFile& scorer, std::string_view label) const;
  // Writes into the attempts of a task which models made their steps and gave their scores.
  void name_models(const AttemptTask& task, std::vector<AttemptGroup>& groups) const;
  // `samples` attempts at each problem, judged and stored; group ids start at group_id(label,
  // first).
  Result<std::vector<AttemptGroup>> attempt(const PolicyRef& policy,
                                            std::span<const std::string> problems,
                                            std::int64_t samples, std::string_view label,
                                            std::uint64_t first = 0) const;
  // Search options with the token limit, seed and first group id of this label.
  search::SearchOptions options(std::string_view label, std::uint64_t first = 0) const;
  // Stores the first attempts.keep_groups of these groups, or all of them when that is 0.
  Status keep(std::span<const AttemptGroup> groups) const;

  // Held-out accuracy of a search: {accuracy, ci95, n, tokens_per_problem, cpu_seconds, …}. The
  // task's token limit, seed and first group are those of the label.
  Result<nlohmann::json> evaluate(AttemptTask task, std::string_view label) const;
  // The same for a policy without search on measure.problems: {"greedy", "sampled"}.
  Result<nlohmann::json> evaluate(const model::ModelFile& policy, std::string_view name) const;
  // Whether greedy decoding is right on each of measure.curve_problems held-out problems: one point
  // of a learning curve. Begun, and waited for.
  std::vector<TaskId> begin_quick_evaluation(const PolicyRef& policy) const;
  struct QuickEvaluation {
    std::vector<bool> right;
    double cpu_seconds = 0;
  };
  Result<QuickEvaluation> quick_evaluation(std::span<const TaskId> tasks) const;

  // Models by name: "base", "sft", "prm", …, "final".
  std::map<std::string, model::ModelFile> models;
  // Sections of report.json that the finished stages wrote.
  nlohmann::json report = nlohmann::json::object();

 private:
  StoryConfig config_;
  std::shared_ptr<const environment::Environment> environment_;
  struct Published {
    std::uint64_t number = 0;
    std::string role;
  };
  Result<ModelHash> publish(const model::ModelFile& model, const std::string& role,
                            std::string_view label, std::uint64_t version) const;
  model::Tokenizer tokenizer_;
  StoryHost host_;
  mutable std::map<ModelHash, Published> published_;
};

// The share of true values; 0 for an empty vector.
double share(const std::vector<bool>& of);
std::vector<Trajectory> attempts_of(std::span<const AttemptGroup> groups);
// The number of generated tokens in all attempts.
std::int64_t tokens_of(std::span<const AttemptGroup> groups);
// The share of right answers whose attempt has a wrong step; 0 without right answers.
double lucky_share(std::span<const AttemptGroup> groups);

}  // namespace qstar::experiment

// What the stages of a story share: the problems, the models made so far, the measure that all are
// held against, and the ways out: progress, the replay store, saves.
//
// A stage is a function of the story and its seed. It knows nothing of actors, clocks or files:
// who generates, keeps and shows is handed to it.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <vector>

#include "core/models.hpp"
#include "core/result.hpp"
#include "environment/environment.hpp"
#include "learning/label_file.hpp"
#include "learning/model_file.hpp"
#include "learning/policy_learner.hpp"
#include "learning/tokenizer.hpp"
#include "search/search.hpp"
#include "story/annotator.hpp"
#include "story/setter.hpp"
#include "story/story_config.hpp"

namespace qstar {

// How far a stage is.
struct StageProgress {
  std::string stage;
  std::int64_t done = 0;  // of `total`, in units of the stage's own
  std::int64_t total = 0;
  std::map<std::string, double> values;
};

// The world outside of a story. Every function is called from the story's thread, but for what
// is said at `setter`.
struct StoryHost {
  // Whoever generates with these weights; `version` is written into the steps.
  std::function<Result<std::unique_ptr<Policy>>(const ModelFile& model, std::uint64_t version)>
      policy;
  std::function<std::unique_ptr<Annotator>()> annotator;
  // Who speaks for a setter, wherever it is to live. It may call `policy` from its own thread,
  // while the story's waits for it.
  std::function<std::unique_ptr<Setter>(std::unique_ptr<Setter> setter)> setter;
  // What people said of steps, for a process model of its own.
  LabelFile<RatedWork> step_labels = {};
  // Keeps groups for good. A group that is there already changes nothing.
  std::function<Status(std::span<const AttemptGroup> groups)> keep;
  // kInterrupted: stop now.
  std::function<Status(const StageProgress& progress)> show;
  // What a stage under way has to know to go on after an interruption; empty: nothing was saved.
  std::function<Result<std::map<std::string, std::string>>(std::string_view label)> load;
  // `parts` replaces what was saved before under this label; called often, it may save seldom,
  // unless it is to be `at_once`.
  std::function<Status(std::string_view label,
                       const std::function<std::map<std::string, std::string>()>& parts,
                       bool at_once)>
      save;
};

// The decoder in this thread, attempts kept nowhere, nothing shown or saved: for tests.
StoryHost local_host(const StoryConfig& config);

class Story {
 public:
  // The configuration has passed check().
  Story(const StoryConfig& config, std::shared_ptr<const Environment> environment, StoryHost host);

  const StoryConfig& config() const { return config_; }
  const Environment& environment() const { return *environment_; }
  const Tokenizer& tokenizer() const { return tokenizer_; }
  const StoryHost& host() const { return host_; }
  // Of a stream of random numbers of that name.
  std::uint64_t seed(std::string_view stream, std::uint64_t index = 0) const;

  // The first n training problems of the stream of that name; repeats are possible.
  std::vector<std::string> training_problems(std::string_view stream, std::int64_t n) const;
  // What a group of attempts in the store is called: unique to (label, index).
  static std::uint64_t group_id(std::string_view label, std::uint64_t index);
  // `samples` attempts at each problem, judged and kept; groups from group_id(label, first) on.
  Result<std::vector<AttemptGroup>> attempt(Policy& policy, std::span<const std::string> problems,
                                            std::int64_t samples, std::string_view label,
                                            std::uint64_t first = 0) const;
  SearchOptions options(std::string_view label, std::uint64_t first = 0) const;
  // The first groups, as many as the store is to have of a round.
  Status keep(std::span<const AttemptGroup> groups) const;

  // Held-out accuracy of a search as {accuracy, ci95, n, tokens_per_problem, cpu_seconds}.
  Result<nlohmann::json> evaluate(std::string_view search, const SearchModels& with,
                                  std::span<const std::string> problems, const SearchOptions& how,
                                  std::string_view label) const;
  // The same of a policy alone on measure.problems: {"greedy", "sampled"}.
  Result<nlohmann::json> evaluate(const ModelFile& policy, std::string_view name) const;
  // Which of measure.curve_problems it gets right greedily, for points of curves.
  Result<std::vector<bool>> glance(const ModelFile& policy) const;

  // Models by name: "base", "sft", "prm", …, "final".
  std::map<std::string, ModelFile> models;
  // Sections of the report by name, of the stages so far.
  nlohmann::json report = nlohmann::json::object();

 private:
  StoryConfig config_;
  std::shared_ptr<const Environment> environment_;
  Tokenizer tokenizer_;
  StoryHost host_;
};

// The share that is true; 0 of none.
double share(const std::vector<bool>& of);
std::vector<Trajectory> attempts_of(std::span<const AttemptGroup> groups);
// Generated tokens of all attempts.
std::int64_t tokens_of(std::span<const AttemptGroup> groups);
// Of the right answers, those with a wrong step; 0 where there are none.
double lucky_share(std::span<const AttemptGroup> groups);

}  // namespace qstar

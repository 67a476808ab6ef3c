// The fields of a story's configuration: names, meanings and ranges.
#include "experiment/story/story_config.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "experiment/story/improvers.hpp"

namespace qstar::experiment {
namespace {

constexpr std::string_view kTrained = "prm|orm|prm_completions|critic";
constexpr std::string_view kGuides = "prm|orm|prm_completions|prm_labels|critic";

std::string_view search_choices() {
  static const std::string names = fmt::format("{}", fmt::join(search::search_names(), "|"));
  return names;
}

std::string_view algorithm_choices() {
  static const std::string names = fmt::format("{}", fmt::join(algorithm_names(), "|"));
  return names;
}

}  // namespace

void AttemptConfig::describe(FieldVisitor& v) {
  v.value({"max_tokens", "Maximum number of generated tokens per attempt", 1, 65536}, max_tokens);
  v.value({"slots", "Number of sequences that a decoder generates at once", 1, 65536}, slots);
  v.value({"processors", "Executors of tasks per process; the results do not depend on it", 1, 256},
          processors);
  v.value(
      {"keep_weights_mb",
       "Size in MiB below which the run keeps all published models in weights/; of larger ones it "
       "keeps the newest two",
       0, 1e6},
      keep_weights_mb);
  v.value({"lease_seconds", "Seconds after which a task without a result is handed out again", 1,
           86400},
          lease_seconds);
  v.value({"keep_groups", "Attempt groups per round or search that the replay store keeps (0: all)",
           0, 1e9},
          keep_groups);
}

void FineTuneConfig::describe(FieldVisitor& v) {
  v.value({"solutions", "Number of distinct right solutions to fine-tune on", 1, 1e7}, solutions);
  v.value({"steps", "Number of optimiser steps", 0, 1e7}, steps);
  v.value({"rows", "Solutions per optimiser step", 1, 65536}, rows);
  section(v, "optimizer", "Optimisers (Muon and AdamW) for fine-tuning", optimizer);
}

void VerifierConfig::describe(FieldVisitor& v) {
  v.value({.name = "models",
           .doc = "Reward models and critic to train",
           .choices = kTrained,
           .distinct = true},
          models);
  v.value({"problems", "Number of training problems that the base model attempts for these models",
           1, 1e7},
          problems);
  v.value({"samples", "Attempts per problem", 1, 4096}, samples);
  v.value({"completions", "Completions per step, for Monte-Carlo labels", 1, 4096}, completions);
  v.value({"held_out", "Number of held-out problems on which step AUC and best of n are measured",
           1, 1e6},
          held_out);
  v.value({"label_file",
           "File of steps that people rated (PRM800K format), for an additional process reward "
           "model (empty: none)"},
          label_file);
  section(v, "reward", "Training of the process and outcome reward models", reward);
  v.value({"critic_updates", "Optimiser steps per critic training round", 0, 1e7}, critic_updates);
  v.value({"critic_rounds",
           "Additional critic training rounds, each with new attempts that the current critic "
           "guides",
           0, 100},
          critic_rounds);
  v.value({"critic_continuations",
           "Continuations by the base model per state of a guided attempt, in additional rounds", 1,
           4096},
          critic_continuations);
  section(v, "critic", "Training of the critic: Q-learning from the win signal", critic);
}

void SearchRow::describe(FieldVisitor& v) {
  v.value({.name = "name", .doc = "Search", .choices = search_choices(), .required = true}, name);
  qstar::search::describe(v, how, name);
}

void SearchTableConfig::describe(FieldVisitor& v) {
  sections(v, {"methods", "Searches to compare, each with its options"}, methods);
  v.value({.name = "guides",
           .doc = "Models that guide the searches",
           .choices = kGuides,
           .distinct = true},
          guides);
}

void AnnotatorConfig::describe(FieldVisitor& v) {
  v.value({.name = "kind", .doc = "Source of the rankings", .choices = "simulated|recorded"}, kind);
  v.value({"error_rate", "Probability that a simulated comparison is wrong", 0, 1}, error_rate);
  v.value({"file", "File of recorded rankings (JSON lines)"}, file);
}

void FeedbackConfig::describe(FieldVisitor& v) {
  v.value({"problems", "Number of training problems whose answers are ranked", 1, 1e7}, problems);
  v.value({"samples", "Answers per problem", 2, 4096}, samples);
  section(v, "annotator", "Annotator who ranks the answers", annotator);
  section(v, "reward", "Training of the preference model", reward);
  v.value({.name = "kl_weights",
           .doc = "KL penalty weights, one run per weight",
           .min = 0,
           .max = 100,
           .distinct = true},
          kl_weights);
  v.value({"tokens", "Generated tokens per run", 1, 1e12}, tokens);
}

void ReinforceConfig::describe(FieldVisitor& v) {
  v.value(
      {"tokens", "Generated tokens after which a run ends, including those that searches discard",
       1, 1e12},
      tokens);
  v.value({"problems", "Problems per round", 1, 1e6}, problems);
  v.value({"samples", "Attempts per problem", 1, 4096}, samples);
  v.value(
      {"staleness",
       "Rounds by which the weights of an attempt may lag behind the policy that learns from it "
       "(0: lock-step)",
       0, 64},
      staleness);
  v.value({"temperature", "Sampling temperature", 0.01, 10}, temperature);
  v.value({"updates", "Expert iteration: optimiser steps per round", 1, 1e6}, updates);
  v.value(
      {"groups_per_update", "Expert iteration: attempt groups drawn per optimiser step", 1, 65536},
      groups_per_update);
  v.value({"window", "Expert iteration: number of latest rounds to learn from", 1, 1e6}, window);
  v.value(
      {"per_problem", "Expert iteration: distinct right solutions used per attempt group", 1, 4096},
      selection.per_problem);
  v.value(
      {"weight_floor",
       "Expert iteration: smallest weight of a solution, which is otherwise 1 - pass rate", 0, 1},
      selection.weight_floor);
  section(v, "optimizer", "Expert iteration: optimisers (Muon and AdamW)", optimizer);
  v.value({"attempts_per_update", "Policy gradients: attempts per optimiser step", 1, 1e6},
          attempts_per_update);
  section(v, "gradient", "Policy gradients: loss and optimiser", gradient);
  v.value({"value_updates",
           "Optimiser steps per round of PPO's value model and of Q-advantage's critic", 0, 1e6},
          value_updates);
  v.value({"gae_lambda", "PPO: lambda of generalised advantage estimation", 0, 1}, gae_lambda);
}

void FinalConfig::describe(FieldVisitor& v) {
  v.value({.name = "start", .doc = "Model to start from", .choices = "base|sft"}, start);
  v.value({.name = "algorithm",
           .doc = "Reinforcement learning algorithm",
           .choices = algorithm_choices()},
          algorithm);
  v.value(
      {.name = "reward", .doc = "Reward of an attempt", .choices = "outcome|process|both|screened"},
      reward);
  v.value(
      {"tokens", "Generated tokens after which the run ends, including those that searches discard",
       1, 1e12},
      tokens);
  v.value({"revisit_share",
           "Share of each round's problems that were not always solved when last attempted", 0, 1},
          revisit_share);
  v.value({"proposer_share", "Share of each round's problems that the proposer writes", 0, 1},
          proposer_share);
}

void SelfPlayConfig::describe(FieldVisitor& v) {
  v.value(
      {"target", "Greedy accuracy at which the generated tokens of both runs are compared", 0, 1},
      target);
  v.value({"tokens", "Maximum number of generated tokens per run", 1, 1e12}, tokens);
  v.value({"proposer_steps", "Optimiser steps that train the proposer to write problems", 0, 1e6},
          proposer_steps);
  v.value({"proposer_share", "Share of each round's problems that the proposer writes", 0, 1},
          proposer_share);
  v.value({"updates", "Optimiser steps of the proposer per round", 0, 1e6}, updates);
  section(v, "optimizer", "Optimisers (Muon and AdamW) of the proposer", optimizer);
}

void StagesConfig::describe(FieldVisitor& v) {
  v.value({"sft", "Run supervised fine-tuning"}, sft);
  v.value({"verifiers", "Train reward models and the critic"}, verifiers);
  v.value({"search", "Compare searches that these models guide (needs verifiers)"}, search);
  v.value({"rlhf", "Learn from rankings"}, rlhf);
  v.value({"rl",
           "Compare reinforcement learning algorithms at equal numbers of generated tokens (needs "
           "verifiers)"},
          rl);
  v.value({"rewards", "Compare the rewards outcome, process, both and screened (needs verifiers)"},
          rewards);
  v.value({"selfplay", "Compare a proposer's problems with uniformly drawn ones"}, selfplay);
  v.value(
      {"measurements", "Measure other domains, polluted contexts and the cost of the exact solver"},
      measurements);
}

void MeasureConfig::describe(FieldVisitor& v) {
  v.value({"problems", "Number of held-out problems for every reported accuracy", 1, 1e6},
          problems);
  v.value(
      {"curve_problems", "Number of held-out problems for each point of a learning curve", 1, 1e6},
      curve_problems);
  v.value({"domain_problems", "Number of problems per other domain and per context", 1, 1e6},
          domain_problems);
}

void TargetConfig::describe(FieldVisitor& v) {
  const bool fresh = figure.empty();
  v.value(
      {.name = "figure",
       .doc = "Figure of the report: final.greedy.accuracy; out_of_domain[*].final.accuracy for "
              "every row of a list",
       .required = true},
      figure);
  v.value({"meaning", "What the figure means, for the report (empty: the figure's name)"}, meaning);
  const auto limit = [&](const FieldInfo& info, std::optional<double>& number) {
    if (!number && !fresh) return;  // a limit that is not set has no value to print
    double value = number.value_or(0);
    v.value(info, value);
    if (number || v.gives(info.name)) number = value;
  };
  limit({"at_least", "Smallest figure that reaches the target"}, at_least);
  limit({"below", "The figure must be smaller than this"}, below);
}

void StoryConfig::describe(FieldVisitor& v) {
  v.value({.name = "experiment", .doc = "Kind of experiment in this file", .choices = "story"},
          experiment);
  v.value({"name", "Name of the run"}, name);
  v.value({"seed", "Random seed for the whole run", 0, 9e15}, seed);
  v.value({.name = "algorithms",
           .doc = "Reinforcement learning algorithms to compare",
           .choices = algorithm_choices(),
           .distinct = true},
          algorithms);
  section(v, "environment", "Problems to solve", environment);
  section(v, "corpus", "Simulated students whose solutions are the pre-training corpus", corpus);
  section(v, "model", "Transformer of the policy", model);
  section(v, "pretrain", "Pre-training: next-token prediction on the corpus", pretrain);
  section(v, "stages", "Stages to run; the base and the final policy are always trained", stages);
  section(v, "attempts", "Attempts at problems, in every stage", attempts);
  section(v, "measure", "Measurements on held-out problems", measure);
  section(v, "sft", "Supervised fine-tuning", sft);
  section(v, "verifiers", "Reward models and the critic", verifiers);
  section(v, "search", "Searches that these models guide", search);
  section(v, "rlhf", "Learning from rankings", rlhf);
  section(v, "rl", "Reinforcement learning", rl);
  section(v, "selfplay", "Self-play of a proposer and a solver", selfplay);
  section(v, "final", "Training of the final policy, which is deployed", final_);
  sections(v, {"targets", "Figures that the report must reach; it lists those that it misses"},
           targets);
}

}  // namespace qstar::experiment

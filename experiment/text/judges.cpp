// Trains reward models on exact labels, outcomes and completions, and the critic on the win signal,
// all with the same attempts of the base model.
#include "experiment/text/teach.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>

#include "experiment/text/exploration.hpp"
#include "experiment/text/stage_configs.hpp"
#include "experiment/text/stages.hpp"
#include "learning/reward/step_labels.hpp"
#include "search/text/evaluate.hpp"

namespace qstar::experiment {
namespace {

using nlohmann::json;
using Labels = std::vector<std::vector<float>>;

constexpr std::int64_t kChoices = 16;

// The attempts that all models are trained on, and those that all are measured on.
struct Material {
  std::vector<AttemptGroup> training, held_out;
  std::vector<Trajectory> attempts, judged;
};

// The stage under way.
struct Judging {
  Run& run;
  const std::string& name;
  const JudgesConfig& config;
  Material material = {};
  StageResult result = {};
  double gathering = 0;  // CPU seconds of the attempts
};

Status gather(Judging& judging) {
  auto& [run, name, config, material, result, gathering] = judging;
  const double cpu = run.cpu_seconds();
  const auto policy = run.publish(run.model(config.policy), 1, config.policy);
  if (!policy) return tl::unexpected(policy.error());
  const auto problems = run.training_problems(name, config.problems);
  auto training = run.attempt(*policy, problems, config.samples, name + ".training");
  if (!training) return tl::unexpected(training.error());
  const auto held_out = search::held_out_problems(run.environment(), config.held_out);
  auto judged = run.attempt(*policy, held_out, kChoices, name + ".held_out");
  if (!judged) return tl::unexpected(judged.error());
  material.training = std::move(*training);
  material.held_out = std::move(*judged);
  material.attempts = attempts_of(material.training);
  material.judged = attempts_of(material.held_out);
  gathering = run.cpu_seconds() - cpu;
  return {};
}

double worst(const std::vector<float>& scores) {
  return scores.empty() ? 0 : static_cast<double>(*std::min_element(scores.begin(), scores.end()));
}
double last(const std::vector<float>& scores) {
  return scores.empty() ? 0 : static_cast<double>(scores.back());
}

// The share of problems where the best-scored of the first n attempts is right.
double best_of(std::int64_t n, const Material& material, const Labels& scores,
               double (*value)(const std::vector<float>&)) {
  double right = 0;
  for (std::size_t first = 0; first < material.judged.size(); first += kChoices) {
    std::size_t best = first;
    for (std::size_t i = first; i < first + static_cast<std::size_t>(n); ++i) {
      const bool finished = material.judged[i].outcome != Outcome::kUnfinished;
      if (finished && (material.judged[best].outcome == Outcome::kUnfinished ||
                       value(scores[i]) > value(scores[best])))
        best = i;
    }
    right += material.judged[best].win() ? 1 : 0;
  }
  return right * kChoices / static_cast<double>(material.judged.size());
}

// A process reward model predicts whether a step is right, the other models predict the win.
Calibration calibration_of(model::ScorerRole role, const Material& material, const Labels& scores) {
  std::vector<std::pair<float, bool>> predictions;
  for (std::size_t a = 0; a < scores.size(); ++a) {
    const auto& attempt = material.judged[a];
    const auto right = learning::exact_labels(attempt, learning::AfterWrong::kWrong);
    for (std::size_t s = 0; s < scores[a].size(); ++s) {
      const bool happened = role == model::ScorerRole::kProcess ? right[s] == 1 : attempt.win();
      predictions.emplace_back(scores[a][s], happened);
    }
  }
  return qstar::experiment::calibration_of(predictions);
}

json measure(model::ScorerRole role, const Material& material, const Labels& scores) {
  const auto value = search::aggregation_of(role) == search::Aggregation::kMinimum ? worst : last;
  json best;
  for (const std::int64_t n : {4, 8, 16})
    best[std::to_string(n)] = best_of(n, material, scores, value);
  const auto calibration = calibration_of(role, material, scores);
  json bins = json::array();
  for (const auto& bin : calibration.bins)
    bins.push_back({{"mean", bin.mean}, {"rate", bin.rate}, {"n", bin.n}});
  return {{"role", to_string(role)},
          {"step_auc", learning::assess(material.judged, scores).step_auc},
          {"calibration_error", calibration.error()},
          {"bins", std::move(bins)},
          {"best_of", std::move(best)}};
}

struct Taught {
  std::string name;
  model::ScorerRole role;
  std::string labels;  // their source, for the report
};

void add(Judging& judging, const std::string& name, model::ModelFile model, json figures) {
  const double spent = figures.at("cpu_seconds");
  judging.result.models[name] = {.file = std::move(model),
                                 .cpu_seconds = judging.run.cost_of(judging.config.policy) + spent};
  judging.result.figures[name] = std::move(figures);
}

// Trains one model and measures it; `cpu`: the CPU time at which its labelling began.
Status teach_one(Judging& judging, const Taught& what,
                 const std::vector<learning::LabelledAttempt>& examples, double cpu) {
  auto& run = judging.run;
  const auto& judged = judging.material.judged;
  learning::RewardLearner learner(run.model(judging.config.policy), what.role, run.seed(what.name));
  if (auto taught = teach(run, learner, examples, judging.config.reward, what.name); !taught)
    return taught;
  const double spent = judging.gathering + run.cpu_seconds() - cpu;
  auto figures = measure(what.role, judging.material, scores_in_slices(learner, judged));
  figures.update({{"labels", what.labels}, {"examples", examples.size()}, {"cpu_seconds", spent}});
  add(judging, what.name, learner.model(), std::move(figures));
  return {};
}

template <class Make>
std::vector<learning::LabelledAttempt> labelled(const std::vector<Trajectory>& attempts,
                                                Make make) {
  std::vector<learning::LabelledAttempt> examples;
  for (const auto& attempt : attempts) examples.push_back({&attempt, make(attempt)});
  return examples;
}

Result<std::vector<learning::LabelledAttempt>> completed(const Judging& judging) {
  const auto& [run, name, config, material, result, gathering] = judging;
  auto published = run.publish(run.model(config.policy), 1, config.policy);
  if (!published) return tl::unexpected(published.error());
  EnginePolicy policy(run.engine(), std::move(*published));
  const learning::RolloutOptions how{
      .samples = config.completions,
      .max_tokens = static_cast<std::int32_t>(run.config().attempts.max_tokens),
      .seed = run.seed(name + ".completions")};
  const auto estimates =
      learning::rollout_estimates(run.environment(), policy, material.attempts, how);
  if (!policy.status()) return tl::unexpected(policy.status().error());
  std::vector<learning::LabelledAttempt> examples;
  for (std::size_t a = 0; a < estimates.size(); ++a)
    examples.push_back({&material.attempts[a],
                        learning::rollout_labels(estimates[a], learning::RolloutLabel::kSoft)});
  return examples;
}

// ---- the models ------------------------------------------------------------------------------

Status teach_prm(Judging& judging) {
  const double cpu = judging.run.cpu_seconds();
  const auto examples = labelled(judging.material.attempts, [](const auto& attempt) {
    return learning::exact_labels(attempt, learning::AfterWrong::kWrong);
  });
  return teach_one(judging, {"prm", model::ScorerRole::kProcess, "exact verdicts"}, examples, cpu);
}

Status teach_orm(Judging& judging) {
  const double cpu = judging.run.cpu_seconds();
  const auto examples = labelled(judging.material.attempts, [](const auto& attempt) {
    return learning::outcome_labels(attempt, learning::OutcomeAt::kEveryStep);
  });
  return teach_one(judging, {"orm", model::ScorerRole::kOutcome, "outcomes"}, examples, cpu);
}

Status teach_from_completions(Judging& judging) {
  const double cpu = judging.run.cpu_seconds();
  const auto examples = completed(judging);
  if (!examples) return tl::unexpected(examples.error());
  return teach_one(
      judging, {"prm_completions", model::ScorerRole::kProcess, "share of completions that win"},
      *examples, cpu);
}

// A process reward model trained on steps that people rated.
Status teach_from_people(Judging& judging) {
  const auto& file = judging.run.host().step_labels.at(judging.config.label_file);
  const double cpu = judging.run.cpu_seconds();
  std::vector<Trajectory> attempts;
  for (const auto& work : file.records) attempts.push_back(attempt_of(work.problem, work.steps));
  std::vector<learning::LabelledAttempt> examples;
  for (std::size_t a = 0; a < attempts.size(); ++a)
    examples.push_back({&attempts[a], rated_labels(file.records[a], Neutral::kRight)});
  if (auto done = teach_one(
          judging, {"prm_labels", model::ScorerRole::kProcess, "ratings by people"}, examples, cpu);
      !done)
    return done;
  judging.result.figures["prm_labels"].update(
      {{"skipped", file.skipped.size()}, {"skipped_lines", file.skipped}});
  return {};
}

// Adds attempts that the critic guides to the groups of the same problems; returns the generated
// tokens.
Result<std::int64_t> add_explored(const Judging& judging, const learning::CriticLearner& critic,
                                  std::int64_t round, std::vector<AttemptGroup>& groups) {
  auto& run = judging.run;
  const auto& config = judging.config;
  const auto policy = run.publish(run.model(config.policy), 1, config.policy);
  if (!policy) return tl::unexpected(policy.error());
  const auto guide =
      run.publish_scorer(critic.model(), fmt::format("{}.critic.{}", judging.name, round));
  if (!guide) return tl::unexpected(guide.error());
  std::vector<std::string> problems;
  for (const auto& group : groups) problems.push_back(group.attempts.front().problem);
  auto explored = explore(run, *policy, *guide, problems,
                          {.samples = config.critic_continuations,
                           .stream = fmt::format("{}.critic.{}", judging.name, round),
                           .stage = fmt::format("{}.critic.{}.exploration", judging.name, round)});
  if (!explored) return tl::unexpected(explored.error());
  for (std::size_t g = 0; g < groups.size(); ++g)
    std::ranges::move(explored->groups[g].attempts, std::back_inserter(groups[g].attempts));
  return explored->tokens;
}

Status teach_critic(Judging& judging) {
  auto& run = judging.run;
  const auto& config = judging.config;
  const double cpu = run.cpu_seconds();
  learning::CriticLearner critic(run.model(config.policy), run.seed(judging.name + ".critic"),
                                 learning::heads_of(config.critic));
  auto groups = judging.material.training;
  std::int64_t tokens = tokens_of(groups);
  for (std::int64_t round = 0; round <= config.critic_rounds; ++round) {
    if (round > 0) {
      const auto more = add_explored(judging, critic, round, groups);
      if (!more) return tl::unexpected(more.error());
      tokens += *more;
    }
    const auto label =
        round == 0 ? judging.name + ".critic" : fmt::format("{}.critic.{}", judging.name, round);
    if (auto taught = teach(run, critic, groups, config.critic_updates, config.critic, label);
        !taught)
      return taught;
  }
  const double spent = judging.gathering + run.cpu_seconds() - cpu;
  auto figures = measure(model::ScorerRole::kCritic, judging.material,
                         scores_in_slices(critic, judging.material.judged));
  figures.update({{"labels", "the win signal, target " + config.critic.target},
                  {"examples", attempts_of(groups).size()},
                  {"tokens", tokens},
                  {"cpu_seconds", spent}});
  add(judging, "critic", critic.model(), std::move(figures));
  return {};
}

using Teacher = Status (*)(Judging& judging);
constexpr std::array<std::pair<std::string_view, Teacher>, 4> kTeachers = {
    {{"prm", teach_prm},
     {"orm", teach_orm},
     {"prm_completions", teach_from_completions},
     {"critic", teach_critic}}};

}  // namespace

Result<StageResult> judges_stage(Run& run, const StageEntry& stage) {
  Judging judging{run, stage.name, *stage.as<JudgesConfig>()};
  if (auto gathered = gather(judging); !gathered) return tl::unexpected(gathered.error());
  const auto& wanted = judging.config.models;
  std::vector<Teacher> teachers;
  for (const auto& [model, teacher] : kTeachers)
    if (std::find(wanted.begin(), wanted.end(), model) != wanted.end()) teachers.push_back(teacher);
  if (!judging.config.label_file.empty()) teachers.push_back(teach_from_people);
  for (const auto teacher : teachers)
    if (auto taught = teacher(judging); !taught) return tl::unexpected(taught.error());
  return std::move(judging.result);
}

}  // namespace qstar::experiment

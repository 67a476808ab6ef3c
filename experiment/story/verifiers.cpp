// Trains reward models on exact labels, outcomes and completions, and the critic on the win signal,
// all with the same attempts of the base model.
#include "experiment/story/verifiers.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "experiment/story/exploration.hpp"
#include "experiment/story/stages.hpp"
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

Result<Material> gather(Story& story) {
  const auto& config = story.config().verifiers;
  const auto policy = story.publish(story.models.at("base"), 1, "base");
  if (!policy) return tl::unexpected(policy.error());
  Material material;
  const auto problems = story.training_problems("verifiers", config.problems);
  auto training = story.attempt(*policy, problems, config.samples, "verifiers.training");
  if (!training) return tl::unexpected(training.error());
  const auto held_out = search::held_out_problems(story.environment(), config.held_out);
  auto judged = story.attempt(*policy, held_out, kChoices, "verifiers.held_out");
  if (!judged) return tl::unexpected(judged.error());
  material.training = std::move(*training);
  material.held_out = std::move(*judged);
  material.attempts = attempts_of(material.training);
  material.judged = attempts_of(material.held_out);
  return material;
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

// Trains one model and measures it; `cpu` is the CPU time at which its labelling began.
Status teach_one(Story& story, const Taught& what, const Material& material,
                 const std::vector<learning::LabelledAttempt>& examples, double cpu) {
  learning::RewardLearner learner(story.models.at("base"), what.role, story.seed(what.name));
  const auto& config = story.config().verifiers.reward;
  if (auto taught = teach(story, learner, examples, config, what.name); !taught) return taught;
  const double spent = story.cpu_seconds() - cpu;
  auto figures = measure(what.role, material, scores_in_slices(learner, material.judged));
  figures.update({{"labels", what.labels}, {"examples", examples.size()}, {"cpu_seconds", spent}});
  story.report["verifiers"][what.name] = std::move(figures);
  story.models[what.name] = learner.model();
  return {};
}

template <class Make>
std::vector<learning::LabelledAttempt> labelled(const std::vector<Trajectory>& attempts,
                                                Make make) {
  std::vector<learning::LabelledAttempt> examples;
  for (const auto& attempt : attempts) examples.push_back({&attempt, make(attempt)});
  return examples;
}

Result<std::vector<learning::LabelledAttempt>> completed(Story& story, const Material& material) {
  const auto& config = story.config();
  auto base = story.publish(story.models.at("base"), 1, "base");
  if (!base) return tl::unexpected(base.error());
  EnginePolicy policy(story.engine(), std::move(*base));
  const learning::RolloutOptions how{
      .samples = config.verifiers.completions,
      .max_tokens = static_cast<std::int32_t>(config.attempts.max_tokens),
      .seed = story.seed("completions")};
  const auto estimates =
      learning::rollout_estimates(story.environment(), policy, material.attempts, how);
  if (!policy.status()) return tl::unexpected(policy.status().error());
  std::vector<learning::LabelledAttempt> examples;
  for (std::size_t a = 0; a < estimates.size(); ++a)
    examples.push_back({&material.attempts[a],
                        learning::rollout_labels(estimates[a], learning::RolloutLabel::kSoft)});
  return examples;
}

// Trains a process reward model on steps that people rated, if a file of them is configured.
Status teach_from_people(Story& story, const Material& material) {
  const auto& file = story.host().step_labels;
  if (story.config().verifiers.label_file.empty()) return {};
  const double cpu = story.cpu_seconds();
  std::vector<Trajectory> attempts;
  for (const auto& work : file.records) attempts.push_back(attempt_of(work.problem, work.steps));
  std::vector<learning::LabelledAttempt> examples;
  for (std::size_t a = 0; a < attempts.size(); ++a)
    examples.push_back({&attempts[a], rated_labels(file.records[a], Neutral::kRight)});
  if (auto done = teach_one(story, {"prm_labels", model::ScorerRole::kProcess, "ratings by people"},
                            material, examples, cpu);
      !done)
    return done;
  story.report["verifiers"]["prm_labels"].update(
      {{"skipped", file.skipped.size()}, {"skipped_lines", file.skipped}});
  return {};
}

// Adds attempts that the critic guides to the groups of the same problems; returns the generated
// tokens.
Result<std::int64_t> add_explored(Story& story, const learning::CriticLearner& critic,
                                  std::int64_t round, std::vector<AttemptGroup>& groups) {
  const auto policy = story.publish(story.models.at("base"), 1, "base");
  if (!policy) return tl::unexpected(policy.error());
  const auto guide = story.publish_scorer(critic.model(), fmt::format("critic.{}", round));
  if (!guide) return tl::unexpected(guide.error());
  std::vector<std::string> problems;
  for (const auto& group : groups) problems.push_back(group.attempts.front().problem);
  // The stream's name keeps an old word: its seeds are derived from it.
  auto explored = explore(story, *policy, *guide, problems,
                          {.samples = story.config().verifiers.critic_continuations,
                           .stream = fmt::format("verifiers.lesson{}", round),
                           .stage = fmt::format("critic.{}.exploration", round)});
  if (!explored) return tl::unexpected(explored.error());
  for (std::size_t g = 0; g < groups.size(); ++g)
    std::ranges::move(explored->groups[g].attempts, std::back_inserter(groups[g].attempts));
  return explored->tokens;
}

// `gathering`: CPU seconds spent to generate the attempts.
Status teach_critic(Story& story, const Material& material, double gathering) {
  const double cpu = story.cpu_seconds();
  const auto& config = story.config().verifiers;
  learning::CriticLearner critic(story.models.at("base"), story.seed("critic"),
                                 learning::heads_of(config.critic));
  auto groups = material.training;
  std::int64_t tokens = tokens_of(groups);
  for (std::int64_t round = 0; round <= config.critic_rounds; ++round) {
    if (round > 0) {
      const auto more = add_explored(story, critic, round, groups);
      if (!more) return tl::unexpected(more.error());
      tokens += *more;
    }
    const auto label = round == 0 ? "critic" : fmt::format("critic.{}", round);
    if (auto taught = teach(story, critic, groups, config.critic_updates, config.critic, label);
        !taught)
      return taught;
  }
  const double spent = gathering + story.cpu_seconds() - cpu;
  auto figures =
      measure(model::ScorerRole::kCritic, material, scores_in_slices(critic, material.judged));
  figures.update({{"labels", "the win signal, target " + config.critic.target},
                  {"examples", attempts_of(groups).size()},
                  {"tokens", tokens},
                  {"cpu_seconds", spent}});
  story.report["verifiers"]["critic"] = std::move(figures);
  story.models["critic"] = critic.model();
  return {};
}

}  // namespace

Status verifier_stage(Story& story) {
  const double begin = story.cpu_seconds();
  const auto material = gather(story);
  if (!material) return tl::unexpected(material.error());
  const double gathering = story.cpu_seconds() - begin;
  const auto& attempts = material->attempts;
  story.report["verifiers"] = json::object();
  const auto& wanted = story.config().verifiers.models;
  const auto is_wanted = [&](std::string_view model) {
    return std::find(wanted.begin(), wanted.end(), model) != wanted.end();
  };
  if (is_wanted("prm")) {
    const auto examples = labelled(attempts, [](const auto& a) {
      return learning::exact_labels(a, learning::AfterWrong::kWrong);
    });
    if (auto done = teach_one(story, {"prm", model::ScorerRole::kProcess, "exact verdicts"},
                              *material, examples, begin);
        !done)
      return done;
  }
  if (is_wanted("orm")) {
    const double cpu = story.cpu_seconds();
    const auto examples = labelled(attempts, [](const auto& a) {
      return learning::outcome_labels(a, learning::OutcomeAt::kEveryStep);
    });
    if (auto done = teach_one(story, {"orm", model::ScorerRole::kOutcome, "outcomes"}, *material,
                              examples, cpu);
        !done)
      return done;
  }
  if (is_wanted("prm_completions")) {
    const double cpu = story.cpu_seconds();
    const auto examples = completed(story, *material);
    if (!examples) return tl::unexpected(examples.error());
    if (auto done = teach_one(
            story,
            {"prm_completions", model::ScorerRole::kProcess, "share of completions that win"},
            *material, *examples, cpu);
        !done)
      return done;
  }
  if (auto done = teach_from_people(story, *material); !done) return done;
  return is_wanted("critic") ? teach_critic(story, *material, gathering) : Status{};
}

}  // namespace qstar::experiment

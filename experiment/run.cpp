#include "experiment/run.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/metrics.hpp"
#include "data/attempt.hpp"
#include "persistence/store.hpp"
#include "search/text/evaluate.hpp"

namespace qstar::experiment {

Result<Problems> problems_of(const Experiment& experiment) {
  if (experiment.of_puzzle())
    return environment::make_puzzle(experiment.environment)
        .map([](std::shared_ptr<const environment::Puzzle>&& puzzle) {
          return Problems{nullptr, std::move(puzzle)};
        });
  return environment::make_environment(experiment.environment)
      .map([](std::unique_ptr<environment::Environment>&& text) {
        return Problems{std::move(text), nullptr};
      });
}

RunHost local_host(const Experiment& experiment) {
  auto problems = problems_of(experiment);
  QSTAR_ASSERT(problems.has_value(), experiment.environment.name);
  const auto slots = static_cast<std::int32_t>(experiment.engine.slots);
  return {local_stage_host(std::move(problems->environment), slots)};
}

Run::Run(const Experiment& experiment, Problems problems, RunHost host)
    : config_(experiment), problems_(std::move(problems)), host_(std::move(host)) {
  if (problems_.environment == nullptr) return;
  auto made = model::Tokenizer::make(problems_.environment->alphabet());
  QSTAR_ASSERT(made.has_value(), std::string(problems_.environment->alphabet()));
  tokenizer_ = std::move(*made);
}

void Run::add_model(const std::string& name, TrainedModel model) {
  if (model.is_policy) last_policy_ = name;
  const auto role = model.file.metadata.find("role");
  if (role != model.file.metadata.end() && role->second == "critic") last_critic_ = name;
  models_[name] = std::move(model);
}

std::uint64_t Run::seed(std::string_view stream, std::uint64_t index) const {
  return derive_seed(static_cast<std::uint64_t>(config_.seed), stream, index);
}

std::vector<std::string> Run::training_problems(std::string_view stream, std::int64_t n) const {
  Rng rng(seed(stream));
  std::vector<std::string> problems;
  for (std::int64_t i = 0; i < n; ++i)
    problems.push_back(environment().sample_problem(rng, environment::Split::kTraining));
  return problems;
}

search::SearchOptions Run::options(std::string_view label, std::uint64_t first) const {
  return {.max_tokens = static_cast<std::int32_t>(config_.attempts.max_tokens),
          .seed = seed(label),
          .first_group = first};
}

std::uint64_t Run::group_id(std::string_view label, std::uint64_t index) const {
  auto found = std::find(labels_.begin(), labels_.end(), label);
  if (found == labels_.end()) found = labels_.insert(found, std::string(label));
  return static_cast<std::uint64_t>(found - labels_.begin()) * kGroupsPerLabel + index;
}

void Run::add_labels(std::span<const std::string> labels) {
  for (const auto& label : labels) (void)group_id(label, 0);
}

Status Run::keep(std::string_view packed, std::string_view label, std::uint64_t first) const {
  const auto most = static_cast<std::uint64_t>(config_.attempts.keep_groups);
  const auto begin = group_id(label, first);
  auto rest = packed;
  persistence::PackedGroup group;
  for (auto id = begin; !rest.empty() && (most == 0 || id < begin + most); ++id)
    if (!persistence::take_group(rest, group) || group.group != id)
      return fail(Errc::kCorrupt,
                  fmt::format("attempts of {} came with the ids of other groups, or damaged: use "
                              "the same version of qstar everywhere",
                              label));
  return host_.keep(std::string(packed.substr(0, packed.size() - rest.size())));
}

double Run::cpu_seconds() const { return process_cpu_seconds() + engine().remote_cpu_seconds(); }

Result<ModelHash> Run::publish(const model::ModelFile& model, const std::string& role,
                               std::string_view label, std::uint64_t version) const {
  auto hash = engine().publish(serialize(model));
  if (!hash || !host_.model_number) return hash;
  const auto number = host_.model_number(*hash, role, label, version);
  if (!number) return tl::unexpected(number.error());
  published_[*hash] = {*number, role};
  return hash;
}

Result<PolicyRef> Run::publish(const model::ModelFile& policy, std::uint64_t version,
                               std::string_view label) const {
  return publish(policy, "policy", label, version).map([version](ModelHash&& hash) {
    return PolicyRef{std::move(hash), version};
  });
}

Result<ModelHash> Run::publish_scorer(const model::ModelFile& scorer, std::string_view label,
                                      std::uint64_t version) const {
  const auto role = scorer.metadata.find("role");
  return publish(scorer, role == scorer.metadata.end() ? "" : role->second, label, version);
}

Origin Run::origin(const AttemptTask& task, std::string_view label, std::uint64_t first) const {
  const auto find = [this](const ModelHash& hash) {
    const auto it = published_.find(hash);
    return it == published_.end() ? Published{} : it->second;
  };
  Origin origin{.run = config_.name,
                .first_group = group_id(label, first),
                .policy = find(task.policy.hash).number};
  for (const auto& judge : {find(task.guide), find(task.scorer)})
    if (judge.number > 0)
      (judge.role == "critic" ? origin.critic : origin.reward_model) = judge.number;
  return origin;
}

Result<std::vector<AttemptGroup>> Run::attempt(const PolicyRef& policy,
                                               std::span<const std::string> problems,
                                               std::int64_t samples, std::string_view label,
                                               std::uint64_t first) const {
  AttemptTask task{.policy = policy, .how = options(label, first)};
  task.how.samples = samples;
  task.problems.assign(problems.begin(), problems.end());
  task.origin = origin(task, label, first);
  auto results = qstar::experiment::attempt(engine(), task);
  if (!results) return tl::unexpected(results.error());
  if (auto kept = keep(results->records, label, first); !kept) return tl::unexpected(kept.error());
  return search::groups_of(std::move(results->found));
}

Result<nlohmann::json> Run::evaluate(AttemptTask task, std::string_view label) const {
  const auto defaults = options(label);
  task.how.max_tokens = defaults.max_tokens;
  task.how.seed = defaults.seed;
  task.how.first_group = defaults.first_group;
  task.origin = origin(task, label);
  auto results = qstar::experiment::attempt(engine(), task);
  if (!results) return tl::unexpected(results.error());
  if (auto kept = keep(results->records, label); !kept) return tl::unexpected(kept.error());
  auto figures = search::evaluation_of(std::move(results->found));
  const auto groups = search::groups_of(std::move(figures.results));
  return nlohmann::json{{"accuracy", figures.accuracy},
                        {"ci95", {figures.ci95.low, figures.ci95.high}},
                        {"n", figures.n},
                        {"tokens_per_problem", figures.tokens_per_problem},
                        {"guide_queries_per_problem", figures.guide_queries_per_problem},
                        {"lucky", lucky_share(groups)},
                        {"cpu_seconds", results->cpu_seconds}};
}

Result<nlohmann::json> Run::evaluate(const model::ModelFile& model, std::string_view name) const {
  const auto policy = publish(model, 0, name);
  if (!policy) return tl::unexpected(policy.error());
  const auto problems = search::held_out_problems(environment(), config_.evaluation.problems);
  nlohmann::json figures;
  for (const auto& [key, search] : {std::pair{"greedy", "greedy"}, {"sampled", "sample"}}) {
    auto measured = evaluate({.policy = *policy, .search = search, .problems = problems},
                             fmt::format("evaluation.{}.{}", name, key));
    if (!measured) return measured;
    figures[key] = std::move(*measured);
  }
  return figures;
}

std::vector<TaskId> Run::begin_quick_evaluation(const PolicyRef& policy) const {
  // Other problems than those of the reported figures: these decide when a run may end.
  return submit_in_parts(engine(), {.policy = policy,
                                    .search = "greedy",
                                    .how = options("quick_evaluation"),
                                    .problems = search::held_out_problems(
                                        environment(), config_.evaluation.curve_problems, 1)});
}

Result<Run::QuickEvaluation> Run::quick_evaluation(std::span<const TaskId> tasks) const {
  const auto results = wait_for_all(engine(), tasks);
  if (!results) return tl::unexpected(results.error());
  QuickEvaluation evaluation;
  for (const auto& result : results->found) evaluation.right.push_back(result.answer().win());
  evaluation.cpu_seconds = results->cpu_seconds;
  return evaluation;
}

double share(const std::vector<bool>& of) {
  const auto n = static_cast<double>(std::count(of.begin(), of.end(), true));
  return of.empty() ? 0 : n / static_cast<double>(of.size());
}

std::vector<Trajectory> attempts_of(std::span<const AttemptGroup> groups) {
  std::vector<Trajectory> attempts;
  for (const auto& group : groups)
    attempts.insert(attempts.end(), group.attempts.begin(), group.attempts.end());
  return attempts;
}

std::int64_t tokens_of(std::span<const AttemptGroup> groups) {
  std::size_t tokens = 0;
  for (const auto& group : groups)
    for (const auto& attempt : group.attempts) tokens += tokens_of(attempt);
  return static_cast<std::int64_t>(tokens);
}

double lucky_share(std::span<const AttemptGroup> groups) {
  double right = 0, lucky = 0;
  for (const auto& group : groups) {
    for (const auto& attempt : group.attempts) {
      right += attempt.win() ? 1 : 0;
      lucky += attempt.outcome == Outcome::kLucky ? 1 : 0;
    }
  }
  return right > 0 ? lucky / right : 0;
}

double pass_rate(std::span<const AttemptGroup> groups) {
  double sum = 0;
  for (const auto& group : groups) sum += group.pass_rate();
  return groups.empty() ? 0 : sum / static_cast<double>(groups.size());
}

}  // namespace qstar::experiment

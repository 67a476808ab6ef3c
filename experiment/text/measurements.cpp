// Measurements of the final policy outside its training distribution: other domains, polluted
// contexts, and its cost compared with the exact solver's.
#include <fmt/format.h>

#include "core/metrics.hpp"
#include "data/attempt.hpp"
#include "environment/registry.hpp"
#include "experiment/text/context.hpp"
#include "experiment/text/domains.hpp"
#include "experiment/text/rewards.hpp"
#include "experiment/text/stage_configs.hpp"
#include "experiment/text/stages.hpp"
#include "search/text/evaluate.hpp"
#include "search/text/sampling.hpp"

namespace qstar::experiment {
namespace {

using nlohmann::json;

// {"accuracy", "ci95", "n", "tokens_per_problem", "cpu_seconds"} of judged attempts, one per
// problem; `cpu_seconds` were spent on them.
json figures_of(std::span<const AttemptGroup> groups, double cpu_seconds) {
  std::uint64_t wins = 0;
  for (const auto& group : groups) wins += group.attempts.front().win() ? 1 : 0;
  const auto n = groups.size();
  const auto interval = wilson95(wins, n);
  const double per = n > 0 ? 1 / static_cast<double>(n) : 0;
  return {{"accuracy", static_cast<double>(wins) * per},
          {"ci95", {interval.low, interval.high}},
          {"n", n},
          {"tokens_per_problem", static_cast<double>(tokens_of(groups)) * per},
          {"cpu_seconds", cpu_seconds}};
}

// Accuracy of greedy attempts at problems whose prompts begin with earlier solutions.
Result<json> evaluate_after(const Run& run, const model::ModelFile& model,
                            std::span<const std::string> problems,
                            std::span<const std::vector<Trajectory>> earlier) {
  auto published = run.publish(model, 0, "context");
  if (!published) return tl::unexpected(published.error());
  EnginePolicy policy(run.engine(), std::move(*published));
  const double cpu = run.cpu_seconds();
  auto how = run.options("context");
  how.temperature = 0;
  auto requests = search::requests_of(problems, how);
  for (std::size_t p = 0; p < problems.size(); ++p)
    requests[p].prompt = prompt_after(earlier[p], problems[p]);
  auto groups =
      search::groups_of(run.environment().name(), problems, how, policy.generate(requests), 0, 0);
  if (!policy.status()) return tl::unexpected(policy.status().error());
  environment::judge(run.environment(), groups);
  return figures_of(groups, run.cpu_seconds() - cpu);
}

// The policies that are compared: their keys in the report, and their names in the run.
using Compared = std::vector<std::pair<const char*, std::string>>;

Result<json> measure_domains(Run& run, const std::string& stage, const Compared& compared,
                             std::int64_t n) {
  json section = json::array();
  for (const auto& domain : other_domains(run.config().environment)) {
    const auto environment = environment::make_environment(domain.config);
    if (!environment) continue;  // no problems satisfy its rules
    const auto problems = domain_problems(run.environment(), **environment, n);
    if (problems.empty()) continue;
    json row = {{"name", domain.name}};
    environment::EnvironmentConfig rules = domain.config;
    for (const auto& [key, name] : compared) {
      auto policy = run.publish(run.model(name), 0, name);
      if (!policy) return tl::unexpected(policy.error());
      AttemptTask task{.policy = std::move(*policy),
                       .environment = print_config(describe_of(rules)),
                       .search = "greedy",
                       .how = run.options("domain"),
                       .problems = problems};
      task.how.max_tokens = static_cast<std::int32_t>(run.config().model.context);
      auto results = attempt(run.engine(), task);
      if (!results) return tl::unexpected(results.error());
      row[key] = figures_of(search::groups_of(std::move(results->found)), results->cpu_seconds);
    }
    section.push_back(std::move(row));
    if (auto on = run.host().show({stage, 1, 1, {}}); !on) return tl::unexpected(on.error());
  }
  return section;
}

struct Context {
  std::string name;
  std::size_t wrong = 0, right = 0;
  bool pruned = false;
};

// Earlier solutions for every problem, drawn from the same two pools for every context and policy.
std::vector<std::vector<Trajectory>> draw(const Run& run, const Context& context,
                                          std::size_t problems,
                                          const std::vector<Trajectory>& wrong,
                                          const std::vector<Trajectory>& right) {
  Rng rng(run.seed("context"));
  std::vector<std::vector<Trajectory>> earlier(problems);
  for (auto& work : earlier) {
    for (std::size_t i = 0; i < context.wrong; ++i) work.push_back(wrong[rng.below(wrong.size())]);
    for (std::size_t i = 0; i < context.right; ++i) work.push_back(right[rng.below(right.size())]);
    rng.shuffle(std::span(work));
  }
  return earlier;
}

// Removes the solutions with a step that the process reward model scores below one half.
Status prune(Run& run, std::vector<std::vector<Trajectory>>& earlier) {
  auto scorer = run.publish_scorer(run.model("prm"), "prm");
  if (!scorer) return tl::unexpected(scorer.error());
  ScoreTask task{std::move(*scorer), {}};
  for (std::size_t i = 0; i < earlier.size(); ++i) {
    // Drawn from many groups, and now one of its own: records name the group they are in.
    for (auto& attempt : earlier[i]) attempt.id.group = i;
    task.groups.push_back({i, std::move(earlier[i])});
  }
  auto scored = run.engine().wait(run.engine().submit(std::move(task)));
  if (!scored) return tl::unexpected(scored.error());
  if (scored->groups.size() != earlier.size())
    return fail(Errc::kCorrupt, "a node scored other groups than it was given");
  for (std::size_t i = 0; i < earlier.size(); ++i)
    earlier[i] = pruned(scored->groups[i].attempts, [](const Trajectory& attempt) {
      return reward_of(RewardKind::kProcess, attempt) >= 0.5;
    });
  return {};
}

// Null: the context has no room for earlier solutions.
Result<json> measure_contexts(Run& run, const std::string& stage, const Compared& compared,
                              std::int64_t n) {
  const auto& base = compared.front().second;
  const auto policy = run.publish(run.model(base), 1, base);
  if (!policy) return tl::unexpected(policy.error());
  const auto label = stage + ".context";
  const auto groups = run.attempt(*policy, run.training_problems(label, 500), 8, label);
  if (!groups) return tl::unexpected(groups.error());
  auto wrong = earlier_work(*groups, false), right = earlier_work(*groups, true);
  // Three earlier solutions, the problem and its own solution must fit into the context, so that
  // accuracy does not fall for lack of room.
  const auto room = (run.config().model.context - 2 * run.config().attempts.max_tokens) / 3;
  const auto too_long = [room](const Trajectory& work) {
    return static_cast<std::int64_t>(text_of(work).size()) > room;
  };
  std::erase_if(wrong, too_long);
  std::erase_if(right, too_long);
  if (wrong.empty() || right.empty()) return json();
  std::vector<Context> contexts = {{"none", 0, 0}};
  for (std::size_t i = 1; i <= 3; ++i) contexts.push_back({fmt::format("{} wrong", i), i, 0});
  for (std::size_t i = 1; i <= 3; ++i) contexts.push_back({fmt::format("{} right", i), 0, i});
  contexts.push_back({"2 wrong, 1 right", 2, 1});
  if (run.models().contains("prm")) contexts.push_back({"2 wrong, 1 right, pruned", 2, 1, true});
  const auto problems = search::held_out_problems(run.environment(), n);
  json section = json::array();
  for (const auto& context : contexts) {
    auto earlier = draw(run, context, problems.size(), wrong, right);
    if (context.pruned) {
      if (auto done = prune(run, earlier); !done) return tl::unexpected(done.error());
    }
    json row = {{"context", context.name}};
    for (const auto& [key, name] : compared) {
      auto figures = evaluate_after(run, run.model(name), problems, earlier);
      if (!figures) return tl::unexpected(figures.error());
      row[key] = std::move(*figures);
    }
    section.push_back(std::move(row));
  }
  return section;
}

// Runs the exact solver repeatedly, until its CPU time is long enough to measure.
json measure_calculator(const Run& run, const std::string& policy) {
  const auto problems =
      search::held_out_problems(run.environment(), run.config().evaluation.problems);
  const double cpu = process_cpu_seconds();
  std::int64_t passes = 0, solved = 0;
  for (; process_cpu_seconds() - cpu < 0.2; ++passes) {
    for (const auto& problem : problems) {
      const auto steps = run.environment().reset(problem).and_then(
          [&](const environment::State& state) { return run.environment().solve(state); });
      solved += steps ? 1 : 0;
    }
  }
  const double each = (process_cpu_seconds() - cpu) / static_cast<double>(passes);
  const double spent = run.models().at(policy).evaluation_cpu_seconds;
  const auto all = static_cast<double>(passes * static_cast<std::int64_t>(problems.size()));
  return {{"n", problems.size()},
          {"accuracy", static_cast<double>(solved) / all},
          {"cpu_seconds", each},
          {"policy_cpu_seconds", spent},
          {"times_faster", spent / each}};
}

}  // namespace

Result<StageResult> measure_stage(Run& run, const StageEntry& stage) {
  const auto& config = *stage.as<MeasureConfig>();
  const auto policy = config.policy.empty() ? run.last_policy() : config.policy;
  const Compared compared = {{"base", config.base}, {"final", policy}};
  auto domains = measure_domains(run, stage.name, compared, config.problems);
  if (!domains) return tl::unexpected(domains.error());
  auto contexts = measure_contexts(run, stage.name, compared, config.problems);
  if (!contexts) return tl::unexpected(contexts.error());
  json figures = {{"out_of_domain", std::move(*domains)},
                  {"calculator", measure_calculator(run, policy)}};
  if (!contexts->is_null()) figures["polluted_context"] = std::move(*contexts);
  return StageResult{std::move(figures), {}};
}

}  // namespace qstar::experiment

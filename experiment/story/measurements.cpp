// Measurements of the final policy outside its training distribution: other domains, polluted
// contexts, and its cost compared with the exact solver's.
#include <fmt/format.h>

#include "core/metrics.hpp"
#include "data/attempt.hpp"
#include "environment/registry.hpp"
#include "experiment/story/context.hpp"
#include "experiment/story/domains.hpp"
#include "experiment/story/rewards.hpp"
#include "experiment/story/stages.hpp"
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
Result<json> evaluate_after(const Story& story, const model::ModelFile& model,
                            std::span<const std::string> problems,
                            std::span<const std::vector<Trajectory>> earlier) {
  auto published = story.publish(model, 0, "context");
  if (!published) return tl::unexpected(published.error());
  EnginePolicy policy(story.engine(), std::move(*published));
  const double cpu = story.cpu_seconds();
  auto how = story.options("context");
  how.temperature = 0;
  auto requests = search::requests_of(problems, how);
  for (std::size_t p = 0; p < problems.size(); ++p)
    requests[p].prompt = prompt_after(earlier[p], problems[p]);
  auto groups =
      search::groups_of(story.environment().name(), problems, how, policy.generate(requests), 0, 0);
  if (!policy.status()) return tl::unexpected(policy.status().error());
  environment::judge(story.environment(), groups);
  return figures_of(groups, story.cpu_seconds() - cpu);
}

Status measure_domains(Story& story) {
  json section = json::array();
  for (const auto& domain : other_domains(story.config().environment)) {
    const auto environment = environment::make_environment(domain.config);
    if (!environment) continue;  // no problems satisfy its rules
    const auto problems =
        domain_problems(story.environment(), **environment, story.config().measure.domain_problems);
    if (problems.empty()) continue;
    json row = {{"name", domain.name}};
    environment::EnvironmentConfig rules = domain.config;
    for (const auto* name : {"base", "final"}) {
      auto policy = story.publish(story.models.at(name), 0, name);
      if (!policy) return tl::unexpected(policy.error());
      AttemptTask task{.policy = std::move(*policy),
                       .environment = print_config(describe_of(rules)),
                       .search = "greedy",
                       .how = story.options("domain"),
                       .problems = problems};
      task.how.max_tokens = static_cast<std::int32_t>(story.config().model.context);
      auto results = attempt(story.engine(), task);
      if (!results) return tl::unexpected(results.error());
      row[name] = figures_of(search::groups_of(std::move(results->found)), results->cpu_seconds);
    }
    section.push_back(std::move(row));
    if (auto on = story.host().show({"out_of_domain", 1, 1, {}}); !on) return on;
  }
  story.report["out_of_domain"] = std::move(section);
  return {};
}

struct Context {
  std::string name;
  std::size_t wrong = 0, right = 0;
  bool pruned = false;
};

// Earlier solutions for every problem, drawn from the same two pools for every context and policy.
std::vector<std::vector<Trajectory>> draw(const Story& story, const Context& context,
                                          std::size_t problems,
                                          const std::vector<Trajectory>& wrong,
                                          const std::vector<Trajectory>& right) {
  Rng rng(story.seed("context"));
  std::vector<std::vector<Trajectory>> earlier(problems);
  for (auto& work : earlier) {
    for (std::size_t i = 0; i < context.wrong; ++i) work.push_back(wrong[rng.below(wrong.size())]);
    for (std::size_t i = 0; i < context.right; ++i) work.push_back(right[rng.below(right.size())]);
    rng.shuffle(std::span(work));
  }
  return earlier;
}

// Removes the solutions with a step that the process reward model scores below one half.
Status prune(Story& story, std::vector<std::vector<Trajectory>>& earlier) {
  auto scorer = story.publish_scorer(story.models.at("prm"), "prm");
  if (!scorer) return tl::unexpected(scorer.error());
  ScoreTask task{std::move(*scorer), {}};
  for (auto& work : earlier) task.groups.push_back({0, std::move(work)});
  auto scored = story.engine().wait(story.engine().submit(std::move(task)));
  if (!scored) return tl::unexpected(scored.error());
  for (std::size_t i = 0; i < earlier.size(); ++i)
    earlier[i] = pruned(scored->groups[i].attempts, [](const Trajectory& attempt) {
      return reward_of(RewardKind::kProcess, attempt) >= 0.5;
    });
  return {};
}

Status measure_contexts(Story& story) {
  const auto policy = story.publish(story.models.at("base"), 1, "base");
  if (!policy) return tl::unexpected(policy.error());
  const auto groups = story.attempt(*policy, story.training_problems("context", 500), 8, "context");
  if (!groups) return tl::unexpected(groups.error());
  auto wrong = earlier_work(*groups, false), right = earlier_work(*groups, true);
  // Three earlier solutions, the problem and its own solution must fit into the context, so that
  // accuracy does not fall for lack of room.
  const auto room = (story.config().model.context - 2 * story.config().attempts.max_tokens) / 3;
  const auto too_long = [room](const Trajectory& work) {
    return static_cast<std::int64_t>(text_of(work).size()) > room;
  };
  std::erase_if(wrong, too_long);
  std::erase_if(right, too_long);
  if (wrong.empty() || right.empty()) return {};
  std::vector<Context> contexts = {{"none", 0, 0}};
  for (std::size_t n = 1; n <= 3; ++n) contexts.push_back({fmt::format("{} wrong", n), n, 0});
  for (std::size_t n = 1; n <= 3; ++n) contexts.push_back({fmt::format("{} right", n), 0, n});
  contexts.push_back({"2 wrong, 1 right", 2, 1});
  if (story.models.contains("prm")) contexts.push_back({"2 wrong, 1 right, pruned", 2, 1, true});
  const auto problems =
      search::held_out_problems(story.environment(), story.config().measure.domain_problems);
  json section = json::array();
  for (const auto& context : contexts) {
    auto earlier = draw(story, context, problems.size(), wrong, right);
    if (context.pruned) {
      if (auto done = prune(story, earlier); !done) return done;
    }
    json row = {{"context", context.name}};
    for (const auto* name : {"base", "final"}) {
      auto figures = evaluate_after(story, story.models.at(name), problems, earlier);
      if (!figures) return tl::unexpected(figures.error());
      row[name] = std::move(*figures);
    }
    section.push_back(std::move(row));
  }
  story.report["polluted_context"] = std::move(section);
  return {};
}

// Runs the exact solver repeatedly, until its CPU time is long enough to measure.
Status measure_calculator(Story& story) {
  const auto problems =
      search::held_out_problems(story.environment(), story.config().measure.problems);
  const double cpu = process_cpu_seconds();
  std::int64_t passes = 0, solved = 0;
  for (; process_cpu_seconds() - cpu < 0.2; ++passes) {
    for (const auto& problem : problems) {
      const auto steps = story.environment().reset(problem).and_then(
          [&](const environment::State& state) { return story.environment().solve(state); });
      solved += steps ? 1 : 0;
    }
  }
  const double each = (process_cpu_seconds() - cpu) / static_cast<double>(passes);
  const double spent = story.report.at("final").at("greedy").at("cpu_seconds");
  story.report["calculator"] = {
      {"n", problems.size()},
      {"accuracy", static_cast<double>(solved) /
                       static_cast<double>(passes * static_cast<std::int64_t>(problems.size()))},
      {"cpu_seconds", each},
      {"policy_cpu_seconds", spent},
      {"times_faster", spent / each}};
  return {};
}

}  // namespace

Status measurement_stage(Story& story) {
  if (auto done = measure_domains(story); !done) return done;
  if (auto done = measure_contexts(story); !done) return done;
  return measure_calculator(story);
}

}  // namespace qstar::experiment

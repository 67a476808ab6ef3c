#include "experiment/text/exploration.hpp"

#include <algorithm>

#include "data/attempt.hpp"
#include "learning/reward/step_labels.hpp"
#include "model/models.hpp"
#include "persistence/store.hpp"

namespace qstar::experiment {
namespace {

// The critic chooses among four proposed steps, and among four more when all of them score low.
search::SearchOptions guided_search(search::SearchOptions options) {
  options.samples = 4;
  options.stop_below = 0.5;
  options.retries = 3;
  return options;
}

std::int64_t tokens_of_last(const Trajectory& attempt, std::size_t steps) {
  std::size_t tokens = 0;
  for (std::size_t i = attempt.steps.size() - steps; i < attempt.steps.size(); ++i)
    tokens += attempt.steps[i].tokens.size();
  return static_cast<std::int64_t>(tokens);
}

// Adds to each group, which has one guided attempt so far, the policy's continuations from every
// state of that attempt. Returns the number of generated tokens.
std::int64_t add_continuations(const environment::Environment& environment, model::Policy& policy,
                               const learning::RolloutOptions& on, std::uint64_t first_group,
                               std::vector<AttemptGroup>& groups) {
  const auto guided = attempts_of(groups);
  std::int64_t tokens = 0;
  for (auto& [own_steps, whole] : learning::continuations(environment, policy, guided, on)) {
    tokens += tokens_of_last(whole, own_steps);
    groups[whole.id.group - first_group].attempts.push_back(std::move(whole));
  }
  for (auto& group : groups)
    for (std::size_t s = 0; s < group.attempts.size(); ++s)
      group.attempts[s].id = {group.group, static_cast<std::uint32_t>(s)};
  return tokens;
}

}  // namespace

Result<Exploration> explore(const Run& run, const PolicyRef& policy, const ModelHash& critic,
                            std::span<const std::string> problems,
                            const ExplorationOptions& options) {
  const auto how = guided_search(run.options(options.stream));
  const AttemptTask guided{.policy = policy,
                           .guide = critic,
                           .search = "beam",
                           .how = how,
                           .problems = {problems.begin(), problems.end()}};
  const auto found = attempt(run.engine(), guided);
  if (!found) return tl::unexpected(found.error());
  Exploration made;
  for (const auto& result : found->found) {
    made.tokens += static_cast<std::int64_t>(result.tokens);
    made.groups.push_back({result.group.group, {result.answer()}});
  }
  if (auto shown = run.host().show({options.stage, 1, 2, {}}); !shown)
    return tl::unexpected(shown.error());
  const learning::RolloutOptions on{.samples = options.samples,
                                    .max_tokens = how.max_tokens,
                                    .seed = run.seed(options.stream + ".continuations")};
  EnginePolicy continuing(run.engine(), policy);
  made.tokens += add_continuations(run.environment(), continuing, on, how.first_group, made.groups);
  if (!continuing.status()) return tl::unexpected(continuing.status().error());
  write_origin(run.origin(guided, options.stream), made.groups);
  if (auto kept = run.keep(persistence::pack(made.groups), options.stream); !kept)
    return tl::unexpected(kept.error());
  if (auto shown = run.host().show({options.stage, 2, 2, {}}); !shown)
    return tl::unexpected(shown.error());
  return made;
}

}  // namespace qstar::experiment

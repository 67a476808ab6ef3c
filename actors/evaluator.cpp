// Measures a model on held-out problems, always the same ones for a seed.
#include <unordered_set>

#include "actors/actors.hpp"
#include "learning/decoder.hpp"

namespace qstar {
namespace {

// Distinct held-out problems; fewer than n when the environment has no more.
std::vector<std::string> held_out(const Environment& environment, std::int64_t n,
                                  std::uint64_t seed) {
  Rng rng(derive_seed(seed, "held-out"));
  std::unordered_set<std::string> seen;
  std::vector<std::string> problems;
  for (std::int64_t tries = 0; tries < 100 * n && static_cast<std::int64_t>(problems.size()) < n;
       ++tries) {
    auto problem = environment.sample_problem(rng, Split::kHeldOut);
    if (seen.insert(problem).second) problems.push_back(std::move(problem));
  }
  return problems;
}

Trajectory attempt_at(const std::string& problem, const Generation& generation,
                      std::uint64_t version) {
  Trajectory attempt;
  attempt.problem = problem;
  attempt.steps = steps_of(generation, version, 0);
  return attempt;
}

Result<Evaluated> evaluate(const Environment& environment, const ExperimentConfig& config,
                           const Evaluate& request) {
  const double cpu = process_cpu_seconds();
  auto model = parse_model(request.model, "the policy to evaluate");
  if (!model) return tl::unexpected(model.error());
  auto weights = DecoderWeights::make(*model, 0);
  if (!weights) return tl::unexpected(weights.error());
  DecoderPolicy policy(*weights, static_cast<std::int32_t>(config.rollout.slots));
  const auto seed = static_cast<std::uint64_t>(config.seed);
  const auto problems = held_out(environment, request.problems, 0);
  std::vector<GenerateRequest> requests;
  for (std::size_t i = 0; i < problems.size(); ++i) {
    requests.push_back({prompt_of(problems[i], {}), derive_seed(seed, "evaluation", i),
                        request.sampled ? 1.0F : 0.0F,
                        static_cast<std::int32_t>(config.rollout.max_tokens), false});
  }
  const auto generations = policy.generate(requests);
  std::uint64_t wins = 0;
  std::size_t tokens = 0;
  for (std::size_t i = 0; i < problems.size(); ++i) {
    auto attempt = attempt_at(problems[i], generations[i], 0);
    judge(environment, generations[i].finished, attempt);
    wins += attempt.win() ? 1 : 0;
    tokens += generations[i].tokens.size();
  }
  const auto n = std::max<std::size_t>(1, problems.size());
  const auto interval = wilson95(wins, n);
  return Evaluated{static_cast<double>(wins) / static_cast<double>(n),
                   interval.low,
                   interval.high,
                   static_cast<std::int64_t>(problems.size()),
                   static_cast<double>(tokens) / static_cast<double>(n),
                   process_cpu_seconds() - cpu};
}

EvaluatorActor::behavior_type evaluator(EvaluatorActor::pointer self,
                                        const ExperimentConfig& config,
                                        EnvironmentPtr environment) {
  return {[self, config, environment](const Evaluate& request) -> caf::result<Evaluated> {
    auto figures = evaluate(*environment, config, request);
    if (!figures) return to_caf(figures.error());
    return *figures;
  }};
}

}  // namespace

EvaluatorActor spawn_evaluator(caf::actor_system& system, const ExperimentConfig& config,
                               EnvironmentPtr environment) {
  return system.spawn<caf::detached>(evaluator, config, std::move(environment));
}

}  // namespace qstar

// Measures a model on held-out problems, always the same ones.
#include "actors/actors.hpp"
#include "learning/decoder.hpp"
#include "search/evaluate.hpp"

namespace qstar {
namespace {

Result<Evaluated> measure(const Environment& environment, const ExperimentConfig& config,
                          const Evaluate& request, const Stop& stop) {
  auto model = parse_model(request.model, "the policy to evaluate");
  if (!model) return tl::unexpected(model.error());
  auto weights = DecoderWeights::make(*model, 0);
  if (!weights) return tl::unexpected(weights.error());
  auto search = make_search(request.sampled ? "sample" : "greedy");
  if (!search) return tl::unexpected(search.error());
  DecoderPolicy policy(*weights, static_cast<std::int32_t>(config.rollout.slots), stop);
  const SearchOptions options{
      .max_tokens = static_cast<std::int32_t>(config.rollout.max_tokens),
      .seed = derive_seed(static_cast<std::uint64_t>(config.seed), "evaluation")};
  const auto problems = held_out_problems(environment, request.problems);
  auto figures = evaluate(*search, environment, {policy}, problems, options);
  if (!figures) return tl::unexpected(figures.error());
  if (stop()) {
    Evaluated nothing;
    nothing.stopped = true;
    return nothing;
  }
  std::vector<AttemptGroup> kept;
  for (auto& result : figures->results)
    if (static_cast<std::int64_t>(kept.size()) < request.keep)
      kept.push_back(std::move(result.group));
  return Evaluated{figures->accuracy, figures->ci95.low,           figures->ci95.high,
                   figures->n,        figures->tokens_per_problem, figures->cpu_seconds,
                   std::move(kept)};
}

EvaluatorActor::behavior_type evaluator(EvaluatorActor::pointer self,
                                        const ExperimentConfig& config,
                                        const EnvironmentPtr& environment, const Stop& stop) {
  explain_exceptions(*self);
  return {[config, environment, stop](const Evaluate& request) -> caf::result<Evaluated> {
    auto figures = measure(*environment, config, request, stop);
    if (!figures) return to_caf(figures.error());
    return std::move(*figures);
  }};
}

}  // namespace

EvaluatorActor spawn_evaluator(caf::actor_system& system, const ExperimentConfig& config,
                               EnvironmentPtr environment, Stop stop) {
  return system.spawn<caf::detached>(evaluator, config, std::move(environment), stop);
}

}  // namespace qstar

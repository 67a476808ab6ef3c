#include "benchmarks/sampled_work.hpp"

#include "data/attempt.hpp"
#include "environment/registry.hpp"
#include "learning/policy/policy_learner.hpp"
#include "search/text/evaluate.hpp"

namespace qstar {

std::vector<Trajectory> flat(const std::vector<AttemptGroup>& groups) {
  std::vector<Trajectory> attempts;
  for (const auto& group : groups)
    attempts.insert(attempts.end(), group.attempts.begin(), group.attempts.end());
  return attempts;
}

Result<SampledWork> sample_work(const std::string& model, const SampledCounts& counts) {
  if (auto ready = learning::prepare_torch(); !ready) return tl::unexpected(ready.error());
  auto base = model::read_model(model);
  if (!base) return tl::unexpected(base.error());
  auto weights = inference::DecoderWeights::make(*base, 1);
  if (!weights) return tl::unexpected(weights.error());
  SampledWork work{std::move(*base),
                   environment::make_environment({}).value(),
                   std::make_unique<inference::DecoderPolicy>(*weights),
                   {},
                   {}};
  const auto search = search::make_search("sample").value();
  const auto attempt = [&](const std::vector<std::string>& problems,
                           const search::SearchOptions& how) {
    return search::groups_of(
        search.attempt(*work.environment, {*work.policy}, problems, how).value());
  };
  Rng rng(1);
  std::vector<std::string> problems;
  for (std::int64_t i = 0; i < counts.problems; ++i)
    problems.push_back(work.environment->sample_problem(rng, environment::Split::kTraining));
  work.training = attempt(problems, {.samples = counts.samples, .seed = 1});
  for (const auto& group : work.training)
    for (const auto& made : group.attempts) work.tokens += tokens_of(made);
  work.held_out = flat(attempt(search::held_out_problems(*work.environment, counts.held_out),
                               {.samples = counts.choices, .seed = 7}));
  return work;
}

}  // namespace qstar

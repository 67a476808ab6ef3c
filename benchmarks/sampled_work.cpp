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
  if (auto ready = prepare_torch(); !ready) return tl::unexpected(ready.error());
  auto base = read_model(model);
  if (!base) return tl::unexpected(base.error());
  auto weights = DecoderWeights::make(*base, 1);
  if (!weights) return tl::unexpected(weights.error());
  SampledWork work{std::move(*base),
                   make_environment({}).value(),
                   std::make_unique<DecoderPolicy>(*weights),
                   {},
                   {}};
  const auto search = make_search("sample").value();
  const auto attempt = [&](const std::vector<std::string>& problems, const SearchOptions& how) {
    return groups_of(search.attempt(*work.environment, {*work.policy}, problems, how).value());
  };
  Rng rng(1);
  std::vector<std::string> problems;
  for (std::int64_t i = 0; i < counts.problems; ++i)
    problems.push_back(work.environment->sample_problem(rng, Split::kTraining));
  work.training = attempt(problems, {.samples = counts.samples, .seed = 1});
  for (const auto& group : work.training)
    for (const auto& made : group.attempts) work.tokens += tokens_of(made);
  work.held_out = flat(attempt(held_out_problems(*work.environment, counts.held_out),
                               {.samples = counts.choices, .seed = 7}));
  return work;
}

}  // namespace qstar

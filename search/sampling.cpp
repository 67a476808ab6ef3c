#include "search/sampling.hpp"

#include "core/attempt.hpp"

namespace qstar {
namespace {

std::vector<GenerateRequest> requests_of(std::span<const std::string> problems,
                                         std::int64_t samples, float temperature,
                                         const SearchOptions& options) {
  std::vector<GenerateRequest> requests;
  requests.reserve(problems.size() * static_cast<std::size_t>(samples));
  for (std::size_t p = 0; p < problems.size(); ++p) {
    for (std::int64_t s = 0; s < samples; ++s) {
      requests.push_back({prompt_of(problems[p], {}),
                          attempt_seed(options.seed, p, static_cast<std::uint32_t>(s)), temperature,
                          options.max_tokens, false});
    }
  }
  return requests;
}

std::vector<AttemptGroup> attempt_all(const Environment& environment, Policy& policy,
                                      std::span<const std::string> problems,
                                      const std::vector<GenerateRequest>& requests) {
  const auto generations = policy.generate(requests);
  const std::size_t samples = problems.empty() ? 0 : requests.size() / problems.size();
  std::vector<AttemptGroup> groups(problems.size());
  for (std::size_t i = 0; i < generations.size(); ++i) {
    auto& group = groups[i / samples];
    group.group = i / samples;
    Trajectory attempt;
    attempt.id = {group.group, static_cast<std::uint32_t>(i % samples)};
    attempt.environment = environment.name();
    attempt.problem = problems[i / samples];
    attempt.steps = steps_of(generations[i], policy.version(), 0);
    attempt.seed = requests[i].seed;
    attempt.temperature = requests[i].temperature;
    judge(environment, generations[i].finished, attempt);
    group.attempts.push_back(std::move(attempt));
  }
  return groups;
}

}  // namespace

std::vector<AttemptGroup> GreedySearch::attempt(const Environment& environment, Policy& policy,
                                                std::span<const std::string> problems,
                                                const SearchOptions& options) const {
  return attempt_all(environment, policy, problems, requests_of(problems, 1, 0, options));
}

std::vector<AttemptGroup> SampleSearch::attempt(const Environment& environment, Policy& policy,
                                                std::span<const std::string> problems,
                                                const SearchOptions& options) const {
  return attempt_all(
      environment, policy, problems,
      requests_of(problems, options.samples, static_cast<float>(options.temperature), options));
}

}  // namespace qstar

#include "search/text/sampling.hpp"

#include "data/attempt.hpp"
#include "model/generated_steps.hpp"

namespace qstar::search {

model::GenerateRequest request_of(const std::string& problem, const SearchOptions& options,
                                  std::uint64_t group, std::uint32_t sample) {
  return {prompt_of(problem, {}), attempt_seed(options.seed, group, sample),
          static_cast<float>(options.temperature), options.max_tokens, false};
}

std::vector<model::GenerateRequest> requests_of(std::span<const std::string> problems,
                                                const SearchOptions& options) {
  std::vector<model::GenerateRequest> requests;
  requests.reserve(problems.size() * static_cast<std::size_t>(options.samples));
  for (std::size_t p = 0; p < problems.size(); ++p) {
    for (std::int64_t s = 0; s < options.samples; ++s)
      requests.push_back(
          request_of(problems[p], options, options.first_group + p, static_cast<std::uint32_t>(s)));
  }
  return requests;
}

std::vector<AttemptGroup> groups_of(std::string_view environment,
                                    std::span<const std::string> problems,
                                    const SearchOptions& options,
                                    std::span<const model::Generation> generations,
                                    std::uint64_t version, std::uint64_t time_us) {
  const auto samples = static_cast<std::size_t>(options.samples);
  QSTAR_ASSERT(generations.size() == problems.size() * samples, "one generation per request");
  std::vector<AttemptGroup> groups(problems.size());
  for (std::size_t i = 0; i < generations.size(); ++i) {
    const std::size_t p = i / samples;
    auto& group = groups[p];
    group.group = options.first_group + p;
    Trajectory attempt;
    attempt.id = {group.group, static_cast<std::uint32_t>(i % samples)};
    attempt.environment = environment;
    attempt.problem = problems[p];
    attempt.steps = model::steps_of(generations[i], version, time_us);
    attempt.outcome = generations[i].finished ? Outcome::kLost : Outcome::kUnfinished;
    attempt.seed = attempt_seed(options.seed, group.group, attempt.id.sample);
    attempt.temperature = static_cast<float>(options.temperature);
    group.attempts.push_back(std::move(attempt));
  }
  return groups;
}

}  // namespace qstar::search

// Sampled attempts: the requests to generate them, and the attempts made of the generations. They
// are free functions because a rollout asks an actor to generate and another one to judge.
#pragma once

#include "search/text/search.hpp"

namespace qstar::search {

// The request of attempt `sample` of a group.
model::GenerateRequest request_of(const std::string& problem, const SearchOptions& options,
                                  std::uint64_t group, std::uint32_t sample);
// One request per attempt: the attempts at the first problem, then those at the second, …
std::vector<model::GenerateRequest> requests_of(std::span<const std::string> problems,
                                                const SearchOptions& options);
// The attempts that the generations of requests_of() are, not judged yet: the outcome is kLost for
// those that closed themselves, kUnfinished for the others. `time_us` is written into every step.
std::vector<AttemptGroup> groups_of(std::string_view environment,
                                    std::span<const std::string> problems,
                                    const SearchOptions& options,
                                    std::span<const model::Generation> generations,
                                    std::uint64_t version, std::uint64_t time_us);

}  // namespace qstar::search

// The bare policy: the likeliest token every time, or sampled attempts.
#pragma once

#include "search/search.hpp"

namespace qstar {

// One attempt, always the likeliest token.
class GreedySearch final : public Search {
 public:
  std::string_view name() const override { return "greedy"; }
  std::vector<AttemptGroup> attempt(const Environment& environment, Policy& policy,
                                    std::span<const std::string> problems,
                                    const SearchOptions& options) const override;
};

// `samples` independent attempts at `temperature`.
class SampleSearch final : public Search {
 public:
  std::string_view name() const override { return "sample"; }
  std::vector<AttemptGroup> attempt(const Environment& environment, Policy& policy,
                                    std::span<const std::string> problems,
                                    const SearchOptions& options) const override;
};

}  // namespace qstar

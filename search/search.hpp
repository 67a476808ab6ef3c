// Ways of using a policy to attempt a problem: pure algorithms over core's model interfaces.
//
// A search is immutable; what it returns depends on its arguments alone. All problems are attempted
// together, so that the policy can batch.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/models.hpp"
#include "core/result.hpp"
#include "environment/environment.hpp"

namespace qstar {

struct SearchOptions {
  std::int64_t samples = 1;       // attempts a problem; a greedy search makes one
  double temperature = 1;         // of sampling, > 0
  std::int32_t max_tokens = 96;   // an attempt
  std::uint64_t seed = 0;         // attempt s of group g uses attempt_seed(seed, g, s)
  std::uint64_t first_group = 0;  // problem p makes group first_group + p
};

class Search {
 public:
  virtual ~Search() = default;
  // The name in the registry.
  virtual std::string_view name() const = 0;
  // One group a problem, in order, every attempt judged. A problem that the policy cannot take (see
  // DecoderPool::add) has attempts without steps.
  virtual std::vector<AttemptGroup> attempt(const Environment& environment, Policy& policy,
                                            std::span<const std::string> problems,
                                            const SearchOptions& options) const = 0;
};

// Names in the registry, sorted.
std::vector<std::string> search_names();
// kUsage names the known ones.
Result<std::unique_ptr<Search>> make_search(std::string_view name);

}  // namespace qstar

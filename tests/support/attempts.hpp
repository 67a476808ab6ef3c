// Folders that go when the test ends, and attempts to put in stores.
#pragma once

#include <stdlib.h>

#include <filesystem>
#include <string>
#include <vector>

#include "core/rng.hpp"
#include "data/trajectory.hpp"

namespace qstar {

class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "qstar-test-XXXXXX").string();
    path_ = ::mkdtemp(name.data());
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  std::string path(const std::string& name = "store") const { return path_ + "/" + name; }

 private:
  std::string path_;
};

inline Step step_of(std::string text, Verdict verdict = Verdict::kUnknown) {
  Step step;
  step.text = std::move(text);
  step.verdict = verdict;
  return step;
}

// Every field filled with something, different for every (group, sample).
inline Trajectory sample_attempt(std::uint64_t group, std::uint32_t sample,
                                 std::uint64_t version = 1) {
  Rng rng(derive_seed(group, "attempt", sample));
  Trajectory t;
  t.id = {group, sample};
  t.environment = "arithmetic";
  t.problem = std::to_string(rng.below(100)) + "+1";
  for (std::size_t s = 0; s < 1 + rng.below(3); ++s) {
    Step step{std::to_string(rng.below(1000)),
              {2, 3, 1},
              {-0.5F, -0.25F, 0},
              version,
              static_cast<Verdict>(rng.below(6)),
              {},
              {},
              rng.next()};
    if (rng.bernoulli(0.5)) step.q = static_cast<float>(rng.uniform());
    if (rng.bernoulli(0.5)) step.reward_score = static_cast<float>(rng.uniform());
    step.model = version + s;
    t.steps.push_back(std::move(step));
  }
  t.outcome = static_cast<Outcome>(rng.below(4));
  t.answer = "42";
  t.seed = rng.next();
  t.temperature = 0.7F;
  if (rng.bernoulli(0.5)) t.critic_version = rng.next();
  t.provenance = {"run", "head", "1.2.3"};
  t.critic_model = group + 1;
  t.reward_model = sample + 2;
  return t;
}

inline AttemptGroup sample_group(std::uint64_t id, std::uint32_t attempts = 2,
                                 std::uint64_t version = 1) {
  AttemptGroup group{id, {}};
  for (std::uint32_t s = 0; s < attempts; ++s)
    group.attempts.push_back(sample_attempt(id, s, version));
  return group;
}

inline std::vector<AttemptGroup> sample_groups(std::uint64_t first, std::uint64_t n,
                                               std::uint64_t version = 1) {
  std::vector<AttemptGroup> groups;
  for (std::uint64_t g = first; g < first + n; ++g) groups.push_back(sample_group(g, 2, version));
  return groups;
}

}  // namespace qstar

// A base policy's own attempts, of which guides are taught and on which they are measured.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/result.hpp"
#include "environment/environment.hpp"
#include "inference/decoder.hpp"

namespace qstar {

struct SampledWork {
  model::ModelFile base;
  std::unique_ptr<environment::Environment> environment;
  std::unique_ptr<inference::DecoderPolicy> policy;
  std::vector<AttemptGroup> training;
  std::vector<Trajectory> held_out;  // problem after problem
  std::uint64_t tokens = 0;          // generated for training
};
struct SampledCounts {
  std::int64_t problems = 2000, samples = 8;  // of training
  std::int64_t held_out = 500, choices = 16;  // problems, attempts at each
};
// Makes torch ready, too. Errors: of the model's file.
Result<SampledWork> sample_work(const std::string& model, const SampledCounts& counts);

std::vector<Trajectory> flat(const std::vector<AttemptGroup>& groups);

// learner.step_scores or step_values in batches: all at once would take gigabytes.
template <class Scores>
std::vector<std::vector<float>> in_batches(std::span<const Trajectory> attempts, Scores scores) {
  std::vector<std::vector<float>> rows;
  for (std::size_t at = 0; at < attempts.size(); at += 256) {
    const auto part = attempts.subspan(at, std::min<std::size_t>(256, attempts.size() - at));
    for (auto& row : scores(part)) rows.push_back(std::move(row));
  }
  return rows;
}

}  // namespace qstar

#include "actors/example_buffer.hpp"

#include <set>

namespace qstar {

void ExampleBuffer::insert(std::uint64_t task, std::vector<ExampleBatch> batches) {
  for (ExampleBatch& batch : batches) held_.push_back({task, std::move(batch)});
}

std::optional<ExampleBatch> ExampleBuffer::take(std::uint64_t version) {
  while (!held_.empty()) {
    ExampleBatch batch = std::move(held_.front().batch);
    held_.pop_front();
    ++removed_;
    // Targets that the learner will make, or that no network made, are never stale.
    const bool fresh = batch.targets.empty() || batch.target_version == 0 ||
                       batch.target_version + static_cast<std::uint64_t>(staleness_) >= version;
    if (fresh) return batch;
    ++dropped_stale_;
  }
  return std::nullopt;
}

std::vector<std::uint64_t> ExampleBuffer::tasks() const {
  std::set<std::uint64_t> tasks;
  for (const Held& held : held_) tasks.insert(held.task);
  return {tasks.begin(), tasks.end()};
}

}  // namespace qstar

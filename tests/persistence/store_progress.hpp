// What a writing process shares with the processes that read beside it, in a file that all map.
#pragma once

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <string>

#include "tests/support/attempts.hpp"

namespace qstar {

inline constexpr std::uint32_t kAttemptsInProgress = 12;  // per group

struct StoreProgress {
  std::atomic<std::uint64_t> inserted;  // all groups below it have been acknowledged
  std::atomic<std::uint64_t> evicting;  // no group from it on has been evicted
  std::atomic<std::uint64_t> evicted;   // all groups below it are gone
};

// The policy changes every so often: group i is of model number i / kGroupsPerModel + 1.
inline constexpr std::uint64_t kGroupsPerModel = 16;

inline AttemptGroup group_in_progress(std::uint64_t id) {
  auto group = sample_group(id, kAttemptsInProgress);
  for (auto& attempt : group.attempts)
    for (auto& step : attempt.steps) step.model = id / kGroupsPerModel + 1;
  return group;
}

// Created with zeros when it is missing; null when it cannot be.
inline StoreProgress* share_progress(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0 || ::ftruncate(fd, sizeof(StoreProgress)) != 0) return nullptr;
  void* memory = ::mmap(nullptr, sizeof(StoreProgress), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  ::close(fd);
  return memory == MAP_FAILED ? nullptr : static_cast<StoreProgress*>(memory);
}

}  // namespace qstar

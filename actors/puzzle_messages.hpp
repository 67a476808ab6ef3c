// The messages of the actors of puzzles; messages.hpp says what holds for all, and numbers those
// that cross machines.
#pragma once

#include <caf/all.hpp>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "actors/example_batch.hpp"
#include "learning/puzzle_learner.hpp"

namespace qstar {

// ---- coordinator <-> scramblers -----------------------------------------------------------------

// A scrambler asks for work: its only credit. Answered when the buffer of examples has room.
struct ScrambleRequest {
  std::string node;
};
// Batches first_batch, first_batch + 1, … of the run's examples. The same task is always the same
// batches. No batches: there is no more work, stop asking.
struct ScrambleLease {
  std::uint64_t task = 0;
  std::uint64_t first_batch = 0;
  std::uint64_t batches = 0;
  std::uint64_t target_version = 0;  // the target network, at least this new
  bool make_targets = true;          // else the learner does
};
// The batches of a lease, all of them. Answered with how many were still to come.
struct InsertExamples {
  std::uint64_t task = 0;
  std::string node;
  std::uint64_t cpu_microseconds = 0;  // of the sender's process since it began
  std::vector<ExampleBatch> batches;
};

// ---- buffer <-> learner (same process) ----------------------------------------------------------

struct TakeExamples {
  std::uint64_t target_version = 0;  // the learner's own
};
struct TakenExamples {  // none: the slice is to end, do not wait for more
  std::optional<ExampleBatch> batch;
};
// Sent to the coordinator whenever batches have left the buffer.
struct ExampleStatus {
  std::int64_t removed = 0;        // so far
  std::int64_t dropped_stale = 0;  // of them
};
struct HeldTasks {};  // reply: the leases of which something is in the buffer
struct Tasks {
  std::vector<std::uint64_t> tasks;
};

// ---- coordinator <-> learner (same process) -----------------------------------------------------

// A slice: at most this many updates; it ends early when a check is due, or by Release.
struct TrainPuzzle {
  std::uint64_t first_batch = 0;  // deterministic mode: the learner makes its batches itself
  std::int64_t updates = 0;
  bool check = false;        // at the end, though none may be due
  std::int64_t walks = 0;    // of greedy play, if there is a check
  bool with_target = false;  // export the target network though it may not be new
};
struct PuzzleTrained {
  std::int64_t updates = 0, examples = 0;
  std::uint64_t batches = 0;
  double loss = 0;  // mean
  std::optional<PuzzleCheck> check;
  std::uint64_t target_version = 0;
  std::string target;  // safetensors bytes when it is new or was asked for
  std::vector<PuzzleWalk> walks;
};
struct ExportPuzzle {  // reply: Bytes of the online network's file, with these metadata
  std::map<std::string, std::string> metadata;
};

template <class Inspector>
auto inspect(Inspector& f, ScrambleRequest& m) {
  return f(caf::meta::type_name("ScrambleRequest"), m.node);
}
template <class Inspector>
auto inspect(Inspector& f, ScrambleLease& m) {
  return f(caf::meta::type_name("ScrambleLease"), m.task, m.first_batch, m.batches,
           m.target_version, m.make_targets);
}

// Examples cross as one string. Damaged ones arrive empty, which their receiver refuses.
template <class Inspector>
auto inspect(Inspector& f, InsertExamples& m) {
  std::string bytes;
  if constexpr (Inspector::reads_state) {
    bytes = pack(m.batches);
    return f(m.task, m.node, m.cpu_microseconds, bytes);
  } else {
    auto result = f(m.task, m.node, m.cpu_microseconds, bytes);
    m.batches = unpack_batches(bytes).value_or(std::vector<ExampleBatch>{});
    return result;
  }
}

}  // namespace qstar

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(qstar::TakeExamples)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(qstar::TakenExamples)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(qstar::ExampleStatus)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(qstar::HeldTasks)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(qstar::Tasks)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(qstar::TrainPuzzle)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(qstar::PuzzleTrained)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(qstar::ExportPuzzle)

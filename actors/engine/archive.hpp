// What a run keeps for good: attempts in the store, and saves of the stage under way.
//
// An actor writes them in the order in which they are handed in, so the stage need not wait for the
// disk, and a save never counts attempts that are not durable.
#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <span>
#include <vector>

#include "actors/interfaces.hpp"
#include "experiment/task.hpp"
#include "persistence/store.hpp"

namespace qstar::actors {

// Which groups a store holds, and which of them have to leave it. Pure.
class StoredGroups {
 public:
  // `most`: the number that is kept; 0: all are, and nothing is remembered.
  StoredGroups(std::vector<std::uint64_t> ids, std::int64_t most);
  void add(std::span<const std::uint64_t> fresh);
  // The oldest ones beyond the limit, which leave.
  std::vector<std::uint64_t> leave();

 private:
  std::int64_t most_;
  std::set<std::uint64_t> ids_;
};

class Archive {
 public:
  static constexpr int kMost = 8;  // writes under way; another one waits

  // Of the store's groups the newest `most_groups` are kept; 0: all.
  static Result<Archive> make(caf::actor_system& system, std::shared_ptr<persistence::Store> store,
                              std::int64_t most_groups);

  // Hands packed groups in (persistence::pack). Like the others, gives the first error of all
  // writes so far.
  Status insert(std::string packed);
  // See Store::model_number. To be called before attempts of that model are handed in.
  Result<std::uint64_t> model_number(const experiment::ModelHash& model, std::string_view role,
                                     std::string_view label, std::uint64_t version);
  // A stored group, with everything handed in before. kMissingFile: there is none.
  Result<AttemptGroup> stored(std::uint64_t group);
  // Lets the oldest groups leave the store when there are too many. After a save: an older save may
  // need them.
  Status evict();
  // Hands in any other write.
  Status write(std::function<Status()> act);
  // Waits until everything handed in is written.
  Status flush();

  const caf::actor& actor() const { return actor_; }

 private:
  // What the stage's thread and the actor share.
  struct Shared {
    std::mutex mutex;
    std::condition_variable changed;
    int under_way = 0;
    Status status;
  };
  Archive(caf::actor_system& system, std::shared_ptr<persistence::Store> store,
          std::shared_ptr<StoredGroups> groups);
  Status wait_until_at_most(int under_way);

  std::shared_ptr<persistence::Store> store_;
  std::shared_ptr<StoredGroups> groups_;  // of the actor
  std::shared_ptr<Shared> shared_ = std::make_shared<Shared>();
  caf::actor actor_;
};

}  // namespace qstar::actors

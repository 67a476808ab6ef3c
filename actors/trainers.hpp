// Trainers: actors that do work beside a stage, a thread each. What is given to one trainer is done
// in that order.
#pragma once

#include <functional>
#include <future>
#include <map>
#include <string>
#include <vector>

#include "actors/actors.hpp"
#include "core/result.hpp"

namespace qstar::actors {

class Trainers {
 public:
  explicit Trainers(caf::actor_system& system) : system_(system) {}
  // See StageHost::beside. From the stage's thread.
  std::future<Status> run(const std::string& trainer, std::function<Status()> work);
  std::vector<caf::actor> actors() const;

 private:
  caf::actor_system& system_;
  std::map<std::string, caf::actor> trainers_;
};

}  // namespace qstar::actors

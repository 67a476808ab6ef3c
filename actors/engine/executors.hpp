// The executors of one process: actors that ask the head for tasks, under a supervisor
// (supervisor.hpp).
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "actors/actors.hpp"
#include "experiment/executor.hpp"
#include "persistence/shelf.hpp"
#include "environment/registry.hpp"
#include "experiment/run_settings.hpp"

namespace qstar::actors {

// What a process must know to execute tasks: the head tells it to each worker that joins.
struct NodeConfig {
  std::string name = "qstar";  // of the experiment
  environment::EnvironmentConfig environment;
  std::int64_t executors = 2;  // per process
  std::int64_t slots = 256;    // sequences that an executor generates at once
  experiment::RestartConfig restart;
  void describe(FieldVisitor& v);
};

struct ExecutorsOptions {
  std::string node;  // name of this process
  NodeConfig config;
  EnvironmentPtr environment;
  experiment::FetchModel fetch = {};                    // unset: models are fetched from the head
  std::shared_ptr<persistence::Shelf> cache = nullptr;  // of models that were fetched; null: none
  Stop stop = {};                                       // ends tasks early
};
// `ended` is called once: without an error after a regular end; kNetwork: the head is gone;
// kActorFailed: an executor failed too often.
caf::actor spawn_executors(caf::actor_system& system, const ExecutorsOptions& options,
                           const TaskSourceActor& source, std::function<void(const Status&)> ended);

}  // namespace qstar::actors

// A further process that makes attempts: `qstar worker`.
#pragma once

#include <string>

#include "core/result.hpp"

namespace qstar {

struct WorkerOptions {
  std::string name = "worker";
  std::string address;          // HOST:PORT of the head
  std::string certificates;     // directory made by `qstar certs`
  std::string node = "worker";  // which certificate of it
  std::int64_t parent = 0;      // end with this process, which started us; 0: with nobody
};

// Joins, works until the head says that there is no more work, and returns. kNetwork: could not
// join, or the head went away; kActorFailed: an actor here failed too often.
Status run_worker(const WorkerOptions& options);

}  // namespace qstar

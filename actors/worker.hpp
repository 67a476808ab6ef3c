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
  double rejoin = 0;            // seconds that a head which went away may take to come back
};

// Joins, works until the head says that there is no more work, and returns. A head that went away
// is looked for again, once a second: it may start anew, or be resumed, at the same address.
// kNetwork: could not join, or the head went away for good; kActorFailed: an actor here failed too
// often.
Status run_worker(const WorkerOptions& options);

}  // namespace qstar

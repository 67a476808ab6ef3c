// A further process that works for a run: `qstar worker`.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "core/log.hpp"
#include "core/result.hpp"
#include "core/stop.hpp"

namespace qstar::actors {

struct WorkerOptions {
  std::string name = "worker";
  std::string address;           // HOST:PORT of the head
  std::string certificates;      // directory made by `qstar certs`
  std::string node = "worker";   // which certificate of it
  std::int64_t parent = 0;       // end with this process, which started us; 0: with nobody
  double rejoin = 0;             // seconds during which a lost head is looked for
  std::string cache{};           // folder for fetched models; empty: none
  bool cache_is_needed = true;   // else a worker that cannot use it works without
  std::int64_t cache_mb = 1024;  // its bound, in MiB
  std::function<void(const std::string&)> say{};  // one line about joining, losing, ending
  std::string log_file{};                         // empty: none
  LogLevel log_level = LogLevel::kInfo;           // of the log file and of what follows
  bool log_terminal = false;                      // the log goes to standard error, too
  Stop stop{};                                    // set by Ctrl-C
};

// Joins, works until the head says that there is no more work, and returns. A lost head is looked
// for again, once per second: it may be restarted or resumed at the same address. kUsage: a bad
// name or address; kIo: the cache cannot be used; kNetwork: could not join, or the head was lost
// for good; kActorFailed: an actor here failed too often; kInterrupted: `stop` was set; the leases
// go back to the head, which learns why.
Status run_worker(const WorkerOptions& options);

}  // namespace qstar::actors

// What the coordinators of text and of puzzles do alike: they ask actors whose failure ends the
// session, measure the time, and notice that the run is to stop or that its directory is gone.
#pragma once

#include <caf/all.hpp>
#include <chrono>
#include <functional>
#include <future>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "actors/actors.hpp"
#include "actors/lease_book.hpp"
#include "actors/roster.hpp"
#include "core/log.hpp"
#include "persistence/checkpoint.hpp"

namespace qstar {

// A line for people that is no figure.
inline Report report_of(const char* phase, std::uint64_t step, std::string line) {
  Report report;
  report.row.phase = phase;
  report.row.step = step;
  report.line = std::move(line);
  return report;
}

// Keeps a checkpoint under a serial number.
using SaveCheckpoint = std::function<Status(std::uint64_t serial, const CheckpointParts& parts)>;

// The way from a coordinator to the files of its run, and the wish that it ends.
struct RunControl {
  SaveCheckpoint save_checkpoint;
  // Keeps a published policy under its hash.
  std::function<Status(const std::string& bytes)> keep_model = [](const std::string&) {
    return Status{};
  };
  std::function<Status()> intact;  // an error: the run cannot be saved any more
  Stop stop;                       // set by SIGINT, SIGTERM and SIGHUP
};

// `Pointer`: the actor's own pointer; `End`: what a session that ends well gives.
template <class Pointer, class End>
struct LeadingState {
  using Clock = std::chrono::steady_clock;

  Pointer self = nullptr;
  RunControl control;
  RosterActor roster;
  std::shared_ptr<std::promise<Result<End>>> end;
  Clock::time_point started = Clock::now(), last_checkpoint = started;
  double cpu_at_start = process_cpu_seconds();
  std::uint64_t serial = 1;                  // of the next checkpoint
  std::map<std::string, std::string> nodes;  // name of the node by holder of leases
  bool saving = false, ended = false;
  bool unsaved = false;   // something was learned since the last checkpoint
  bool stopping = false;  // as soon as a checkpoint is written

  double now() const { return std::chrono::duration<double>(Clock::now() - started).count(); }
  double since_checkpoint() const {
    return std::chrono::duration<double>(Clock::now() - last_checkpoint).count();
  }

  // A request whose failure ends the session.
  template <class Handle, class Message, class Then>
  void ask(const Handle& handle, Message message, Then then) {
    self->request(handle, kLongWork, std::move(message))
        .then(std::move(then), [this](const caf::error& error) { failed(error_of(error)); });
  }

  void end_session(End value) {
    if (std::exchange(ended, true)) return;
    self->send(roster, SessionEnds{});  // before anybody stops the workers
    end->set_value(std::move(value));
  }

  void failed(const Error& why) {
    if (!ended) end->set_value(tl::unexpected(why));
    ended = true;
    self->quit(caf::sec::runtime_error);
  }

  // The node that asks for work through the current sender, for the log.
  void note_node(const std::string& holder, const std::string& node) {
    nodes[holder] = shown_name(node);
  }
  std::string node_of(const std::string& holder) const {
    const auto found = nodes.find(holder);
    return found == nodes.end() ? holder : found->second;
  }
  void log_lease(LogLevel level, std::string_view event, std::uint64_t lease,
                 const std::string& holder) const {
    log(level, "coordinator", event, {{"lease", lease}, {"node", node_of(holder)}});
  }
  // Logs leases that came back; whether there are any.
  bool log_returned(const std::vector<LeaseBook::Returned>& leases, std::string_view why) const {
    for (const auto& lease : leases) log_lease(LogLevel::kWarning, why, lease.task, lease.holder);
    return !leases.empty();
  }

  bool told_to_stop() const { return control.stop(); }
  // The first time that this is noticed.
  bool begins_to_stop() {
    if (stopping || ended || !told_to_stop()) return false;
    return stopping = true;
  }

  // False: the session has ended with an error.
  bool write(const CheckpointParts& parts) {
    const auto began = Clock::now();
    if (auto written = control.save_checkpoint(serial++, parts); !written) {
      failed(written.error());
      return false;
    }
    const double seconds = std::chrono::duration<double>(Clock::now() - began).count();
    log(LogLevel::kInfo, "coordinator", "checkpoint written",
        {{"serial", serial - 1}, {"seconds", seconds}});
    saving = unsaved = false;
    last_checkpoint = Clock::now();
    return true;
  }
};

}  // namespace qstar

// What Ctrl-C, SIGTERM and SIGHUP do to a command. A signal that is ignored when the command starts
// (by nohup, or for a job that a shell script runs in the background) stays ignored.
#pragma once

#include "core/stop.hpp"

namespace qstar::cli {

// From now on the first SIGINT, SIGTERM or SIGHUP tells the command to stop; a second one ends the
// process at once. A long command asks at least once per second, stops, says what it kept, and ends
// with Errc::kInterrupted.
Stop stop_on_interrupt();

// Whether that flag is set.
bool stop_requested();

// From now on each of these signals ends the process at once, with a line that says so. For
// commands that have nothing to save: they may end while they open a large store, or in a write to
// a pipe that nobody reads.
void end_on_interrupt();

// A program that replaces itself by another one blocks these signals, so that one that arrives
// between the two is not lost and does not end the process by its default action; the other program
// takes them when it is ready.
void block_interrupts();
void unblock_interrupts();

}  // namespace qstar::cli

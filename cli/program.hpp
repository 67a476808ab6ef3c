// The frame of both programs: what has to be right before and after any command.
//
// - Descriptors 0 to 2 are open, on /dev/null if need be, so that no file of a run becomes standard
//   output.
// - A write to a closed pipe or beyond a file-size limit is an error, not the end of the process.
// - An exception that no command expected, in any thread, is one line and exit code 4. So is memory
//   that cannot be had, unless the code has an answer of its own (core/out_of_memory.hpp).
// - A signal that ends the command does so also when nobody reads what it prints (cli/output.hpp).
// - Standard output that could not be written is exit code 4. When its reader went away, as in
//   `qstar replay ls RUN | head -1`, the command ends quietly with the code it would have had.
#pragma once

namespace qstar::cli {

using Program = int (*)(int argc, char** argv);

// Runs the program in this frame and ends the process, without destructors: the actor system
// outlives everything (actors/process/system.hpp).
[[noreturn]] void run_program(Program program, int argc, char** argv);

}  // namespace qstar::cli

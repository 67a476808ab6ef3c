// What the commands print, and whether it could be written.
//
// A pipe that nobody reads, or a terminal that is stopped, holds up the process that writes to it.
// Once the process was asked to end (cli/interrupt.hpp), what such a reader does not take within a
// fraction of a second is dropped.
#pragma once

#include <cstdio>
#include <nlohmann/json_fwd.hpp>
#include <string_view>

#include "core/result.hpp"

namespace qstar::cli {

// Replaces stdout, stderr and the buffer of std::cout by streams that a signal can end. Called
// once, before anything is printed.
void make_output_interruptible();

// The descriptor below stdout or stderr.
int descriptor_of(std::FILE* file);

// Writes what the descriptor takes now. Safe in a signal handler; takes no memory.
void write_at_once(int descriptor, std::string_view text);

// One line of JSON on standard output, in ASCII: whatever the texts in it hold, a terminal does not
// obey it, and what is no UTF-8 is replaced.
void print_json(const nlohmann::ordered_json& value);

// Writes and flushes the text. Never throws: a failure is remembered by the file, see below.
void write_text(std::FILE* file, std::string_view text);

// Flushes standard output. False when something could not be written: a command that has more to
// print then stops; the end of the program says what went wrong.
bool flush_output();

// Remembers why a write to standard output failed, for check_output.
void note_output_failure(int error_number);

// Whether the reader of standard output went away, as `head` does. That is no failure.
bool reader_is_gone();

// What kept standard output from being written; nothing when all was written, or when its reader
// went away. kInterrupted: something was dropped after a signal.
Status check_output();

}  // namespace qstar::cli

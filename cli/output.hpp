// What the commands print, and whether it could be written.
#pragma once

#include <cstdio>
#include <nlohmann/json_fwd.hpp>
#include <string_view>

#include "core/result.hpp"

namespace qstar {

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
// went away.
Status check_output();

}  // namespace qstar

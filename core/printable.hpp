// Text that somebody else wrote (problems, ids, answers, names of peers), made safe to show.
//
// A terminal obeys escape codes, and a reader trusts line breaks and the direction of writing.
// Every such text goes through printable() before it is shown to a person: in tables, progress
// lines, prompts and error messages. JSON output is escaped by its own rules.
#pragma once

#include <string>
#include <string_view>

namespace qstar {

// The same text on one line of valid UTF-8: control characters become \n, \t, \r or \x1b, what
// breaks lines, turns the direction of writing or shows nothing becomes \u{202e}, a byte that is no
// UTF-8 becomes \xff. Anything else, a backslash included, stays as it is.
std::string printable(std::string_view text);
// The same of every line, each ended by a newline.
std::string printable_lines(std::string_view text);

}  // namespace qstar

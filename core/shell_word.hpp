// Text as one word of a command line that is shown to be copied, or of a script.
#pragma once

#include <string>
#include <string_view>

namespace qstar {

// In single quotes, as bash, zsh and fish read it; `quote_mark` stands for a quote in the text
// (fish wants \\').
std::string shell_quoted(std::string_view text, std::string_view quote_mark = "'\\''");

// The same, but without quotes where no shell needs them.
std::string shell_word(std::string_view text);

}  // namespace qstar

// What the commands show on a terminal: one line of progress that is written over in place, cut to
// the terminal's width.
//
// Only a terminal that obeys escape codes gets them: not a file, not a pipe, and not a terminal
// whose TERM is unset or "dumb". Nothing here throws; whether standard output could be written is
// checked at the end of the program (cli/program.hpp).
#pragma once

#include <cstddef>
#include <cstdio>
#include <string>
#include <string_view>

namespace qstar::cli {

// Whether the file is a terminal that obeys escape codes.
bool is_live_terminal(std::FILE* file);

// Columns of the terminal behind the file; `otherwise` when it has none or does not know.
std::size_t terminal_width(std::FILE* file, std::size_t otherwise = 80);

// The longest beginning of printable UTF-8 text that needs at most `columns` columns. Characters
// that may be wide count as two.
std::string cut_to_width(std::string_view text, std::size_t columns);

// The same, with "…" in place of what is left out.
std::string shortened(std::string_view text, std::size_t columns);

// The text in lines of at most `columns` columns, broken at blanks; further lines are indented. A
// word that is longer stays whole. The text begins behind `first` columns that are in use.
std::string wrapped(std::string_view text, std::size_t columns, std::size_t indent,
                    std::size_t first = 0);

// Printable text wrapped to the terminal behind the file; as it is where there is no terminal.
std::string fitted(std::FILE* file, std::string_view text, std::size_t indent = 4);

// Moves to the start of the line and clears it, on a live terminal; nothing elsewhere.
std::string_view line_start(std::FILE* file);

// One line of progress. The texts may hold what others wrote: they are made printable.
class StatusLine {
 public:
  explicit StatusLine(std::FILE* file) : file_(file), live_(is_live_terminal(file)) {}

  // Whether show() writes over its line. If not, every text becomes a line of its own, so show
  // fewer of them.
  bool is_live() const { return live_; }
  // Shows the text in place of the one before, cut to the width.
  void show(std::string_view text) const;
  // Writes the text in place of the one before, whole, wrapped on a terminal, and leaves it there.
  void keep(std::string_view text) const;
  // Clears the line.
  void clear() const;

 private:
  std::FILE* file_;
  bool live_;
};

}  // namespace qstar::cli

#include "cli/terminal.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "cli/output.hpp"
#include "core/printable.hpp"

namespace qstar::cli {
namespace {

constexpr std::string_view kLineStart = "\r\x1b[K";

// Bytes of the character that begins with this byte of valid UTF-8.
std::size_t length_of(unsigned char lead) {
  return lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
}

// Scripts up to U+0FFF have no wide characters; beyond, most are.
std::size_t columns_of(unsigned char lead) { return lead > 0xe0 ? 2 : 1; }

}  // namespace

bool is_live_terminal(std::FILE* file) {
  if (isatty(descriptor_of(file)) != 1) return false;
  const char* term = std::getenv("TERM");
  return term != nullptr && *term != '\0' && std::string_view(term) != "dumb";
}

std::size_t terminal_width(std::FILE* file, std::size_t otherwise) {
  winsize size{};
  if (ioctl(descriptor_of(file), TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return otherwise;
  return size.ws_col;
}

std::string cut_to_width(std::string_view text, std::size_t columns) {
  std::size_t end = 0, used = 0;
  while (end < text.size()) {
    const auto lead = static_cast<unsigned char>(text[end]);
    used += columns_of(lead);
    if (used > columns) break;
    end += length_of(lead);
  }
  return std::string(text.substr(0, end));
}

std::string shortened(std::string_view text, std::size_t columns) {
  std::string whole = cut_to_width(text, columns);
  if (whole.size() == text.size() || columns == 0) return whole;
  return cut_to_width(text, columns - 1) + "…";
}

std::string wrapped(std::string_view text, std::size_t columns, std::size_t indent,
                    std::size_t first) {
  std::string out;
  for (std::size_t taken = first;; taken = indent) {
    const std::size_t room = columns > taken ? columns - taken : 1;
    const std::size_t fits = cut_to_width(text, room).size();
    if (fits == text.size()) break;
    const std::size_t word = std::min(text.find_first_not_of(' '), text.size());
    std::size_t end = text.rfind(' ', fits);
    if (end == text.npos || end < word) end = text.find(' ', std::max(word, fits));
    const std::size_t next = text.find_first_not_of(' ', end);
    if (end == text.npos || next == text.npos) break;
    out += text.substr(0, text.find_last_not_of(' ', end) + 1);
    out += "\n" + std::string(indent, ' ');
    text.remove_prefix(next);
  }
  return out + std::string(text);
}

std::string fitted(std::FILE* file, std::string_view text, std::size_t indent) {
  const std::size_t columns = terminal_width(file, 0);
  return columns > 0 ? wrapped(text, columns, indent) : std::string(text);
}

std::string_view line_start(std::FILE* file) { return is_live_terminal(file) ? kLineStart : ""; }

void StatusLine::show(std::string_view text) const {
  if (!live_) return keep(text);
  // In the last column some terminals already go to the next line.
  const std::size_t columns = terminal_width(file_) - 1;
  write_text(file_, std::string(kLineStart) + cut_to_width(printable(text), columns));
}

void StatusLine::keep(std::string_view text) const {
  write_text(file_, (live_ ? std::string(kLineStart) : "") + fitted(file_, printable(text)) + "\n");
}

void StatusLine::clear() const {
  if (live_) write_text(file_, kLineStart);
}

}  // namespace qstar::cli

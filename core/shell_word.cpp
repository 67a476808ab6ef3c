#include "core/shell_word.hpp"

namespace qstar {

std::string shell_quoted(std::string_view text, std::string_view quote_mark) {
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'')
      out += quote_mark;
    else
      out += c;
  }
  return out + "'";
}

std::string shell_word(std::string_view text) {
  constexpr const char* kPlain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+./:=,@%";
  const bool plain = !text.empty() && text.find_first_not_of(kPlain) == std::string_view::npos;
  return plain ? std::string(text) : shell_quoted(text);
}

}  // namespace qstar

#include "environment/text/problem_text.hpp"

#include <algorithm>
#include <array>

#include "core/ascii.hpp"

namespace qstar::environment {
namespace {

struct Sign {
  std::string_view typed;  // UTF-8
  char plain;
};

constexpr std::array kSigns = {
    Sign{"\u2212", '-'}, Sign{"\u2013", '-'}, Sign{"\u00d7", '*'}, Sign{"\u00b7", '*'},
    Sign{"\u22c5", '*'}, Sign{"\u2217", '*'}, Sign{"\u00f7", '/'}, Sign{"\u2215", '/'},
    Sign{"\t", ' '},     Sign{"\u00a0", ' '}, Sign{"\u2007", ' '}, Sign{"\u2009", ' '},
    Sign{"\u200a", ' '}, Sign{"\u202f", ' '}, Sign{"\u3000", ' '},
};

bool in(std::string_view alphabet, char c) { return alphabet.find(c) != std::string_view::npos; }

// Leaves the spaces out, but for one that stands between two digits.
std::string without_spaces(std::string_view text) {
  std::string out;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] != ' ') {
      out += text[at];
      continue;
    }
    const std::size_t next = std::min(text.find_first_not_of(' ', at), text.size());
    if (!out.empty() && is_digit(out.back()) && next < text.size() && is_digit(text[next]))
      out += ' ';
    at = next - 1;
  }
  return out;
}

}  // namespace

std::string normalized_problem(const Environment& environment, std::string_view text) {
  const std::string_view alphabet = environment.alphabet();
  if (alphabet.empty()) return std::string(text);
  std::string plain;
  for (std::size_t at = 0; at < text.size();) {
    const auto sign = std::find_if(kSigns.begin(), kSigns.end(), [&](const Sign& s) {
      return text.substr(at).starts_with(s.typed) && (s.plain == ' ' || in(alphabet, s.plain));
    });
    plain += sign == kSigns.end() ? text[at] : sign->plain;
    at += sign == kSigns.end() ? 1 : sign->typed.size();
  }
  return in(alphabet, ' ') ? plain : without_spaces(plain);
}

Result<std::string> typed_problem(const Environment& environment, std::string_view text) {
  std::string problem = normalized_problem(environment, text);
  const auto state = environment.reset(problem);
  if (!state) return tl::unexpected(state.error());
  if (auto fits = environment.check_scope(*state); !fits)
    return tl::unexpected(std::move(fits.error()));
  return problem;
}

}  // namespace qstar::environment

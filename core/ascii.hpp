// Classes of ASCII characters, independent of the locale.
#pragma once

namespace qstar {

constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }

}  // namespace qstar

// Words of a command line, given to a shell.
#include "core/shell_word.hpp"

#include <stdio.h>

#include <array>
#include <catch2/catch.hpp>

namespace qstar {
namespace {

// What a shell makes of the word.
std::string read_by_shell(const std::string& word) {
  FILE* shell = ::popen(("printf %s " + word).c_str(), "r");
  std::array<char, 256> text{};
  const std::size_t size = ::fread(text.data(), 1, text.size(), shell);
  ::pclose(shell);
  return {text.data(), size};
}

TEST_CASE("a shell reads a word as it was", "[shell]") {
  for (const std::string text : {"runs/a-1", "", "two words", "it's", "$HOME", "*", "a\\b\n",
                                 "\"x\"", "~/x", "`id`;#", "--listen=[::1]:0"}) {
    CHECK(read_by_shell(shell_word(text)) == text);
    CHECK(read_by_shell(shell_quoted(text)) == text);
  }
  CHECK(shell_word("runs/a-1") == "runs/a-1");
  CHECK(shell_quoted("it's", "\\'") == R"('it\'s')");
}

}  // namespace
}  // namespace qstar

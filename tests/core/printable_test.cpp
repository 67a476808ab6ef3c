#include "core/printable.hpp"

#include <catch2/catch.hpp>

#include "core/rng.hpp"

namespace qstar {
namespace {

TEST_CASE("harmless text stays as it is", "[printable]") {
  for (const char* text : {"", "3+4*2-5=6", "a\\b",
                           "Größe 9\u2212"
                           "4 \u00d7 \u6570"})
    REQUIRE(printable(text) == text);
}

TEST_CASE("a terminal obeys nothing that is shown", "[printable]") {
  REQUIRE(printable("a\x1b[31mred\x1b[0m") == "a\\x1b[31mred\\x1b[0m");
  REQUIRE(printable("one\ntwo\r\tthree\x07") == "one\\ntwo\\r\\tthree\\x07");
  REQUIRE(printable(std::string("nul\0", 4)) == "nul\\x00");
  REQUIRE(printable("\x7f") == "\\x7f");
  REQUIRE(printable("\xc2\x9b"
                    "2J") == "\\x9b2J");  // CSI as one character
}

TEST_CASE("what would mislead a reader is spelled out", "[printable]") {
  REQUIRE(printable("9\u202e4") == "9\\u{202e}4");
  REQUIRE(printable("a\u2028b\u200bc\ufeff") == "a\\u{2028}b\\u{200b}c\\u{feff}");
}

TEST_CASE("what shows nothing is spelled out", "[printable]") {
  REQUIRE(printable("so\u00adft") == "so\\u{00ad}ft");
  REQUIRE(printable("a\u180eb\u3164") == "a\\u{180e}b\\u{3164}");
  REQUIRE(printable("x\U000E0001\U000E0041\U000E007F") == "x\\u{e0001}\\u{e0041}\\u{e007f}");
  REQUIRE(printable("x\ufe0f\U000E0100") == "x\\u{fe0f}\\u{e0100}");
  // Their neighbours are letters and signs.
  REQUIRE(printable("\u00ac\u00ae\u1810\u3163") == "\u00ac\u00ae\u1810\u3163");
}

TEST_CASE("bytes that are no UTF-8 are spelled out one by one", "[printable]") {
  REQUIRE(printable("\xff") == "\\xff");
  REQUIRE(printable("a\xc3") == "a\\xc3");                  // cut
  REQUIRE(printable("\xc0\xaf") == "\\xc0\\xaf");           // overlong
  REQUIRE(printable("\xed\xa0\x80") == "\\xed\\xa0\\x80");  // surrogate
  REQUIRE(printable("\xf5\x80\x80\x80") == "\\xf5\\x80\\x80\\x80");
}

TEST_CASE("whatever comes in, no control character comes out, and once is enough", "[printable]") {
  Rng rng(7);
  for (int i = 0; i < 2000; ++i) {
    std::string text(rng.below(40), '\0');
    for (char& c : text) c = static_cast<char>(rng.below(256));
    const std::string shown = printable(text);
    for (const char c : shown) {
      REQUIRE(static_cast<unsigned char>(c) >= 0x20);
      REQUIRE(c != '\x7f');
    }
    REQUIRE(shown.find("\xc2\x9b") == std::string::npos);
    REQUIRE(printable(shown) == shown);
  }
}

}  // namespace
}  // namespace qstar

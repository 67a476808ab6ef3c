// Pieces of SVG text: what plots and charts are drawn with. Neutral on light and dark: grey texts,
// no background, colours of middle lightness.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace qstar::drawing {

inline constexpr const char* kGrey = "#888";

// The i-th colour, over again after the last one.
const char* colour(std::size_t i);

// What XML has a meaning for is escaped; what it allows in no form becomes a space.
std::string escaped(std::string_view text);
// At most `characters` of UTF-8, the last one "…" when some were left out.
std::string shortened(const std::string& text, std::size_t characters);
// About how wide the text is, rather too much than too little.
double width_of(std::string_view text);

// The whole picture: the outer element around `content`.
std::string document(double width, double height, const std::string& content);
// A text at its baseline; `anchor` is start, middle or end; "": grey. Escaped here.
std::string text(double x, double y, const char* anchor, const std::string& content,
                 std::string_view colour = "");
// The same from below to above, its middle at x, y.
std::string upright_text(double x, double y, const std::string& content);
std::string line(double x1, double y1, double x2, double y2, std::string_view colour);
std::string circle(double x, double y, std::string_view colour);
std::string bar(double x, double y, double width, double height, std::string_view colour);

}  // namespace qstar::drawing

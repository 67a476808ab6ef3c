// SVG elements for plots and charts. Readable on light and dark backgrounds: grey text, no
// background, colours of medium lightness.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace qstar::serving::drawing {

inline constexpr const char* kGrey = "#888";

// The i-th colour of a cyclic palette.
const char* colour(std::size_t i);

// Escapes characters with a meaning in XML; characters that XML forbids become spaces.
std::string escaped(std::string_view text);
// At most `characters` characters of UTF-8; the last one is "…" when the text was cut.
std::string shortened(const std::string& text, std::size_t characters);
// An upper estimate of the text's width.
double width_of(std::string_view text);

// The whole SVG document around `content`.
std::string document(double width, double height, const std::string& content);
// A text at its baseline; `anchor` is start, middle or end; colour "" is grey. Escapes `content`.
std::string text(double x, double y, const char* anchor, const std::string& content,
                 std::string_view colour = "");
// The same, rotated to read upwards, centred at x, y.
std::string upright_text(double x, double y, const std::string& content);
std::string line(double x1, double y1, double x2, double y2, std::string_view colour);
std::string circle(double x, double y, std::string_view colour);
std::string bar(double x, double y, double width, double height, std::string_view colour);

}  // namespace qstar::serving::drawing

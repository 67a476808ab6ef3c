#include "serving/report/drawing.hpp"

#include <fmt/format.h>

#include <array>

namespace qstar::serving::drawing {
namespace {

constexpr std::array kColours = {"#2a7ae2", "#e2762a", "#2aa876", "#b04fd0",
                                 "#d0454c", "#8a8a2a", "#2aa6c8", "#c85a9a"};

bool starts_character(char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }

std::size_t characters_of(std::string_view text) {
  std::size_t n = 0;
  for (const char c : text) n += starts_character(c) ? 1 : 0;
  return n;
}

// U+FFFE and U+FFFF, which XML forbids.
bool is_no_character(std::string_view text) {
  return text.substr(0, 3) == "\xEF\xBF\xBE" || text.substr(0, 3) == "\xEF\xBF\xBF";
}

}  // namespace

const char* colour(std::size_t i) { return kColours[i % kColours.size()]; }

std::string escaped(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (is_no_character(text.substr(i))) {
      out += ' ';
      i += 2;
    } else if (c == '<') {
      out += "&lt;";
    } else if (c == '>') {
      out += "&gt;";
    } else if (c == '&') {
      out += "&amp;";
    } else {
      out += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
    }
  }
  return out;
}

std::string shortened(const std::string& text, std::size_t characters) {
  if (characters_of(text) <= characters) return text;
  std::size_t end = 0;
  for (std::size_t n = 0; n < characters; ++end) n += starts_character(text[end]) ? 1 : 0;
  return text.substr(0, end - 1) + "…";
}

double width_of(std::string_view text) { return 7.8 * static_cast<double>(characters_of(text)); }

std::string document(double width, double height, const std::string& content) {
  return fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {:.0f} {:.0f}\" "
      "font-family=\"sans-serif\" font-size=\"12\" fill=\"{}\">\n{}</svg>\n",
      width, height, kGrey, content);
}

std::string text(double x, double y, const char* anchor, const std::string& content,
                 std::string_view colour) {
  const std::string fill = colour.empty() ? "" : fmt::format(" fill=\"{}\"", colour);
  return fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"{}\"{}>{}</text>\n", x, y,
                     anchor, fill, escaped(content));
}

std::string upright_text(double x, double y, const std::string& content) {
  return fmt::format(
      "<text transform=\"translate({:.1f} {:.1f}) rotate(-90)\" text-anchor=\"middle\">{}</text>\n",
      x, y, escaped(content));
}

std::string line(double x1, double y1, double x2, double y2, std::string_view colour) {
  return fmt::format(
      "<line x1=\"{:.1f}\" y1=\"{:.1f}\" x2=\"{:.1f}\" y2=\"{:.1f}\" stroke=\"{}\"/>\n", x1, y1, x2,
      y2, colour);
}

std::string circle(double x, double y, std::string_view colour) {
  return fmt::format("<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"3\" fill=\"{}\"/>\n", x, y, colour);
}

std::string bar(double x, double y, double width, double height, std::string_view colour) {
  return fmt::format(
      "<rect x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"{:.1f}\" fill=\"{}\" "
      "fill-opacity=\"0.6\"/>\n",
      x, y, width, height, colour);
}

}  // namespace qstar::serving::drawing

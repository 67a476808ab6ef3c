#include "environment/puzzle/puzzle_svg.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <sstream>

namespace qstar::environment {
namespace {

using Cells = std::span<const std::uint8_t>;  // as a network sees them

constexpr std::size_t kFrame = 100, kGap = 10, kCaption = 20;  // units
constexpr std::string_view kOpen = "<svg xmlns=\"http://www.w3.org/2000/svg\"";

// In its own units, a cell each; the frame scales it.
struct Drawing {
  std::size_t width, height;
  std::string body;
};

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '<')
      out += "&lt;";
    else if (c == '>')
      out += "&gt;";
    else if (c == '&')
      out += "&amp;";
    else
      out += c;
  }
  return out;
}

std::string attribute(std::string_view name, std::size_t value) {
  return " " + std::string(name) + "=\"" + std::to_string(value) + "\"";
}

// A cell's square with a thin dark border.
std::string square(std::size_t x, std::size_t y, std::string_view fill, std::size_t width = 1) {
  return "<rect" + attribute("x", x) + attribute("y", y) + attribute("width", width) +
         " height=\"1\" fill=\"" + std::string(fill) +
         "\" stroke=\"#333\" stroke-width=\".06\"/>\n";
}

std::size_t side_of(Cells cells) {
  return static_cast<std::size_t>(std::lround(std::sqrt(cells.size())));
}

Drawing draw_lights(Cells cells) {
  Drawing drawing{side_of(cells), side_of(cells), {}};
  for (std::size_t i = 0; i < cells.size(); ++i) {
    drawing.body += square(i % drawing.width, i / drawing.width, cells[i] != 0 ? "#fc3" : "#555");
  }
  return drawing;
}

Drawing draw_tiles(Cells cells) {
  Drawing drawing{side_of(cells), side_of(cells), "<g font-size=\".5\" text-anchor=\"middle\">\n"};
  for (std::size_t i = 0; i < cells.size(); ++i) {
    if (cells[i] == 0) continue;
    const std::size_t x = i % drawing.width, y = i / drawing.width;
    drawing.body += square(x, y, "#eda") + "<text x=\"" + std::to_string(x) + ".5\" y=\"" +
                    std::to_string(y) + ".68\">" + std::to_string(cells[i]) + "</text>\n";
  }
  drawing.body += "</g>\n";
  return drawing;
}

Drawing draw_cube(Cells cells) {
  constexpr std::array<std::string_view, 6> kColours = {"#fff", "#fd0", "#f80",
                                                        "#c11", "#04c", "#193"};  // U D L R B F
  // Of each face: its column and row in the net.
  constexpr std::array<std::array<std::size_t, 2>, 6> kPlaces = {
      {{3, 0}, {3, 6}, {0, 3}, {6, 3}, {9, 3}, {3, 3}}};
  Drawing drawing{12, 9, {}};
  for (std::size_t i = 0; i < cells.size(); ++i) {
    const auto [left, top] = kPlaces[i / 9];
    drawing.body += square(left + i % 9 / 3, top + 2 - i % 3, kColours[cells[i]]);
  }
  return drawing;
}

Drawing draw_pancakes(Cells cells) {
  const std::size_t n = cells.size();
  Drawing drawing{2 * n, n, {}};
  for (std::size_t i = 0; i < n; ++i) {
    const std::size_t size = cells[i] + std::size_t{1};
    drawing.body += square(n - size, i, "#c84", 2 * size);
  }
  return drawing;
}

Drawing draw_text(const std::string& rendered) {
  Drawing drawing{1, 0, {}};
  std::istringstream lines(rendered);
  for (std::string line; std::getline(lines, line); ++drawing.height) {
    drawing.width = std::max(drawing.width, line.size());
    drawing.body += "<text xml:space=\"preserve\" font-family=\"monospace\" font-size=\"1\" y=\"" +
                    std::to_string(drawing.height) + ".8\">" + escaped(line) + "</text>\n";
  }
  return drawing;
}

struct DrawingRow {
  std::string_view puzzle;
  Drawing (*draw)(Cells);
};

// To draw one more puzzle, add its row.
constexpr std::array kDrawings = {
    DrawingRow{"lights_out", &draw_lights},
    DrawingRow{"sliding_tiles", &draw_tiles},
    DrawingRow{"cube3", &draw_cube},
    DrawingRow{"pancake", &draw_pancakes},
};

// The position alone: networks may see more of it.
std::vector<std::uint8_t> position_cells(const Puzzle& puzzle,
                                         std::span<const std::uint8_t> state) {
  if (puzzle.name() == "pancake") return {state.begin(), state.end()};
  std::vector<std::uint8_t> cells;
  if (puzzle.name() == "lights_out") {
    for (const char lamp : puzzle.text(state))
      if (lamp != '/') cells.push_back(lamp == '1' ? 1 : 0);
    return cells;
  }
  cells.resize(puzzle.cells());
  puzzle.encode(state, cells);
  return cells;
}

Drawing draw(const Puzzle& puzzle, std::span<const std::uint8_t> state) {
  for (const DrawingRow& row : kDrawings) {
    if (row.puzzle != puzzle.name()) continue;
    return row.draw(position_cells(puzzle, state));
  }
  return draw_text(puzzle.render(state));
}

std::string frame(const Puzzle& puzzle, std::span<const std::uint8_t> state, std::size_t x) {
  const Drawing drawing = draw(puzzle, state);
  return std::string(kOpen) + attribute("x", x) + attribute("width", kFrame) +
         attribute("height", kFrame) + " viewBox=\"0 0 " + std::to_string(drawing.width) + " " +
         std::to_string(drawing.height) + "\" font-family=\"sans-serif\">\n" + drawing.body +
         "</svg>\n";
}

}  // namespace

std::string svg(const Puzzle& puzzle, std::span<const std::uint8_t> state) {
  return frame(puzzle, state, 0);
}

std::string svg_strip(const Puzzle& puzzle, std::span<const std::uint8_t> states,
                      std::span<const std::string> captions) {
  const std::size_t bytes = puzzle.state_bytes();
  std::string strip =
      std::string(kOpen) + " viewBox=\"0 0 " + std::to_string(captions.size() * (kFrame + kGap)) +
      " " + std::to_string(kFrame + kCaption) + "\" font-family=\"sans-serif\" font-size=\"12\">\n";
  for (std::size_t i = 0; i < captions.size(); ++i) {
    const std::size_t x = i * (kFrame + kGap);
    strip += frame(puzzle, states.subspan(i * bytes, bytes), x) + "<text text-anchor=\"middle\"" +
             attribute("x", x + kFrame / 2) + attribute("y", kFrame + kCaption * 3 / 4) + ">" +
             escaped(captions[i]) + "</text>\n";
  }
  return strip + "</svg>\n";
}

}  // namespace qstar::environment

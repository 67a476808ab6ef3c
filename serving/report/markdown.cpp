#include "serving/report/markdown.hpp"

#include "core/result.hpp"

namespace qstar::serving {
namespace {

std::string line_of(const std::vector<std::string>& cells) {
  std::string line = "|";
  for (const auto& cell : cells) line += " " + escaped_markdown(cell) + " |";
  return line + "\n";
}

}  // namespace

std::string escaped_markdown(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (std::string_view("\\`*[]<>|&#").find(c) != std::string_view::npos) out += '\\';
    out += byte < 0x20 || byte == 0x7F ? ' ' : c;
  }
  return out;
}

void MarkdownTable::row(std::vector<std::string> cells) {
  QSTAR_ASSERT(cells.size() == columns_.size(), std::to_string(cells.size()) + " cells");
  rows_.push_back(std::move(cells));
}

std::string MarkdownTable::markdown() const {
  if (rows_.empty()) return "";
  std::string out = "\n" + line_of(columns_) + "|";
  for (std::size_t i = 0; i < columns_.size(); ++i) out += "---|";
  out += "\n";
  for (const auto& cells : rows_) out += line_of(cells);
  return out;
}

}  // namespace qstar::serving

// Markdown: escaped text, and tables.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace qstar::serving {

// Escapes every character that has a meaning in Markdown or HTML; line ends and other control
// characters become spaces.
std::string escaped_markdown(std::string_view text);

class MarkdownTable {
 public:
  explicit MarkdownTable(std::vector<std::string> columns) : columns_(std::move(columns)) {}

  // One unescaped cell per column.
  void row(std::vector<std::string> cells);
  // A blank line and the table; "" when it has no rows.
  std::string markdown() const;

 private:
  std::vector<std::string> columns_;
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace qstar::serving

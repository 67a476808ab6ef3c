// Markdown: texts that mean nothing to it, and tables.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace qstar {

// What Markdown or HTML has a meaning for is escaped, wherever it stands; line ends and other
// control characters become spaces.
std::string escaped_markdown(std::string_view text);

class MarkdownTable {
 public:
  explicit MarkdownTable(std::vector<std::string> columns) : columns_(std::move(columns)) {}

  // A cell a column, not escaped yet.
  void row(std::vector<std::string> cells);
  // A blank line and the table; "" when it has no row.
  std::string markdown() const;

 private:
  std::vector<std::string> columns_;
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace qstar

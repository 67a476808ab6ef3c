#include "cli/option_values.hpp"

namespace qstar::cli {
namespace {

bool is_flag(const CLI::Option& option) { return option.get_items_expected_max() == 0; }

// CLI11 joins the type and the descriptions of the checks: "INT:1 to 64", "TEXT:{one,two}".
std::string type_of(const CLI::Option& option) {
  const std::string type = option.get_type_name();
  return type.substr(0, type.find(':'));
}

std::string checks_of(const CLI::Option& option) {
  const std::string type = option.get_type_name();
  const std::size_t colon = type.find(':');
  return colon == std::string::npos ? "" : type.substr(colon + 1);
}

}  // namespace

std::vector<std::string> choices_of(const CLI::Option& option) {
  const std::string checks = checks_of(option);
  std::vector<std::string> words;
  if (!checks.starts_with('{') || !checks.ends_with('}')) return words;
  std::string list = checks.substr(1, checks.size() - 2) + ",";
  for (std::size_t end; (end = list.find(',')) != std::string::npos; list.erase(0, end + 1))
    words.push_back(list.substr(0, end));
  return words;
}

std::string placeholder_of(const CLI::Option& option) {
  if (is_flag(option)) return "";
  if (!choices_of(option).empty()) return placeholder::kName;
  const std::string type = type_of(option);
  return type == "INT" || type == "UINT" || type == "FLOAT" ? "NUMBER" : type;
}

std::string range_of(const CLI::Option& option) {
  return choices_of(option).empty() ? checks_of(option) : "";
}

ValueKind kind_of(const CLI::Option& option) {
  if (is_flag(option)) return ValueKind::kNone;
  if (!choices_of(option).empty()) return ValueKind::kChoice;
  const std::string name = placeholder_of(option);
  return name == placeholder::kFile      ? ValueKind::kFile
         : name == placeholder::kFolder  ? ValueKind::kFolder
         : name == placeholder::kPath    ? ValueKind::kPath
         : name == placeholder::kCommand ? ValueKind::kCommand
                                         : ValueKind::kFree;
}

bool takes_several(const CLI::Option& option) {
  return option.get_expected_max() == CLI::detail::expected_max_vector_size &&
         option.get_allow_extra_args();
}

}  // namespace qstar::cli

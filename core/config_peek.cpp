// Looking at one key before it is known which configuration a file is.
#include <toml++/toml.h>

#include <fstream>
#include <iterator>

#include "core/config.hpp"

namespace qstar {

std::string peek_config(const std::string& path, std::span<const std::string> overrides,
                        const std::string& key) {
  std::ifstream file(path, std::ios::binary);
  std::string text((std::istreambuf_iterator<char>(file)), {});
  std::string found;
  try {
    const toml::table table = toml::parse(text);
    found = table.at_path(key).value_or(std::string());
  } catch (const toml::parse_error&) {
    // Whoever reads it in earnest says what is wrong, and where.
  }
  for (const std::string& override_text : overrides) {
    if (!override_text.starts_with(key + "=")) continue;
    found = override_text.substr(key.size() + 1);
    if (found.size() > 1 && found.front() == '"' && found.back() == '"')
      found = found.substr(1, found.size() - 2);
  }
  return found;
}

}  // namespace qstar

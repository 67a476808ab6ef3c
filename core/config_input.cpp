// Where a configuration comes from: one input, read once, and what kind of experiment it describes.
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <optional>
#include <set>
#include <sstream>
#include <toml++/toml.h>

#include "core/config.hpp"

namespace qstar {
namespace {

// Configurations have a few kilobytes. What is longer is some other file, or has no end.
constexpr std::size_t kMaxBytes = 1 << 20;

Result<std::string> read_all(int descriptor, const std::string& source) {
  std::string text;
  char block[16384];
  for (;;) {
    const ssize_t count = ::read(descriptor, block, sizeof(block));
    if (count == 0) return text;
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && errno == EISDIR)
      return fail(Errc::kMissingFile,
                  source + ": is a directory; give a configuration file in TOML");
    if (count < 0)
      return fail(Errc::kIo, fmt::format("{}: cannot be read: {}", source, std::strerror(errno)));
    text.append(block, static_cast<std::size_t>(count));
    if (text.size() > kMaxBytes)
      return fail(Errc::kConfig, source +
                                     ": is longer than 1 MiB, so it is not a configuration; "
                                     "complete experiments are in configs/");
  }
}

// Whether there is nothing but blanks and comments.
bool says_nothing(std::string_view text) {
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);  // the mark of UTF-8
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    const std::size_t first = line.find_first_not_of(" \t\r");
    if (first != std::string_view::npos && line[first] != '#') return false;
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return true;
}

std::optional<std::string> text_at(const std::string& toml, const std::string& key) {
  try {
    return toml::parse(toml).at_path(key).value<std::string>();
  } catch (const toml::parse_error&) {
    return std::nullopt;  // parse_config says what is wrong, and where
  }
}

// Lists on one line, however long they are.
std::string value_text(const toml::node& node) {
  std::vector<std::string> parts;
  if (const auto* array = node.as_array()) {
    for (const auto& element : *array) parts.push_back(value_text(element));
    return fmt::format("[{}]", fmt::join(parts, ", "));
  }
  if (const auto* table = node.as_table()) {
    for (const auto& [key, value] : *table)
      parts.push_back(fmt::format("{} = {}", key.str(), value_text(value)));
    return fmt::format("{{{}}}", fmt::join(parts, ", "));
  }
  std::ostringstream text;
  node.visit([&text](const auto& value) { text << value; });
  return text.str();
}

// The names of the list's elements; none when they do not tell them apart.
std::vector<std::string> names_in(const toml::array& list) {
  std::set<std::string> names;
  std::vector<std::string> ordered;
  for (const auto& element : list) {
    const auto* table = element.as_table();
    const auto name = table == nullptr ? std::nullopt : (*table)["name"].value<std::string>();
    if (!name || !names.insert(*name).second) return {};
    ordered.push_back(*name);
  }
  return ordered;
}

void add_values(const toml::table& table, const std::string& prefix,
                std::map<std::string, std::string>& values) {
  for (const auto& [key, node] : table) {
    const std::string name = prefix + std::string(key.str());
    if (const auto* inner = node.as_table()) {
      add_values(*inner, name + ".", values);
    } else if (const auto* list = node.as_array(); list != nullptr && !names_in(*list).empty()) {
      const auto names = names_in(*list);
      for (std::size_t i = 0; i < names.size(); ++i)
        add_values(*list->get(i)->as_table(), name + "." + names[i] + ".", values);
    } else {
      values[name] = value_text(node);
    }
  }
}

}  // namespace

Result<ConfigText> read_config(const std::string& path) {
  const bool standard = path == "-";
  ConfigText config{standard ? "standard input" : path, {}};
  const int descriptor = standard ? STDIN_FILENO : ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) {
    const bool missing = errno == ENOENT || errno == ENOTDIR;
    return fail(missing ? Errc::kMissingFile : Errc::kIo,
                fmt::format("{}: cannot be opened ({}); complete experiments are in configs/", path,
                            std::strerror(errno)));
  }
  auto text = read_all(descriptor, config.source);
  if (!standard) ::close(descriptor);
  if (!text) return tl::unexpected(text.error());
  if (says_nothing(*text))
    return fail(Errc::kConfig, config.source + ": is empty; complete experiments are in configs/");
  config.toml = std::move(*text);
  return config;
}

Status load_config(const std::string& path, std::span<const std::string> overrides,
                   const Describe& describe) {
  const auto config = read_config(path);
  if (!config) return tl::unexpected(config.error());
  return parse_config(config->toml, config->source, overrides, describe);
}

std::string peek_config(std::string_view toml, std::span<const std::string> overrides,
                        const std::string& key) {
  std::string found = text_at(std::string(toml), key).value_or("");
  for (const std::string& text : overrides) {
    if (const auto value = text_at(text, key))
      found = *value;
    else if (text.starts_with(key + "="))
      found = text.substr(key.size() + 1);  // a bare word
  }
  return found;
}

std::map<std::string, std::string> config_values(std::string_view toml) {
  std::map<std::string, std::string> values;
  try {
    add_values(toml::parse(toml), "", values);
  } catch (const toml::parse_error&) {
    return {};
  }
  return values;
}

}  // namespace qstar

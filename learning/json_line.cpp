#include "learning/json_line.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <set>
#include <vector>

#include "core/printable.hpp"

namespace qstar {
namespace {

using nlohmann::json;

constexpr int kDeepest = 100;

// What the parser meets on its way that its result does not show.
struct Watch {
  std::vector<std::set<std::string>> keys;  // of the open objects
  std::string twice;
  bool found_twice = false, too_deep = false;

  bool operator()(int depth, json::parse_event_t event, const json& parsed) {
    too_deep = too_deep || depth > kDeepest;
    if (too_deep) return true;
    if (event == json::parse_event_t::object_start) keys.emplace_back();
    if (event == json::parse_event_t::object_end) keys.pop_back();
    if (event != json::parse_event_t::key || found_twice) return true;
    const auto& key = parsed.get_ref<const std::string&>();
    found_twice = !keys.back().insert(key).second;
    if (found_twice) twice = key;
    return true;
  }
};

}  // namespace

tl::expected<json, std::string> parse_json_line(std::string_view line) {
  Watch watch;
  auto parsed = json::parse(
      line,
      [&watch](int depth, json::parse_event_t event, json& value) {
        return watch(depth, event, value);
      },
      false);
  if (watch.too_deep)
    return tl::unexpected(fmt::format("nests more than {} levels deep", kDeepest));
  if (!parsed.is_object()) return tl::unexpected(std::string("is not a JSON object in UTF-8"));
  if (watch.found_twice)
    return tl::unexpected(fmt::format("has the key '{}' twice", printable(watch.twice)));
  return parsed;
}

std::string_view without_byte_order_mark(std::string_view text) {
  constexpr std::string_view kMark = "\xef\xbb\xbf";
  return text.starts_with(kMark) ? text.substr(kMark.size()) : text;
}

}  // namespace qstar

#include "core/json_text.hpp"

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
    const bool opens =
        event == json::parse_event_t::object_start || event == json::parse_event_t::array_start;
    too_deep = too_deep || (opens && depth >= kDeepest);
    if (too_deep) return false;
    if (event == json::parse_event_t::object_start) keys.emplace_back();
    if (event == json::parse_event_t::object_end) keys.pop_back();
    if (event != json::parse_event_t::key || found_twice) return true;
    const auto& key = parsed.get_ref<const std::string&>();
    found_twice = !keys.back().insert(key).second;
    if (found_twice) twice = key;
    return true;
  }
};

// nlohmann's text after its own "[json.exception…] parse error at line 1, column 2: ".
std::string reason_of(const json::exception& error) {
  const std::string text = error.what();
  const auto colon = text.find(": ");
  return colon == std::string::npos ? text : text.substr(colon + 2);
}

tl::expected<json, JsonFault> parse(std::string_view text, Watch& watch) {
  const auto look = [&watch](int depth, json::parse_event_t event, json& value) {
    return watch(depth, event, value);
  };
  try {
    return json::parse(text, look);
  } catch (const json::parse_error& error) {
    return tl::unexpected(
        JsonFault{true, fmt::format("is damaged at byte {}: {}", error.byte, reason_of(error))});
  } catch (const json::exception& error) {  // a number beyond all bounds
    return tl::unexpected(JsonFault{true, fmt::format("is damaged: {}", reason_of(error))});
  }
}

}  // namespace

tl::expected<json, JsonFault> parse_json(std::string_view text) {
  Watch watch;
  auto parsed = parse(text, watch);
  if (watch.too_deep)
    return tl::unexpected(
        JsonFault{false, fmt::format("nests more than {} levels deep", kDeepest)});
  if (parsed && watch.found_twice)
    return tl::unexpected(
        JsonFault{false, fmt::format("has the key '{}' twice", printable(watch.twice))});
  return parsed;
}

tl::expected<json, std::string> parse_json_line(std::string_view line) {
  auto parsed = parse_json(line);
  if (!parsed && !parsed.error().is_syntax) return tl::unexpected(parsed.error().what);
  if (!parsed || !parsed->is_object())
    return tl::unexpected(std::string("is not a JSON object in UTF-8"));
  return std::move(*parsed);
}

std::string_view without_byte_order_mark(std::string_view text) {
  constexpr std::string_view kMark = "\xef\xbb\xbf";
  return text.starts_with(kMark) ? text.substr(kMark.size()) : text;
}

}  // namespace qstar

#include "serving/report/report_values.hpp"

#include <fmt/format.h>

namespace qstar::serving {
namespace {

using nlohmann::json;

bool is_of_several(const json& figure) {
  return member(figure, "mean").is_number() && member(figure, "min").is_number() &&
         member(figure, "max").is_number();
}

std::string in_list(const json& list) {
  std::string out;
  for (const auto& value : list) out += (out.empty() ? "" : ", ") + words_of(value);
  return out.empty() ? kNoFigure : out;
}

}  // namespace

const json& member(const json& object, std::string_view key) {
  static const json nothing;
  if (!object.is_object()) return nothing;
  const auto found = object.find(key);
  return found == object.end() ? nothing : *found;
}

std::optional<double> number_of(const json& figure) {
  if (figure.is_number()) return figure.get<double>();
  if (is_of_several(figure)) return figure["mean"].get<double>();
  return std::nullopt;
}

std::string shown(const json& figure, int decimals) {
  const auto written = [decimals](const json& value) {
    return fmt::format("{:.{}f}", value.get<double>(), decimals);
  };
  if (figure.is_number()) return written(figure);
  if (!is_of_several(figure)) return kNoFigure;
  if (figure["min"] == figure["max"]) return written(figure["min"]);
  return fmt::format("{} ({} – {})", written(figure["mean"]), written(figure["min"]),
                     written(figure["max"]));
}

std::string words_of(const json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_number() || value.is_boolean()) return value.dump();
  if (value.is_array()) return in_list(value);
  return shown(value, 4);
}

}  // namespace qstar::serving

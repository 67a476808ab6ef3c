#include "experiment/targets.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace qstar::experiment {
namespace {

using nlohmann::json;

// A member of an object, and whether its rows are meant.
struct Part {
  std::string member;  // in a target "*": any
  bool rows = false;
};

std::vector<Part> parts_of(std::string_view figure) {
  std::vector<Part> parts;
  for (;;) {
    const std::size_t end = figure.find('.');
    auto name = figure.substr(0, end);
    const bool rows = name.ends_with("[*]");
    if (rows) name.remove_suffix(3);
    parts.push_back({std::string(name), rows});
    if (end == std::string_view::npos) return parts;
    figure.remove_prefix(end + 1);
  }
}

// Whether the target's figure is this one of the report's, or stands for several of which this is
// one.
bool covers(std::string_view target, std::string_view figure) {
  const auto wanted = parts_of(target), given = parts_of(figure);
  return std::equal(wanted.begin(), wanted.end(), given.begin(), given.end(),
                    [](const Part& a, const Part& b) {
                      return a.rows == b.rows && (a.member == "*" || a.member == b.member);
                    });
}

// Also of the stages that are skipped.
std::vector<std::string> all_figures(Experiment experiment) {
  for (auto& stage : experiment.stages) stage.skip = false;
  return report_figures(experiment);
}

// The words of a row that tell it from the others; its number from 1 if it has none.
std::string name_of(const json& row, std::size_t index) {
  std::vector<std::string> words;
  for (const auto& [key, value] : row.items())
    if (value.is_string() && !value.get_ref<const std::string&>().empty()) words.push_back(value);
  return words.empty() ? std::to_string(index + 1) : fmt::format("{}", fmt::join(words, ", "));
}

// A value of the report, and which one of several it is.
struct Found {
  std::vector<std::string> names;
  const json* value = nullptr;  // null: the report has no such member
};

std::vector<Found> step(const Found& at, const Part& part) {
  const bool is_object = at.value != nullptr && at.value->is_object();
  if (!is_object || !at.value->contains(part.member)) return {{at.names, nullptr}};
  const json& member = at.value->at(part.member);
  if (!part.rows) return {{at.names, &member}};
  if (!member.is_array()) return {{at.names, nullptr}};
  std::vector<Found> found;
  for (std::size_t i = 0; i < member.size(); ++i) {
    found.push_back({at.names, &member[i]});
    found.back().names.push_back(name_of(member[i], i));
  }
  return found;
}

// The values of a figure that the target covers, named by what the target leaves open.
std::vector<Found> values_of(const json& results, const std::string& figure,
                             const std::string& target) {
  const auto parts = parts_of(figure), wanted = parts_of(target);
  std::vector<Found> found = {{{}, &results}};
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (wanted[i].member == "*") found.front().names.push_back(parts[i].member);
  }
  for (const Part& part : parts) {
    std::vector<Found> next;
    for (const Found& at : found)
      for (auto& more : step(at, part)) next.push_back(std::move(more));
    found = std::move(next);
  }
  return found;
}

std::string limits_of(const TargetConfig& target) {
  std::vector<std::string> limits;
  if (target.at_least) limits.push_back(fmt::format("at least {}", *target.at_least));
  if (target.below) limits.push_back(fmt::format("below {}", *target.below));
  return fmt::format("{}", fmt::join(limits, " and "));
}

// What the report has instead of a number that reaches the target; empty when it is reached.
std::string shortfall(const TargetConfig& target, const json* value) {
  if (value == nullptr) return "not in the report";
  if (value->is_null() && target.figure.ends_with(".ratio"))
    return "none, because a run did not reach the accuracy at which tokens are compared";
  if (!value->is_number()) return "none";
  const double number = *value;
  const bool reached =
      number >= target.at_least.value_or(number) && (!target.below || number < *target.below);
  return reached ? "" : fmt::format("{:.6g}", number);
}

}  // namespace

Status check_targets(const Experiment& experiment) {
  const auto known = all_figures(experiment);
  for (std::size_t i = 0; i < experiment.targets.size(); ++i) {
    const auto& target = experiment.targets[i];
    const bool is_known = std::any_of(known.begin(), known.end(), [&](const std::string& figure) {
      return covers(target.figure, figure);
    });
    if (!is_known) {
      const auto near = nearest_word(target.figure, known);
      return fail(
          Errc::kConfig,
          fmt::format("targets[{}].figure: the report of this experiment has no figure \"{}\"{}",
                      i + 1, target.figure,
                      near.empty() ? "" : fmt::format("; did you mean {}?", near)));
    }
    if (!target.at_least && !target.below)
      return fail(Errc::kConfig,
                  fmt::format("targets[{}] ({}) has no limit: give at_least, below or both", i + 1,
                              target.figure));
  }
  return {};
}

json missed_targets(const json& results, const Experiment& experiment) {
  const auto measured = report_figures(experiment);
  json missed = json::array();
  for (const auto& target : experiment.targets) {
    const auto& what = target.meaning.empty() ? target.figure : target.meaning;
    for (const auto& figure : measured) {
      if (!covers(target.figure, figure)) continue;
      for (const auto& [names, value] : values_of(results, figure, target.figure)) {
        const auto reached = shortfall(target, value);
        if (reached.empty()) continue;
        const auto which = names.empty() ? "" : fmt::format(" ({})", fmt::join(names, ", "));
        missed.push_back(
            fmt::format("{}{}: {}, target {}", what, which, reached, limits_of(target)));
      }
    }
  }
  return missed;
}

}  // namespace qstar::experiment

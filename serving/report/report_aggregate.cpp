#include "serving/report/report_aggregate.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "serving/report/report_stages.hpp"
#include "serving/report/report_values.hpp"

namespace qstar::serving {
namespace {

using nlohmann::json;
using Values = std::vector<const json*>;

// The members that identify a row, by the name of the list; for the results of a stage, by its
// kind.
const std::vector<std::string>& row_keys(const std::string& list) {
  static const std::map<std::string, std::vector<std::string>> keys = {
      {"stages", {"name", "kind"}},
      {"search", {"method", "options", "guide", "budget"}},
      {"out_of_domain", {"name"}},
      {"polluted_context", {"context"}},
      {"runs", {"kl_weight"}}};
  static const std::vector<std::string> none;
  const auto found = keys.find(list);
  return found == keys.end() ? none : found->second;
}

json summary(const Values& numbers) {
  double sum = 0, smallest = numbers.front()->get<double>(), largest = smallest;
  for (const json* number : numbers) {
    const auto value = number->get<double>();
    sum += value;
    smallest = std::min(smallest, value);
    largest = std::max(largest, value);
  }
  return {{"mean", sum / static_cast<double>(numbers.size())},
          {"min", smallest},
          {"max", largest},
          {"n", numbers.size()}};
}

json distinct(const Values& values) {
  json all = json::array();
  for (const json* value : values) {
    if (std::find(all.begin(), all.end(), *value) == all.end()) all.push_back(*value);
  }
  return all.size() == 1 ? all.front() : all;
}

bool all_are(const Values& values, bool (json::*is)() const noexcept) {
  return std::all_of(values.begin(), values.end(),
                     [is](const json* value) { return (value->*is)(); });
}

Result<json> merged(const Values& values, const std::string& path, const std::string& name);

// `kept`: the members that are taken from the first one.
Result<json> merged_objects(const Values& objects, const std::string& path,
                            const std::vector<std::string>& kept) {
  std::map<std::string, Values> by_key;
  for (const json* object : objects) {
    for (const auto& [key, value] : object->items()) by_key[key].push_back(&value);
  }
  json out = json::object();
  for (const auto& [key, values] : by_key) {
    if (std::find(kept.begin(), kept.end(), key) != kept.end()) {
      out[key] = *values.front();
      continue;
    }
    auto value = merged(values, path.empty() ? key : path + "." + key, key);
    if (!value) return value;
    out[key] = std::move(*value);
  }
  return out;
}

// Groups matching rows of different lists, in order of first appearance. Rows with equal keys (or
// all rows, when there are no keys) are matched by their order.
std::vector<Values> matched(const Values& lists, const std::vector<std::string>& keys) {
  std::vector<Values> rows;
  std::map<std::pair<json, std::size_t>, std::size_t> places;
  for (const json* list : lists) {
    std::map<json, std::size_t> seen;
    for (const auto& row : *list) {
      json name = json::array();
      for (const auto& key : keys) name.push_back(member(row, key));
      const auto [place, is_new] = places.try_emplace({name, seen[name]++}, rows.size());
      if (is_new) rows.emplace_back();
      rows[place->second].push_back(&row);
    }
  }
  return rows;
}

Result<json> merged_lists(const Values& lists, const std::string& path, const std::string& name) {
  const auto& keys = row_keys(name);
  json out = json::array();
  for (const auto& rows : matched(lists, keys)) {
    const std::string at = fmt::format("{}[{}]", path, out.size());
    auto row =
        all_are(rows, &json::is_object) ? merged_objects(rows, at, keys) : merged(rows, at, "");
    if (!row) return row;
    out.push_back(std::move(*row));
  }
  return out;
}

Result<json> merged(const Values& all, const std::string& path, const std::string& name) {
  Values values = all;
  std::erase_if(values, [](const json* value) { return value->is_null(); });
  if (values.empty()) return json();
  if (all_are(values, &json::is_number)) return summary(values);
  if (all_are(values, &json::is_object)) return merged_objects(values, path, {});
  if (all_are(values, &json::is_array)) return merged_lists(values, path, name);
  if (all_are(values, &json::is_string) || all_are(values, &json::is_boolean))
    return distinct(values);
  return fail(Errc::kCorrupt, path + " is not of the same type in all reports");
}

Status check_same(std::span<const json> reports, const char* what,
                  const std::function<std::string(const json&)>& of) {
  for (const json& report : reports) {
    if (of(report) == of(reports[0])) continue;
    return fail(Errc::kUsage,
                fmt::format("the {} of seed {} is {}, but that of seed {} is {}: only runs of the "
                            "same {} can be aggregated",
                            what, words_of(reports[0]["seed"]), of(reports[0]),
                            words_of(report["seed"]), of(report), what));
  }
  return {};
}

// "base (pretrain), sft (finetune)"
std::string list_of_stages(const json& report) {
  std::string list;
  for (const auto& stage : stages_of(report))
    list += fmt::format("{}{} ({})", list.empty() ? "" : ", ", stage.name, stage.kind);
  return list;
}

Status check_together(std::span<const json> reports) {
  if (reports.size() < 2) return fail(Errc::kUsage, "give at least two reports to aggregate");
  for (const json& report : reports) {
    if (!member(report, "seed").is_number())
      return fail(Errc::kCorrupt, "\"seed\" is missing: this is not the report of a run");
  }
  if (auto same = check_same(reports, "kind", kind_of); !same) return same;
  for (const char* what : {"environment", "family", "long_work"}) {
    const auto of = [what](const json& report) { return words_of(member(report, what)); };
    if (auto same = check_same(reports, what, of); !same) return same;
  }
  if (auto same = check_same(reports, "list of stages", list_of_stages); !same) return same;
  std::set<json> seeds;
  for (const json& report : reports) {
    if (!seeds.insert(report["seed"]).second) {
      return fail(Errc::kUsage,
                  fmt::format("seed {} appears twice: give reports of different seeds",
                              words_of(report["seed"])));
    }
  }
  return {};
}

// The results of every stage; the reports have the same stages.
Result<json> merged_results(std::span<const json> reports) {
  json out = json::object();
  for (const auto& stage : stages_of(reports[0])) {
    Values values;
    for (const json& report : reports)
      values.push_back(&member(member(report, "results"), stage.name));
    auto results = merged(values, "results." + stage.name, stage.kind);
    if (!results) return results;
    out[stage.name] = std::move(*results);
  }
  return out;
}

json failed_of(std::span<const json> reports) {
  json lines = json::array();
  for (const json& report : reports) {
    const json& failed = member(report, "failed");
    if (!failed.is_array()) continue;
    for (const auto& line : failed)
      lines.push_back(fmt::format("seed {}: {}", words_of(report["seed"]), words_of(line)));
  }
  return lines;
}

}  // namespace

Result<json> aggregate_reports(std::span<const json> reports) {
  if (auto together = check_together(reports); !together) return tl::unexpected(together.error());
  Values all;
  for (const json& report : reports) all.push_back(&report);
  auto out = merged_objects(all, "", {"seed", "failed", "results"});
  if (!out) return out;
  auto results = merged_results(reports);
  if (!results) return results;
  (*out)["results"] = std::move(*results);
  out->erase("seed");
  for (const json& report : reports) (*out)["seeds"].push_back(report["seed"]);
  if (out->contains("failed")) (*out)["failed"] = failed_of(reports);
  return out;
}

}  // namespace qstar::serving

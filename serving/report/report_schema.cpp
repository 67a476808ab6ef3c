#include "serving/report/report_schema.hpp"

#include <fmt/format.h>

#include <set>

#include "core/json_text.hpp"
#include "serving/report/report_stages.hpp"
#include "serving/report/report_values.hpp"

namespace qstar::serving {
namespace {

using nlohmann::json;

// A word: a type of expected_of() or another entry of this schema. [x]: a list of x. {"*": x}: an
// object whose members are all x. {"name": x, …}: an object whose named members, if present, are x.
constexpr const char* kSchema = R"({
  "run": {"name": "text", "seed": "number", "environment": "text", "family": "text",
          "long_work": "scalar", "config_hash": "text", "code_version": "text",
          "results": {}, "cost": {"*": "number"}, "failed": ["text"]},
  "stage": {"name": "text", "kind": "text", "cpu_seconds": "number"},
  "kinds": {
    "pretrain": "policy", "finetune": "policy",
    "judges": {"*": "verifier"},
    "search": ["searched"],
    "feedback": {"annotator": {"kind": "text", "error_rate": "number", "rankings": "number"},
                 "reward_model": {"pair_accuracy": "number", "cpu_seconds": "number"},
                 "runs": [{"kl_weight": "number", "curve": ["point"], "greedy": "evaluation"}],
                 "cpu_seconds": "number"},
    "compare": {"*": "policy"},
    "selfplay": {"target": "number", "ratio": "number", "uniform": "policy",
                 "selfplay": "policy", "ratings": ["point"], "cpu_seconds": "number"},
    "reinforce": "policy",
    "measure": {
      "out_of_domain": [{"name": "text", "base": "evaluation", "final": "evaluation"}],
      "polluted_context": [{"context": "text", "base": "evaluation", "final": "evaluation"}],
      "calculator": {"n": "number", "accuracy": "number", "cpu_seconds": "number",
                     "policy_cpu_seconds": "number", "times_faster": "number"}},
    "cost_to_go": {"solved": "number", "positions": "number", "moves": "number",
                   "updates": "number", "examples": "number", "cpu_seconds": "number",
                   "target_versions": "number", "curve": ["point"], "network": {"*": "scalar"}}},
  "evaluation": {"accuracy": "number", "ci95": "interval", "n": "number",
                 "tokens_per_problem": "number", "cpu_seconds": "number"},
  "policy": {"greedy": "evaluation", "sampled": "evaluation", "tokens": "number",
             "solutions": "number", "cpu_seconds": "number", "lucky": "number",
             "wall_seconds": "number", "learner_busy": "number", "executors_busy": "number",
             "tokens_to_target": "number", "pipeline_cpu_seconds": "number", "model": "text",
             "start": "text", "algorithm": "text", "reward": "text", "rounds": "number",
             "proposer_share": "number", "attempts": {"*": "number"}, "critic": {"*": "number"},
             "critic_updates": "number", "curve": ["point"]},
  "verifier": {"role": "text", "labels": "text", "examples": "number", "step_auc": "number",
               "calibration_error": "number", "best_of": {"*": "number"}, "cpu_seconds": "number",
               "bins": [{"mean": "number", "rate": "number", "n": "number"}]},
  "searched": {"method": "text", "options": "text", "guide": "text", "budget": "number",
               "accuracy": "number", "ci95": "interval", "n": "number",
               "tokens_per_problem": "number", "cpu_seconds": "number"},
  "point": {"updates": "number", "solved": "number", "tokens": "number", "accuracy": "number",
            "lucky": "number", "kl": "number", "proxy": "number", "valid": "number",
            "fresh": "number", "learnability": "number", "uniform_learnability": "number",
            "rating": "number"}
})";

const json& schema() {
  static const json parsed = json::parse(kSchema);
  return parsed;
}

bool is_interval(const json& value) {
  return value.is_array() && value.size() == 2 && value[0].is_number() && value[1].is_number();
}

// The expected type in words when the value is of another type; "" when it is of this type.
const char* expected_of(const std::string& type, const json& value) {
  if (type == "number") return value.is_number() ? "" : "a number";
  if (type == "text") return value.is_string() ? "" : "a text";
  if (type == "interval") return is_interval(value) ? "" : "[low, high]";
  return value.is_primitive() ? "" : "a number or text";  // a scalar
}

// The value as JSON; of a long one only the type.
std::string brief(const json& value) {
  std::string text = value.dump();
  return text.size() > 40 ? std::string("a ") + value.type_name() : text;
}

Status wrong(const std::string& path, const json& value, const std::string& expected) {
  return fail(Errc::kCorrupt,
              fmt::format("{} is {}, but must be {}", path.empty() ? "the report" : path,
                          brief(value), expected));
}

Status check(const json& value, const json& type, const std::string& path);

Status check_members(const json& object, const json& types, const std::string& path) {
  if (!object.is_object()) return wrong(path, object, "an object");
  for (const auto& [key, value] : object.items()) {
    const json& type = types.contains("*") ? types["*"] : member(types, key);
    if (type.is_null()) continue;
    if (auto checked = check(value, type, path.empty() ? key : path + "." + key); !checked)
      return checked;
  }
  return {};
}

Status check_list(const json& list, const json& type, const std::string& path) {
  if (!list.is_array()) return wrong(path, list, "a list");
  for (std::size_t i = 0; i < list.size(); ++i) {
    if (auto checked = check(list[i], type, fmt::format("{}[{}]", path, i)); !checked)
      return checked;
  }
  return {};
}

// Recursion is as deep as the schema, independent of the value.
Status check(const json& value, const json& type, const std::string& path) {
  if (value.is_null()) return {};
  if (type.is_array()) return check_list(value, type[0], path);
  if (type.is_object()) return check_members(value, type, path);
  const std::string word = type;
  if (schema().contains(word)) return check_members(value, schema()[word], path);
  const std::string expected = expected_of(word, value);
  return expected.empty() ? Status() : wrong(path, value, expected);
}

std::string known_kinds() {
  std::string kinds;
  for (const auto& [kind, type] : schema()["kinds"].items())
    kinds += (kinds.empty() ? "" : ", ") + kind;
  return kinds;
}

// `names`: of the stages before it; the stage's is added.
Status check_stage(const json& stage, const std::string& path, std::set<std::string>& names) {
  const json &name = member(stage, "name"), &kind = member(stage, "kind");
  if (!name.is_string() || !is_stage_name(name.get_ref<const std::string&>()))
    return wrong(path + ".name", name, "1 to 200 letters, digits, \"_\" and \"-\"");
  if (!names.insert(name).second)
    return wrong(path + ".name", name, "another name: a stage before it has this one");
  if (!kind.is_string()) return wrong(path + ".kind", kind, "a text");
  if (schema()["kinds"].contains(kind)) return {};
  return fail(Errc::kSchema,
              fmt::format("{}.kind is {}, which this version of qstar does not know: it knows {}",
                          path, brief(kind), known_kinds()));
}

Status check_stages(const json& report) {
  const json& stages = member(report, "stages");
  // Reports of an older version have no list of stages, or an object with their costs.
  if (stages.is_null() || stages.is_object())
    return fail(Errc::kSchema,
                "made by an older version of qstar, whose reports this version does not read; run "
                "the experiment again");
  if (auto checked = check_list(stages, "stage", "stages"); !checked) return checked;
  std::set<std::string> names;
  for (std::size_t i = 0; i < stages.size(); ++i) {
    if (auto checked = check_stage(stages[i], fmt::format("stages[{}]", i), names); !checked)
      return checked;
  }
  return {};
}

}  // namespace

Status check_report(const json& report) {
  if (auto checked = check(report, "run", ""); !checked) return checked;
  for (const char* key : {"name", "seed"}) {
    if (member(report, key).is_null()) {
      return fail(Errc::kCorrupt,
                  fmt::format("\"{}\" is missing: this is not the report of a run", key));
    }
  }
  if (auto checked = check_stages(report); !checked) return checked;
  for (const auto& stage : stages_of(report)) {
    if (auto checked = check(stage.results, schema()["kinds"][stage.kind], "results." + stage.name);
        !checked)
      return checked;
  }
  return {};
}

Result<json> parse_report(std::string_view bytes, const std::string& file) {
  auto report = parse_json(bytes);
  if (!report) return fail(Errc::kCorrupt, fmt::format("{}: {}", file, report.error().what));
  if (auto checked = check_report(*report); !checked)
    return fail(checked.error().code, file + ": " + checked.error().message);
  return std::move(*report);
}

}  // namespace qstar::serving

#include "serving/report/report_schema.hpp"

#include <fmt/format.h>

#include "serving/report/report_values.hpp"

namespace qstar::serving {
namespace {

using nlohmann::json;

// A word: a type of expected_of() or another entry of this schema. [x]: a list of x. {"*": x}: an
// object whose members are all x. {"name": x, …}: an object whose named members, if present, are x.
constexpr const char* kSchema = R"({
  "run": {"name": "text", "seed": "number", "config_hash": "text", "code_version": "text"},
  "text run": {"family": "text", "long_work": "scalar", "base": "policy", "final": "policy", "critic": {"*": "number"},
               "curve": ["point"], "attempts": {"*": "scalar"}, "cost": {"*": "scalar"}},
  "puzzle run": {"puzzle": "text", "curve": ["point"], "network": {"*": "scalar"},
                 "cost": {"*": "scalar"},
                 "final": {"solved": "number", "positions": "number", "moves": "number",
                           "updates": "number", "examples": "number"}},
  "story run": {
    "family": "text", "long_work": "scalar", "base": "policy", "sft": "policy", "final": "policy",
    "verifiers": {"*": "verifier"},
    "search": ["search"],
    "rlhf": {"annotator": {"kind": "text", "error_rate": "number", "rankings": "number"},
             "reward_model": {"pair_accuracy": "number", "cpu_seconds": "number"},
             "runs": [{"kl_weight": "number", "curve": ["point"], "greedy": "evaluation"}],
             "cpu_seconds": "number"},
    "rl": {"*": "policy"},
    "rewards": {"*": "policy"},
    "selfplay": {"target": "number", "ratio": "number", "uniform": "policy",
                 "selfplay": "policy", "ratings": ["point"], "cpu_seconds": "number"},
    "out_of_domain": [{"name": "text", "base": "evaluation", "final": "evaluation"}],
    "polluted_context": [{"context": "text", "base": "evaluation", "final": "evaluation"}],
    "calculator": {"n": "number", "accuracy": "number", "cpu_seconds": "number",
                   "policy_cpu_seconds": "number", "times_faster": "number"},
    "failed": ["text"], "stages": {"*": "number"}, "cpu_seconds": "number"},
  "evaluation": {"accuracy": "number", "ci95": "interval", "n": "number",
                 "tokens_per_problem": "number", "cpu_seconds": "number"},
  "policy": {"greedy": "evaluation", "sampled": "evaluation", "tokens": "number",
             "solutions": "number", "cpu_seconds": "number", "lucky": "number",
             "wall_seconds": "number", "learner_busy": "number", "executors_busy": "number",
             "tokens_to_target": "number", "pipeline_cpu_seconds": "number", "model": "text",
             "curve": ["point"]},
  "verifier": {"role": "text", "labels": "text", "examples": "number", "step_auc": "number",
               "calibration_error": "number", "best_of": {"*": "number"}, "cpu_seconds": "number",
               "bins": [{"mean": "number", "rate": "number", "n": "number"}]},
  "search": {"method": "text", "options": "text", "guide": "text", "budget": "number",
             "accuracy": "number", "ci95": "interval", "n": "number",
             "tokens_per_problem": "number", "cpu_seconds": "number"},
  "point": {"generated_tokens": "number", "greedy": "number", "updates": "number",
            "solved": "number", "tokens": "number", "accuracy": "number", "lucky": "number",
            "kl": "number", "proxy": "number", "valid": "number", "fresh": "number",
            "learnability": "number", "uniform_learnability": "number", "rating": "number"}
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

Status wrong(const std::string& path, const json& value, const std::string& expected) {
  std::string found = value.dump();
  if (found.size() > 40) found = std::string("a ") + value.type_name();
  return fail(Errc::kCorrupt, fmt::format("{} is {}, but must be {}",
                                          path.empty() ? "the report" : path, found, expected));
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

}  // namespace

Status check_report(const json& report, const std::string& kind) {
  if (auto checked = check(report, "run", ""); !checked) return checked;
  for (const char* key : {"name", "seed"}) {
    if (member(report, key).is_null()) {
      return fail(Errc::kCorrupt,
                  fmt::format("\"{}\" is missing: this is not the report of a run", key));
    }
  }
  if (!schema().contains(kind + " run")) {
    return fail(Errc::kSchema,
                fmt::format("kind is \"{}\", which this version of qstar does not know: it knows "
                            "\"story\", and reports on text and puzzles, which have no kind",
                            kind));
  }
  return check(report, kind + " run", "");
}

}  // namespace qstar::serving

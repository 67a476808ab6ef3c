#include "serving/report/story_tables.hpp"

#include <fmt/format.h>

#include "serving/report/markdown.hpp"
#include "serving/report/report_parts.hpp"
#include "serving/report/report_values.hpp"
#include "serving/report/story_headline.hpp"

namespace qstar::serving {
namespace {

using nlohmann::json;
using Columns = std::vector<std::string>;

std::string figure(const json& object, const char* key, int decimals = 0) {
  return shown(member(object, key), decimals);
}

// A policy's rows, one per measured way of decoding.
void add_policy(MarkdownTable& table, const std::string& name, const json& policy,
                const Columns& behind) {
  for (const char* how : {"greedy", "sampled"}) {
    const json& evaluation = member(policy, how);
    if (evaluation.is_object())
      table.row(around({name, how}, evaluation_cells(evaluation), behind));
  }
}

// Policies by name, each with its share of right answers with a wrong step and its cost.
std::string policies_table(const char* what, const json& policies) {
  if (!policies.is_object()) return "";
  MarkdownTable table(
      around({what, "decoding"}, evaluation_columns(),
             {"right answers with a wrong step", "generated tokens", "CPU seconds to train"}));
  for (const auto& [name, policy] : policies.items()) {
    add_policy(
        table, name, policy,
        {figure(policy, "lucky", 4), figure(policy, "tokens"), figure(policy, "cpu_seconds", 1)});
  }
  return table.markdown();
}

// Who waited for whom while each policy learned; nothing for reports without these figures.
std::string waiting_table(const char* what, const json& policies) {
  if (!policies.is_object()) return "";
  MarkdownTable table({what, "wall seconds", "share of them that the learner worked",
                       "share that the executors worked"});
  bool any = false;
  for (const auto& [name, policy] : policies.items()) {
    if (member(policy, "learner_busy").is_null()) continue;
    any = true;
    table.row({name, figure(policy, "wall_seconds", 1), figure(policy, "learner_busy", 3),
               figure(policy, "executors_busy", 3)});
  }
  return any ? "\n" + table.markdown() : "";
}

// Base and final policy in every domain or context of the list.
std::string base_and_final_table(const char* column, const char* key, const json& list) {
  if (!list.is_array()) return "";
  MarkdownTable table(around({column, "policy"}, evaluation_columns()));
  for (const auto& row : list) {
    for (const char* policy : {"base", "final"}) {
      const json& evaluation = member(row, policy);
      if (evaluation.is_object())
        table.row(around({words_of(member(row, key)), policy}, evaluation_cells(evaluation)));
    }
  }
  return table.markdown();
}

}  // namespace

std::string headline_section(const json& report) {
  MarkdownTable table(around({"step", "how"}, evaluation_columns()));
  for (const auto& step : story_steps(report))
    table.row(around({step.name, step.how}, evaluation_cells(step.figures)));
  return table.markdown();
}

std::string pretraining_section(const json& report) {
  MarkdownTable table(around({"policy", "decoding"}, evaluation_columns(),
                             {"solutions", "training tokens", "CPU seconds to train"}));
  for (const char* name : {"base", "sft"}) {
    const json& policy = member(report, name);
    add_policy(
        table, name, policy,
        {figure(policy, "solutions"), figure(policy, "tokens"), figure(policy, "cpu_seconds", 1)});
  }
  return table.markdown();
}

std::string searches_section(const json& report) {
  const json& searches = member(report, "search");
  if (!searches.is_array()) return "";
  MarkdownTable table(around({"method", "options", "guide", "budget"}, evaluation_columns()));
  for (const auto& search : searches) {
    const bool limited = number_of(member(search, "budget")).value_or(0) > 0;
    const json& guide = member(search, "guide");
    table.row(around(
        {words_of(member(search, "method")), words_of(member(search, "options")),
         guide == "" ? "none" : words_of(guide), limited ? figure(search, "budget") : "none"},
        evaluation_cells(search)));
  }
  return table.markdown();
}

std::string rl_section(const json& report) {
  const json& policies = member(report, "rl");
  return policies_table("algorithm", policies) + waiting_table("algorithm", policies);
}

std::string rewards_section(const json& report) {
  const json& policies = member(report, "rewards");
  return policies_table("reward", policies) + waiting_table("reward", policies);
}

std::string final_section(const json& report) {
  const json& last = member(report, "final");
  MarkdownTable table(around({"policy", "decoding"}, evaluation_columns(),
                             {"generated tokens", "CPU seconds of its whole training", "model"}));
  const json& model = member(last, "model");
  add_policy(table, "final", last,
             {figure(last, "tokens"), figure(last, "pipeline_cpu_seconds", 1), words_of(model)});
  return table.markdown() + waiting_table("policy", json{{"final", last}});
}

std::string out_of_domain_section(const json& report) {
  return base_and_final_table("domain", "name", member(report, "out_of_domain"));
}

std::string polluted_context_section(const json& report) {
  return base_and_final_table("context", "context", member(report, "polluted_context"));
}

std::string calculator_section(const json& report) {
  const json& calculator = member(report, "calculator");
  if (!calculator.is_object()) return "";
  MarkdownTable table({"n", "accuracy of the exact solver", "CPU seconds of the exact solver",
                       "CPU seconds of the final policy", "ratio of CPU seconds"});
  table.row({figure(calculator, "n"), figure(calculator, "accuracy", 4),
             figure(calculator, "cpu_seconds", 4), figure(calculator, "policy_cpu_seconds", 2),
             figure(calculator, "times_faster", 1)});
  return table.markdown();
}

std::string failed_section(const json& report) {
  const json& failed = member(report, "failed");
  if (!failed.is_array() || failed.empty()) return "";
  std::string out = "\n";
  for (const auto& text : failed) out += "- " + escaped_markdown(words_of(text)) + "\n";
  return out;
}

std::string cost_section(const json& report) {
  MarkdownTable table({"stage", "CPU seconds"});
  const json& stages = member(report, "stages");
  if (stages.is_object()) {
    for (const auto& [name, seconds] : stages.items()) table.row({name, shown(seconds, 1)});
  }
  if (!member(report, "cpu_seconds").is_null())
    table.row({"total", figure(report, "cpu_seconds", 1)});
  return table.markdown();
}

}  // namespace qstar::serving

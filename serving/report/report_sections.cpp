#include "serving/report/report_sections.hpp"

#include <fmt/format.h>

#include "serving/report/headline.hpp"
#include "serving/report/markdown.hpp"
#include "serving/report/report_parts.hpp"
#include "serving/report/report_values.hpp"

namespace qstar::serving {
namespace {

using nlohmann::json;
using Columns = std::vector<std::string>;

std::string figure(const json& object, const char* key, int decimals = 0) {
  return shown(member(object, key), decimals);
}

std::string prose(const json& object, const char* key) {
  return escaped_markdown(words_of(member(object, key)));
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

// Who waited for whom while each policy learned; nothing for reports without these figures.
std::string waiting_table(const char* what, const json& policies) {
  if (!policies.is_object()) return "";
  MarkdownTable table({what, "wall seconds", "share of them that the learner worked",
                       "share that the executors worked"});
  for (const auto& [name, policy] : policies.items()) {
    if (member(policy, "learner_busy").is_null()) continue;
    table.row({name, figure(policy, "wall_seconds", 1), figure(policy, "learner_busy", 3),
               figure(policy, "executors_busy", 3)});
  }
  return table.markdown();
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

// How the policy of a stage of reinforcement learning was trained.
std::string method_of(const json& policy) {
  if (member(policy, "algorithm").is_null()) return "";
  std::string out = fmt::format("\nAlgorithm {}, reward {}, starting from the model {}, {} rounds",
                                prose(policy, "algorithm"), prose(policy, "reward"),
                                prose(policy, "start"), figure(policy, "rounds"));
  if (number_of(member(policy, "proposer_share")).value_or(0) > 0)
    out += fmt::format("; a share of {} of the problems comes from the proposer",
                       figure(policy, "proposer_share", 2));
  return out + ".\n";
}

std::string calibration_of(const json& critic) {
  MarkdownTable table({"Q range", "mean Q", "share of wins", "steps"});
  for (int b = 0; b < 10; ++b) {
    const auto of_bin = [&critic, b](const char* name) -> const json& {
      return member(critic, fmt::format("bin{}.{}", b, name));
    };
    if (number_of(of_bin("n")).value_or(0) == 0) continue;
    table.row({fmt::format("{:.1f} – {:.1f}", b / 10.0, (b + 1) / 10.0), shown(of_bin("q"), 3),
               shown(of_bin("win"), 3), shown(of_bin("n"), 0)});
  }
  return table.markdown();
}

// The cost of the run without its CPU seconds: its duration, who waited for whom, and its memory.
std::string times_table(const json& cost) {
  struct Row {
    const char *key, *name;
    int decimals;
  };
  constexpr Row kRows[] = {
      {"wall_seconds", "wall seconds", 1},
      {"learner_waited_seconds", "seconds that the learner waited for executors", 1},
      {"executors_busy_seconds", "seconds that the executors worked", 1},
      {"executors_idle_seconds", "seconds that the executors waited for tasks", 1},
      {"peak_memory_bytes", "peak memory in bytes", 0}};
  MarkdownTable table({"figure", "value"});
  for (const auto& [key, name, decimals] : kRows) {
    if (!member(cost, key).is_null()) table.row({name, figure(cost, key, decimals)});
  }
  return table.markdown();
}

}  // namespace

std::string pretraining_section(const ReportedStage& stage) {
  const json& policy = stage.results;
  MarkdownTable table(around({"policy", "decoding"}, evaluation_columns(),
                             {"training tokens", "CPU seconds to train"}));
  add_policy(table, stage.name, policy,
             {figure(policy, "tokens"), figure(policy, "cpu_seconds", 1)});
  return table.markdown();
}

std::string finetuning_section(const ReportedStage& stage) {
  const json& policy = stage.results;
  MarkdownTable table(around({"policy", "decoding"}, evaluation_columns(),
                             {"solutions", "training tokens", "CPU seconds to train"}));
  add_policy(
      table, stage.name, policy,
      {figure(policy, "solutions"), figure(policy, "tokens"), figure(policy, "cpu_seconds", 1)});
  return table.markdown();
}

std::string searches_section(const ReportedStage& stage) {
  if (!stage.results.is_array()) return "";
  MarkdownTable table(around({"method", "options", "guide", "budget"}, evaluation_columns()));
  for (const auto& search : stage.results) {
    const bool limited = number_of(member(search, "budget")).value_or(0) > 0;
    const json& guide = member(search, "guide");
    table.row(around(
        {words_of(member(search, "method")), words_of(member(search, "options")),
         guide == "" ? "none" : words_of(guide), limited ? figure(search, "budget") : "none"},
        evaluation_cells(search)));
  }
  return table.markdown();
}

std::string comparison_section(const ReportedStage& stage) {
  const json& policies = stage.results;
  if (!policies.is_object()) return "";
  MarkdownTable table(
      around({"run", "decoding"}, evaluation_columns(),
             {"right answers with a wrong step", "generated tokens", "CPU seconds to train"}));
  for (const auto& [name, policy] : policies.items()) {
    add_policy(
        table, name, policy,
        {figure(policy, "lucky", 4), figure(policy, "tokens"), figure(policy, "cpu_seconds", 1)});
  }
  return table.markdown() + waiting_table("run", policies);
}

std::string reinforcement_section(const ReportedStage& stage) {
  const json& policy = stage.results;
  MarkdownTable table(
      around({"policy", "decoding"}, evaluation_columns(),
             {"right answers with a wrong step", "generated tokens", "CPU seconds to train",
              "CPU seconds of its whole training", "model"}));
  add_policy(
      table, stage.name, policy,
      {figure(policy, "lucky", 4), figure(policy, "tokens"), figure(policy, "cpu_seconds", 1),
       figure(policy, "pipeline_cpu_seconds", 1), words_of(member(policy, "model"))});
  return method_of(policy) + table.markdown() + waiting_table("policy", json{{stage.name, policy}});
}

std::string critic_section(const ReportedStage& stage) {
  const json& critic = member(stage.results, "critic");
  if (!critic.is_object() || critic.empty()) return "";
  std::string out = fmt::format(
      "\nThe step AUC against the exact verifier is {} on attempts of the model that the training "
      "started from. The calibration error is {} on the newest {} steps, which the critic scored "
      "before it was trained on them.",
      figure(critic, "step_auc", 3), figure(critic, "calibration_error", 3),
      figure(critic, "steps"));
  const json& updates = member(stage.results, "critic_updates");
  if (!updates.is_null()) out += fmt::format(" It was trained for {} updates.", shown(updates, 0));
  return out + "\n" + calibration_of(critic);
}

std::string attempts_section(const ReportedStage& stage) {
  return figures_table(member(stage.results, "attempts"));
}

std::string out_of_domain_section(const ReportedStage& stage) {
  return base_and_final_table("domain", "name", member(stage.results, "out_of_domain"));
}

std::string polluted_context_section(const ReportedStage& stage) {
  return base_and_final_table("context", "context", member(stage.results, "polluted_context"));
}

std::string calculator_section(const ReportedStage& stage) {
  const json& calculator = member(stage.results, "calculator");
  if (!calculator.is_object()) return "";
  MarkdownTable table({"n", "accuracy of the exact solver", "CPU seconds of the exact solver",
                       "CPU seconds of the final policy", "ratio of CPU seconds"});
  table.row({figure(calculator, "n"), figure(calculator, "accuracy", 4),
             figure(calculator, "cpu_seconds", 4), figure(calculator, "policy_cpu_seconds", 2),
             figure(calculator, "times_faster", 1)});
  return table.markdown();
}

std::string cost_to_go_section(const ReportedStage& stage) {
  const json& last = stage.results;
  if (!last.is_object() || last.empty()) return "";
  std::string out = fmt::format(
      "\nAfter {} updates on {} examples, greedy play solves a share of {} of {} fixed positions "
      "within {} moves each.\n",
      figure(last, "updates"), figure(last, "examples"), figure(last, "solved", 4),
      figure(last, "positions"), figure(last, "moves"));
  if (!member(last, "target_versions").is_null())
    out += fmt::format("\nThe targets came from {} versions of the target network.\n",
                       figure(last, "target_versions"));
  return out;
}

std::string network_section(const ReportedStage& stage) {
  return figures_table(member(stage.results, "network"));
}

std::string headline_section(const json& report) {
  MarkdownTable table(around({"step", "how"}, evaluation_columns()));
  for (const auto& step : headline_steps(report))
    table.row(around({step.name, step.how}, evaluation_cells(step.figures)));
  return table.markdown();
}

std::string missed_targets_section(const json& report) {
  const json& failed = member(report, "failed");
  if (!failed.is_array() || failed.empty()) return "";
  std::string out = "\n";
  for (const auto& text : failed) out += "- " + escaped_markdown(words_of(text)) + "\n";
  return out;
}

std::string cost_section(const json& report) {
  MarkdownTable table({"stage", "CPU seconds"});
  const json& stages = member(report, "stages");
  if (stages.is_array()) {
    for (const auto& stage : stages)
      table.row({words_of(member(stage, "name")), figure(stage, "cpu_seconds", 1)});
  }
  const json& cost = member(report, "cost");
  if (!member(cost, "cpu_seconds").is_null()) table.row({"total", figure(cost, "cpu_seconds", 1)});
  return table.markdown() + times_table(cost);
}

}  // namespace qstar::serving

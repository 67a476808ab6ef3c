#include <fmt/format.h>

#include <cstdio>
#include <nlohmann/json.hpp>

#include "cli/commands.hpp"
#include "cli/interrupt.hpp"
#include "cli/measured_runs.hpp"
#include "cli/number_options.hpp"
#include "cli/option_values.hpp"
#include "cli/output.hpp"
#include "cli/problem_file.hpp"
#include "cli/terminal.hpp"
#include "cli/text_search.hpp"
#include "core/printable.hpp"
#include "data/attempt.hpp"
#include "search/text/evaluate.hpp"

namespace qstar::cli {
namespace {

using nlohmann::ordered_json;

struct EvalOptions {
  std::string model, problems;
  std::int64_t held_out = 0;
  std::vector<std::string> environment;
  TextSearchOptions search;
  bool json = false;
};

Result<std::vector<std::string>> problems_of(const EvalOptions& options, const LoadedModel& model,
                                             const Stop& stop) {
  if (!options.problems.empty()) return read_problems(options.problems, model, stop);
  auto problems = search::held_out_problems(*model.environment, options.held_out, 0, stop);
  if (stop()) return fail(Errc::kInterrupted, "interrupted before a problem was tried");
  const auto found = static_cast<std::int64_t>(problems.size());
  write_text(stderr, shortfall_of(found, options.held_out));
  return problems;
}

ordered_json json_of(const Trajectory& attempt) {
  ordered_json steps = ordered_json::array();
  for (const auto& step : attempt.steps) {
    steps.push_back({{"text", step.text}, {"verdict", to_string(step.verdict)}});
    if (step.q) steps.back()["q"] = *step.q;
    if (step.reward_score) steps.back()["reward_score"] = *step.reward_score;
  }
  return {{"problem", attempt.problem}, {"text", text_of(attempt)}, {"answer", attempt.answer},
          {"correct", attempt.win()},   {"steps", steps},           {"tokens", tokens_of(attempt)}};
}

// One object per problem: the answer, or the first of several answers, and all attempts where there
// are several.
ordered_json json_of(const search::SearchResult& result) {
  auto out = json_of(result.answer());
  const auto& attempts = result.group.attempts;
  out["tokens"] = result.tokens;
  if (attempts.size() == 1) return out;
  for (const auto& attempt : attempts) out["attempts"].push_back(json_of(attempt));
  out["pass_rate"] = result.group.pass_rate();
  return out;
}

ordered_json summary_of(const search::Evaluation& figures, const LoadedModel& model,
                        const TextSearch& search) {
  ordered_json summary = {{"n", figures.n},
                          {"accuracy", figures.accuracy},
                          {"ci95", {figures.ci95.low, figures.ci95.high}},
                          {"tokens_per_problem", figures.tokens_per_problem},
                          {"guide_queries_per_problem", figures.guide_queries_per_problem},
                          {"cpu_seconds", figures.cpu_seconds},
                          {"model", model.path},
                          {"environment", to_json(model.config)}};
  summary.update(to_json(search));
  if (figures.stopped) summary["interrupted"] = true;
  return summary;
}

// Figures of problems that were left out are not the ones that were asked for: they go to people
// alone.
void print_summary(const search::Evaluation& figures, const LoadedModel& model,
                   const TextSearch& search) {
  std::FILE* out = figures.stopped ? stderr : stdout;
  std::string text =
      fmt::format("{}: {:.4f} of {} {} correct [{:.4f}, {:.4f}], {:.1f} tokens per problem",
                  printable(model.path), figures.accuracy, figures.n,
                  search.search.name() == "sample" ? "attempts" : "problems", figures.ci95.low,
                  figures.ci95.high, figures.tokens_per_problem);
  if (search.guide)
    text += fmt::format(", {:.1f} steps per problem scored by {}",
                        figures.guide_queries_per_problem, printable(search.guide_path));
  fmt::print(out, "{}\n", fitted(out, text));
}

void report(const search::Evaluation& figures, const LoadedModel& model, const TextSearch& search,
            const EvalOptions& options) {
  for (const auto& result : figures.results)
    if (options.json) print_json(json_of(result));
  if (options.json) print_json({{"summary", summary_of(figures, model, search)}});
  if (!options.json && !figures.results.empty()) print_summary(figures, model, search);
}

int run_eval(const EvalOptions& options) {
  const Stop stop = stop_on_interrupt();
  auto model = load_model(options.model, options.environment);
  if (!model) return report_error(model.error());
  auto search = prepare_search(options.search, *model);
  if (!search) return report_error(search.error());
  auto problems = problems_of(options, *model, stop);
  if (!problems) return report_error(problems.error());
  inference::DecoderPolicy policy(model->weights, inference::DecoderPolicy::kSlots, stop);
  const auto figures =
      search::evaluate(search->search, *model->environment, {policy, search->guide.get(), stop},
                       *problems, search->how);
  if (!figures) return report_error(figures.error());
  report(*figures, *model, *search, options);
  if (!figures->stopped) return 0;
  return report_error(
      {Errc::kInterrupted,
       fmt::format("interrupted: {} of {} problems were finished, and the figures are of these",
                   figures->results.size(), problems->size())});
}

}  // namespace

void add_eval(CLI::App& app, int& code) {
  auto* command = app.add_subcommand(
      "eval",
      "Measure a model's accuracy on held-out or given problems\n\n"
      "  qstar eval runs/quickstart-seed1 --held-out 2000\n"
      "  qstar eval policy.safetensors --problems problems.jsonl --json\n"
      "  qstar eval runs/quickstart-seed1 --held-out 500 --search sample --samples 8\n"
      "  qstar eval policy.safetensors --held-out 500 --search beam --samples 4 --guide RUN\n"
      "  qstar eval policy.safetensors --held-out 500 --search qstar --samples 4 --guide "
      "critic.safetensors\n"
      "  qstar eval runs/quickstart-seed1 --held-out 500 --environment operator_counts=5");
  auto o = std::make_shared<EvalOptions>();
  command
      ->add_option(
          "model", o->model,
          "Model to measure: a policy's safetensors file or the folder of a run (required)")
      ->required()
      ->type_name(placeholder::kPath);
  auto* file = command->add_option("--problems", o->problems,
                                   "Read the problems from this file of JSON lines with "
                                   "\"problem\"; - is standard input (default: none)");
  auto* held = command
                   ->add_option("--held-out", o->held_out,
                                "Generate this many different held-out problems (default: none)")
                   ->check(whole_number(1, 1'000'000));
  file->excludes(held)->type_name(placeholder::kFile);
  command
      ->add_option("--environment", o->environment,
                   "Change settings of the environment that held-out problems come from, as "
                   "KEY=VALUE ... (default: the environment of the model's training)")
      ->excludes(file)
      ->type_name(placeholder::kSetting);
  add_search_options(*command, o->search);
  command->add_flag("--json", o->json,
                    "Print one JSON object per problem, then the summary, instead of text");
  command->callback([o, file, &code] {
    if (file->count() > 0 && o->problems.empty()) {
      code = report_error({Errc::kUsage, "--problems needs the name of a file"});
    } else if (o->problems.empty() && o->held_out == 0) {
      code = report_error({Errc::kUsage, "give --problems FILE or --held-out N"});
    } else {
      code = run_eval(*o);
    }
  });
}

}  // namespace qstar::cli

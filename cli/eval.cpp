#include <fmt/format.h>

#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>

#include "cli/commands.hpp"
#include "cli/output.hpp"
#include "cli/text_search.hpp"
#include "core/attempt.hpp"
#include "search/evaluate.hpp"

namespace qstar {
namespace {

using nlohmann::ordered_json;

struct EvalOptions {
  std::string model, problems;
  std::int64_t held_out = 0;
  std::vector<std::string> environment;
  TextSearchOptions search;
  bool json = false;
};

Result<std::vector<std::string>> read_problems(std::istream& in, const std::string& name,
                                               const LoadedModel& model) {
  std::vector<std::string> problems;
  std::string line;
  for (int number = 1; std::getline(in, line); ++number) {
    if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
    const auto object = nlohmann::json::parse(line, nullptr, false);
    if (!object.is_object() || !object.contains("problem") || !object["problem"].is_string()) {
      return fail(
          Errc::kCorrupt,
          fmt::format("{}:{}: a JSON object with the text \"problem\" is expected", name, number));
    }
    const std::string problem = object["problem"];
    if (auto state = model.environment->reset(problem); !state) {
      return fail(Errc::kBadProblem, fmt::format("{}:{}: {}", name, number, state.error().message));
    }
    if (static_cast<std::int64_t>(problem.size()) + 2 >= model.weights->spec().context) {
      return fail(
          Errc::kBadProblem,
          fmt::format("{}:{}: a problem of {} characters does not fit the model's context of {}",
                      name, number, problem.size(), model.weights->spec().context));
    }
    problems.push_back(problem);
  }
  if (in.bad() || problems.empty())
    return fail(Errc::kCorrupt,
                name + " holds no problems: give a JSON object with \"problem\" a line");
  return problems;
}

Result<std::vector<std::string>> problems_of(const EvalOptions& options, const LoadedModel& model) {
  if (options.problems == "-") return read_problems(std::cin, "standard input", model);
  if (!options.problems.empty()) {
    std::ifstream in(options.problems);
    if (!in) return fail(Errc::kMissingFile, "cannot read " + options.problems);
    return read_problems(in, options.problems, model);
  }
  return held_out_problems(*model.environment, options.held_out);
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

// One object a problem: the answer, or the first of several; and all that was tried, when that is
// more.
ordered_json json_of(const SearchResult& result) {
  auto out = json_of(result.answer());
  const auto& attempts = result.group.attempts;
  out["tokens"] = result.tokens;
  if (attempts.size() == 1) return out;
  for (const auto& attempt : attempts) out["attempts"].push_back(json_of(attempt));
  out["pass_rate"] = result.group.pass_rate();
  return out;
}

ordered_json summary_of(const Evaluation& figures, const LoadedModel& model,
                        const TextSearch& search) {
  ordered_json summary = {{"n", figures.n},
                          {"accuracy", figures.accuracy},
                          {"ci95", {figures.ci95.low, figures.ci95.high}},
                          {"tokens_per_problem", figures.tokens_per_problem},
                          {"guide_queries_per_problem", figures.guide_queries_per_problem},
                          {"cpu_seconds", figures.cpu_seconds},
                          {"model", model.path}};
  summary.update(to_json(search));
  return summary;
}

void print_summary(const Evaluation& figures, const LoadedModel& model, const TextSearch& search) {
  fmt::print("{}: {:.4f} right of {} {} [{:.4f}, {:.4f}], {:.1f} tokens a problem", model.path,
             figures.accuracy, figures.n,
             search.search.name() == "sample" ? "attempts" : "problems", figures.ci95.low,
             figures.ci95.high, figures.tokens_per_problem);
  if (search.guide)
    fmt::print(", {:.1f} steps scored by {}", figures.guide_queries_per_problem, search.guide_path);
  fmt::print("\n");
}

int run_eval(const EvalOptions& options) {
  auto model = load_model(options.model, options.environment);
  if (!model) return report_error(model.error());
  auto search = prepare_search(options.search, *model);
  if (!search) return report_error(search.error());
  auto problems = problems_of(options, *model);
  if (!problems) return report_error(problems.error());
  DecoderPolicy policy(model->weights);
  const auto figures = evaluate(search->search, *model->environment, {policy, search->guide.get()},
                                *problems, search->how);
  if (!figures) return report_error(figures.error());
  if (!options.json) {
    print_summary(*figures, *model, *search);
    return 0;
  }
  for (const auto& result : figures->results) print_json(json_of(result));
  print_json({{"summary", summary_of(*figures, *model, *search)}});
  return 0;
}

}  // namespace

void add_eval(CLI::App& app, int& code) {
  auto* command = app.add_subcommand(
      "eval",
      "measure a model\n\n"
      "  qstar eval runs/quickstart-seed1 --held-out 2000\n"
      "  qstar eval policy.safetensors --problems problems.jsonl --json\n"
      "  qstar eval runs/quickstart-seed1 --held-out 500 --search sample --samples 8\n"
      "  qstar eval policy.safetensors --held-out 500 --search beam --samples 4 --guide RUN\n"
      "  qstar eval policy.safetensors --held-out 500 --search qstar --samples 4 --budget 500 "
      "--guide critic.safetensors\n"
      "  qstar eval runs/quickstart-seed1 --held-out 500 --environment family=custom "
      "operator_counts=5");
  auto o = std::make_shared<EvalOptions>();
  command->add_option("model", o->model, "safetensors file or run directory")->required();
  auto* file = command->add_option("--problems", o->problems,
                                   "JSON lines with \"problem\"; - is standard input");
  auto* held = command->add_option("--held-out", o->held_out, "so many held-out problems")
                   ->check(CLI::Range(1, 1'000'000));
  file->excludes(held);
  command->add_option("--environment", o->environment,
                      "key=value …: held-out problems of another kind than it was trained on");
  add_search_options(*command, o->search);
  command->add_flag("--json", o->json, "one object a problem, then the summary");
  command->callback([o, &code] {
    if (o->problems.empty() && o->held_out == 0) {
      code = report_error({Errc::kUsage, "give --problems FILE or --held-out N"});
    } else {
      code = run_eval(*o);
    }
  });
}

}  // namespace qstar

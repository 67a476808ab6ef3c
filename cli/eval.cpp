#include <fmt/format.h>

#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>

#include "cli/commands.hpp"
#include "cli/model.hpp"
#include "core/attempt.hpp"
#include "search/evaluate.hpp"

namespace qstar {
namespace {

using nlohmann::ordered_json;

struct EvalOptions {
  std::string model, problems, search = "greedy";
  std::int64_t held_out = 0;
  std::vector<std::string> environment;
  SearchOptions how;
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

ordered_json to_json(const Trajectory& attempt) {
  ordered_json steps = ordered_json::array();
  for (const auto& step : attempt.steps) {
    steps.push_back({{"text", step.text}, {"verdict", to_string(step.verdict)}});
  }
  return {{"problem", attempt.problem}, {"text", text_of(attempt)}, {"answer", attempt.answer},
          {"correct", attempt.win()},   {"steps", steps},           {"tokens", tokens_of(attempt)}};
}

// One object a problem: its only attempt, or the first of several, which then all follow.
ordered_json to_json(const AttemptGroup& group) {
  auto out = to_json(group.attempts.at(0));
  if (group.attempts.size() == 1) return out;
  out["tokens"] = 0;
  for (const auto& attempt : group.attempts) {
    out["tokens"] = out["tokens"].get<std::size_t>() + tokens_of(attempt);
    out["attempts"].push_back(to_json(attempt));
  }
  out["pass_rate"] = group.pass_rate();
  return out;
}

void print_json(const ordered_json& object) {
  fmt::print("{}\n", object.dump(-1, ' ', false, ordered_json::error_handler_t::replace));
}

ordered_json summary_of(const Evaluation& figures) {
  return {{"n", figures.n},
          {"accuracy", figures.accuracy},
          {"ci95", {figures.ci95.low, figures.ci95.high}},
          {"tokens_per_problem", figures.tokens_per_problem},
          {"cpu_seconds", figures.cpu_seconds}};
}

int run_eval(const EvalOptions& options) {
  auto model = load_model(options.model, options.environment);
  if (!model) return report_error(model.error());
  auto problems = problems_of(options, *model);
  if (!problems) return report_error(problems.error());
  SearchOptions how = options.how;
  how.max_tokens = static_cast<std::int32_t>(model->weights->spec().context);
  auto search = make_search(options.search);
  if (!search) return report_error(search.error());
  DecoderPolicy policy(model->weights);
  const auto figures = evaluate(**search, *model->environment, policy, *problems, how);
  if (options.json) {
    for (const auto& group : figures.groups) print_json(to_json(group));
    print_json({{"summary", summary_of(figures)}});
    return 0;
  }
  fmt::print("{}: {:.4f} right of {} attempts [{:.4f}, {:.4f}], {:.1f} tokens a problem\n",
             model->path, figures.accuracy, figures.n, figures.ci95.low, figures.ci95.high,
             figures.tokens_per_problem);
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
  command->add_option("--search", o->search, "greedy or sample")
      ->check(CLI::IsMember(search_names()));
  command->add_option("--samples", o->how.samples, "attempts a problem")
      ->check(CLI::Range(1, 65536));
  command->add_option("--temperature", o->how.temperature, "of sampling")
      ->check(CLI::Range(0.001, 10.0));
  command->add_option("--seed", o->how.seed, "of sampling");
  command->add_flag("--json", o->json, "one object a problem, then the summary");
  command->callback([o, &code] {
    if (o->problems.empty() && o->held_out == 0) {
      code = report_error({Errc::kUsage, "give --problems FILE or --held-out N"});
    } else if (o->search == "greedy" && o->how.samples > 1) {
      code = report_error(
          {Errc::kUsage, "--samples is for --search sample: greedy makes one attempt"});
    } else {
      code = run_eval(*o);
    }
  });
}

}  // namespace qstar

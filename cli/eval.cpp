#include <fmt/format.h>

#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>
#include <unordered_set>

#include "cli/commands.hpp"
#include "cli/model.hpp"
#include "core/metrics.hpp"
#include "learning/batch.hpp"

namespace qstar {
namespace {

using nlohmann::ordered_json;

struct EvalOptions {
  std::string model, problems, search = "greedy";
  std::int64_t held_out = 0;
  Sampling sampling;
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
  return problems;
}

Result<std::vector<std::string>> problems_of(const EvalOptions& options, const LoadedModel& model) {
  if (options.problems == "-") return read_problems(std::cin, "standard input", model);
  if (!options.problems.empty()) {
    std::ifstream in(options.problems);
    if (!in) return fail(Errc::kMissingFile, "cannot read " + options.problems);
    return read_problems(in, options.problems, model);
  }
  Rng rng(derive_seed(0, "held-out"));
  std::unordered_set<std::string> seen;
  std::vector<std::string> problems;
  for (std::int64_t tries = 0; tries < 100 * options.held_out &&
                               static_cast<std::int64_t>(problems.size()) < options.held_out;
       ++tries) {
    auto problem = model.environment->sample_problem(rng, Split::kHeldOut);
    if (seen.insert(problem).second) problems.push_back(std::move(problem));
  }
  return problems;
}

ordered_json to_json(const Trajectory& attempt) {
  ordered_json steps = ordered_json::array();
  std::size_t tokens = 0;
  for (const auto& step : attempt.steps) {
    steps.push_back({{"text", step.text}, {"verdict", to_string(step.verdict)}});
    tokens += step.tokens.size();
  }
  return {{"problem", attempt.problem}, {"text", text_of(attempt)}, {"answer", attempt.answer},
          {"correct", attempt.win()},   {"steps", steps},           {"tokens", tokens}};
}

int evaluate(const EvalOptions& options) {
  auto model = load_model(options.model);
  if (!model) return report_error(model.error());
  auto problems = problems_of(options, *model);
  if (!problems) return report_error(problems.error());
  const double cpu = process_cpu_seconds();
  const auto attempts = attempt(*model, *problems, options.sampling);
  std::uint64_t wins = 0;
  std::size_t tokens = 0;
  for (const auto& a : attempts) {
    wins += a.win() ? 1 : 0;
    for (const auto& step : a.steps) tokens += step.tokens.size();
    if (options.json)
      fmt::print("{}\n", to_json(a).dump(-1, ' ', false, ordered_json::error_handler_t::replace));
  }
  const auto n = static_cast<double>(std::max<std::size_t>(1, attempts.size()));
  const auto interval = wilson95(wins, attempts.size());
  const double accuracy = static_cast<double>(wins) / n,
               per_problem = static_cast<double>(tokens) / n;
  const ordered_json summary = {{"n", attempts.size()},
                                {"accuracy", accuracy},
                                {"ci95", {interval.low, interval.high}},
                                {"tokens_per_problem", per_problem},
                                {"cpu_seconds", process_cpu_seconds() - cpu}};
  if (options.json)
    fmt::print("{}\n", ordered_json{{"summary", summary}}.dump());
  else
    fmt::print("{}: {} right of {}: {:.4f} [{:.4f}, {:.4f}], {:.1f} tokens a problem\n",
               model->path, wins, attempts.size(), accuracy, interval.low, interval.high,
               per_problem);
  return 0;
}

}  // namespace

void add_eval(CLI::App& app, int& code) {
  auto* command = app.add_subcommand(
      "eval",
      "measure a model\n\n"
      "  qstar eval runs/quickstart-seed1 --held-out 2000\n"
      "  qstar eval policy.safetensors --problems problems.jsonl --json\n"
      "  qstar eval runs/quickstart-seed1 --held-out 500 --search sample --samples 8");
  auto o = std::make_shared<EvalOptions>();
  command->add_option("model", o->model, "safetensors file or run directory")->required();
  auto* file = command->add_option("--problems", o->problems,
                                   "JSON lines with \"problem\"; - is standard input");
  auto* held = command->add_option("--held-out", o->held_out, "so many held-out problems")
                   ->check(CLI::Range(1, 1'000'000));
  file->excludes(held);
  command->add_option("--search", o->search, "greedy or sample")
      ->check(CLI::IsMember({"greedy", "sample"}));
  command->add_option("--samples", o->sampling.samples, "attempts a problem")
      ->check(CLI::Range(1, 65536));
  command->add_option("--temperature", o->sampling.temperature, "of sampling")
      ->check(CLI::Range(0.0, 10.0));
  command->add_option("--seed", o->sampling.seed, "of sampling");
  command->add_flag("--json", o->json, "one object a problem, then the summary");
  command->callback([o, &code] {
    o->sampling.greedy = o->search == "greedy";
    if (o->problems.empty() && o->held_out == 0) {
      code = report_error({Errc::kUsage, "give --problems FILE or --held-out N"});
    } else {
      code = evaluate(*o);
    }
  });
}

}  // namespace qstar

#include <fmt/format.h>

#include <numeric>

#include "cli/commands.hpp"
#include "cli/interrupt.hpp"
#include "cli/interruptible.hpp"
#include "cli/option_values.hpp"
#include "cli/terminal.hpp"
#include "cli/text_search.hpp"
#include "core/printable.hpp"
#include "environment/text/problem_text.hpp"

namespace qstar::cli {
namespace {

struct SolveOptions {
  std::string model, problem;
  TextSearchOptions search;
};

void print_fitted(const std::string& line) { fmt::print("{}\n", fitted(stdout, line)); }

void print_step(const Step& step) {
  const double logprob = std::accumulate(step.logprobs.begin(), step.logprobs.end(), 0.0);
  std::string line = fmt::format("= {:<24} {:<14} log p {:8.4f}", printable(step.text),
                                 to_string(step.verdict), logprob);
  if (step.q) line += fmt::format("  Q {:.3f}", *step.q);
  if (step.reward_score) line += fmt::format("  score {:.3f}", *step.reward_score);
  print_fitted(line);
}

void print_result(const search::SearchResult& result, const TextSearch& search) {
  const Trajectory& work = result.answer();
  print_fitted("  " + printable(work.problem));
  for (const auto& step : work.steps) print_step(step);
  fmt::print("{} ({})\n", work.answer.empty() ? "no answer" : printable(work.answer),
             to_string(work.outcome));
  if (search.search.name() == "greedy") return;
  std::string cost = fmt::format("{}: {} attempts tried, {} tokens generated", search.search.name(),
                                 result.group.attempts.size(), result.tokens);
  if (search.guide)
    cost +=
        fmt::format(", {} steps scored by {}", result.guide_queries, printable(search.guide_path));
  print_fitted(cost);
}

Result<void> solve(const SolveOptions& options) {
  const Stop stop = stop_on_interrupt();
  auto model = load_model(options.model);
  if (!model) return tl::unexpected(model.error());
  const auto problem = environment::typed_problem(*model->environment, options.problem);
  if (!problem) return tl::unexpected(problem.error());
  if (auto fits = check_length(*model, *problem); !fits) return tl::unexpected(fits.error());
  auto search = prepare_search(options.search, *model);
  if (!search) return tl::unexpected(search.error());
  inference::DecoderPolicy policy(model->weights, inference::DecoderPolicy::kSlots, stop);
  const auto results = search->search.attempt(
      *model->environment, {policy, search->guide.get(), stop}, std::vector{*problem}, search->how);
  if (!results) return tl::unexpected(results.error());
  if (!results->front().complete)
    return fail(Errc::kInterrupted, "interrupted before the search found an answer");
  print_result(results->front(), *search);
  return {};
}

}  // namespace

void add_solve(CLI::App& app, int& code) {
  auto* command = app.add_subcommand(
      "solve",
      "Solve one problem and show the work step by step\n\n"
      "  qstar solve runs/quickstart-seed1 '3+4*2-5'\n"
      "  qstar solve policy.safetensors '3+4*2-5' --search beam --samples 4 --guide RUN");
  auto o = std::make_shared<SolveOptions>();
  command
      ->add_option(
          "model", o->model,
          "Model that solves it: a policy's safetensors file or the folder of a run (required)")
      ->required()
      ->type_name(placeholder::kPath);
  command
      ->add_option("problem", o->problem,
                   "Problem as text; spaces and the signs − × · ÷ are understood (required)")
      ->required()
      ->type_name("PROBLEM");
  add_search_options(*command, o->search);
  command->callback([o, &code] {
    if (const auto done = solve(*o); !done) code = report_error(done.error());
  });
}

}  // namespace qstar::cli

#include <fmt/format.h>

#include <numeric>

#include "cli/commands.hpp"
#include "cli/text_search.hpp"

namespace qstar {
namespace {

struct SolveOptions {
  std::string model, problem;
  TextSearchOptions search;
};

void print_step(const Step& step) {
  const double logprob = std::accumulate(step.logprobs.begin(), step.logprobs.end(), 0.0);
  fmt::print("= {:<24} {:<14} log p {:8.4f}", step.text, to_string(step.verdict), logprob);
  if (step.q) fmt::print("  Q {:.3f}", *step.q);
  if (step.reward_score) fmt::print("  score {:.3f}", *step.reward_score);
  fmt::print("\n");
}

void print_result(const SearchResult& result, const TextSearch& search) {
  const Trajectory& work = result.answer();
  fmt::print("  {}\n", work.problem);
  for (const auto& step : work.steps) print_step(step);
  fmt::print("{} ({})\n", work.answer.empty() ? "no answer" : work.answer, to_string(work.outcome));
  if (search.search.name() == "greedy") return;
  fmt::print("{}: {} attempts tried, {} tokens generated", search.search.name(),
             result.group.attempts.size(), result.tokens);
  if (search.guide) fmt::print(", {} steps scored by {}", result.guide_queries, search.guide_path);
  fmt::print("\n");
}

Result<void> solve(const SolveOptions& options) {
  auto model = load_model(options.model);
  if (!model) return tl::unexpected(model.error());
  if (auto state = model->environment->reset(options.problem); !state)
    return tl::unexpected(state.error());
  if (static_cast<std::int64_t>(options.problem.size()) + 2 >= model->weights->spec().context)
    return fail(Errc::kBadProblem, "the problem does not fit the model's context");
  auto search = prepare_search(options.search, *model);
  if (!search) return tl::unexpected(search.error());
  DecoderPolicy policy(model->weights);
  const auto results = search->search.attempt(*model->environment, {policy, search->guide.get()},
                                              std::vector{options.problem}, search->how);
  if (!results) return tl::unexpected(results.error());
  print_result(results->front(), *search);
  return {};
}

}  // namespace

void add_solve(CLI::App& app, int& code) {
  auto* command = app.add_subcommand(
      "solve",
      "show a model's work, step by step\n\n"
      "  qstar solve runs/quickstart-seed1 '3+4*2-5'\n"
      "  qstar solve policy.safetensors '3+4*2-5' --search beam --samples 4 --guide RUN");
  auto o = std::make_shared<SolveOptions>();
  command->add_option("model", o->model, "safetensors file or run directory")->required();
  command->add_option("problem", o->problem, "as text")->required();
  add_search_options(*command, o->search);
  command->callback([o, &code] {
    if (const auto done = solve(*o); !done) code = report_error(done.error());
  });
}

}  // namespace qstar

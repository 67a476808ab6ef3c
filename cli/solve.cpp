#include <fmt/format.h>

#include <numeric>

#include "cli/commands.hpp"
#include "cli/model.hpp"
#include "search/search.hpp"

namespace qstar {
namespace {

int solve(const std::string& path, const std::string& problem) {
  auto model = load_model(path);
  if (!model) return report_error(model.error());
  if (auto state = model->environment->reset(problem); !state) return report_error(state.error());
  if (static_cast<std::int64_t>(problem.size()) + 2 >= model->weights->spec().context) {
    return report_error({Errc::kBadProblem, "the problem does not fit the model's context"});
  }
  auto search = make_search("greedy");
  if (!search) return report_error(search.error());
  DecoderPolicy policy(model->weights);
  const auto groups =
      (*search)->attempt(*model->environment, policy, std::vector{problem},
                         {.max_tokens = static_cast<std::int32_t>(model->weights->spec().context)});
  const Trajectory& work = groups.front().attempts.front();
  fmt::print("  {}\n", problem);
  for (const auto& step : work.steps) {
    const double logprob = std::accumulate(step.logprobs.begin(), step.logprobs.end(), 0.0);
    fmt::print("= {:<24} {:<14} log p {:8.4f}\n", step.text, to_string(step.verdict), logprob);
  }
  fmt::print("{} ({})\n", work.answer.empty() ? "no answer" : work.answer, to_string(work.outcome));
  return 0;
}

}  // namespace

void add_solve(CLI::App& app, int& code) {
  auto* command = app.add_subcommand(
      "solve",
      "show a model's work, step by step\n\n  qstar solve runs/quickstart-seed1 '3+4*2-5'");
  auto model = std::make_shared<std::string>(), problem = std::make_shared<std::string>();
  command->add_option("model", *model, "safetensors file or run directory")->required();
  command->add_option("problem", *problem, "as text")->required();
  command->callback([model, problem, &code] { code = solve(*model, *problem); });
}

}  // namespace qstar

// Learns a Q-critic from a policy's own attempts, win signal only, and shows how well it tells
// right steps from wrong ones on held-out problems.
//
//   build/release/examples/learn_critic runs/quickstart-seed1/policy.safetensors 500 100
#include <fmt/format.h>

#include <cstdlib>
#include <string>

#include "core/rng.hpp"
#include "environment/registry.hpp"
#include "learning/critic_learner.hpp"
#include "learning/decoder.hpp"
#include "search/evaluate.hpp"

using namespace qstar;

namespace {

// All attempts and what the critic says of their steps.
CriticReport measure(CriticLearner& critic, const std::vector<AttemptGroup>& groups) {
  std::vector<Trajectory> attempts;
  std::vector<std::vector<float>> values;
  for (const auto& group : groups) {
    for (auto& q : critic.step_values(group.attempts)) values.push_back(std::move(q));
    attempts.insert(attempts.end(), group.attempts.begin(), group.attempts.end());
  }
  return assess(attempts, values);
}

std::vector<std::string> training_problems(const Environment& environment, std::int64_t n) {
  Rng rng(1);
  std::vector<std::string> problems;
  for (std::int64_t i = 0; i < n; ++i)
    problems.push_back(environment.sample_problem(rng, Split::kTraining));
  return problems;
}

int learn(const std::string& path, std::int64_t problems, std::int64_t updates) {
  if (auto ready = prepare_torch(); !ready) return exit_code(ready.error().code);
  auto model = read_model(path);
  auto weights = model ? DecoderWeights::make(*model, 1) : tl::unexpected(model.error());
  if (!weights) {
    fmt::print(stderr, "{}\n", weights.error().message);
    return exit_code(weights.error().code);
  }
  const auto environment = make_environment({}).value();
  const auto search = make_search("sample").value();
  DecoderPolicy policy(*weights);
  const auto attempt = [&](const std::vector<std::string>& at, const SearchOptions& options) {
    return groups_of(search.attempt(*environment, {policy}, at, options).value());
  };
  const auto made = attempt(training_problems(*environment, problems), {.samples = 8});
  const auto held_out = attempt(held_out_problems(*environment, 500), {.samples = 1, .seed = 7});

  CriticLearner critic(*model, 1);
  const CriticConfig config;
  Rng rng(2);
  for (std::int64_t i = 0; i < updates; ++i) {
    std::vector<WeightedGroup> batch;
    for (std::int64_t g = 0; g < config.groups_per_update; ++g)
      batch.push_back({&made[rng.below(made.size())], 1});
    const auto stats = critic.update(batch, config, schedule(config.optimizer, i, updates));
    if ((i + 1) % 50 != 0 && i + 1 != updates) continue;
    const auto figures = measure(critic, held_out);
    fmt::print("{:4} updates  loss {:.3f}  step AUC {:.3f}  calibration error {:.3f}\n", i + 1,
               stats.loss, figures.step_auc, figures.calibration_error);
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) return fmt::print(stderr, "usage: learn_critic MODEL [PROBLEMS] [UPDATES]\n"), 2;
  return learn(argv[1], argc > 2 ? std::atoll(argv[2]) : 500, argc > 3 ? std::atoll(argv[3]) : 100);
}

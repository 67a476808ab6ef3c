// Learns a Q-critic from wins alone, and shows how well it tells right steps from wrong ones.
//   build/release/examples/learn_critic runs/quickstart-seed1/policy.safetensors 500 100
#include <fmt/format.h>

#include <cstdlib>

#include "core/rng.hpp"
#include "environment/registry.hpp"
#include "inference/decoder.hpp"
#include "learning/critic/critic_learner.hpp"
#include "search/text/evaluate.hpp"

using namespace qstar;
using namespace qstar::learning;
using namespace qstar::search;
namespace {

// All attempts and what the critic says of their steps.
CriticReport measure(CriticLearner& critic, std::span<const AttemptGroup> groups) {
  std::vector<Trajectory> attempts;
  std::vector<std::vector<float>> values;
  for (const auto& group : groups) {
    for (auto& q : critic.step_values(group.attempts)) values.push_back(std::move(q));
    attempts.insert(attempts.end(), group.attempts.begin(), group.attempts.end());
  }
  return assess(attempts, values);
}

Status learn(CriticLearner& critic, std::span<const AttemptGroup> made,
             std::span<const AttemptGroup> held_out, std::int64_t n) {
  const CriticConfig config;
  Rng rng(2);
  for (std::int64_t i = 0; i < n; ++i) {
    std::vector<WeightedGroup> batch(static_cast<std::size_t>(config.groups_per_update));
    for (auto& drawn : batch) drawn = {&made[rng.below(made.size())], 1};
    const auto stats = critic.update(batch, config, schedule(config.optimizer, i, n));
    if (!stats) return tl::unexpected(stats.error());
    if ((i + 1) % 50 != 0 && i + 1 != n) continue;
    const auto figures = measure(critic, held_out);
    fmt::print("{:4} updates  loss {:.3f}  step AUC {:.3f}  calibration error {:.3f}\n", i + 1,
               stats->loss, figures.step_auc, figures.calibration_error);
  }
  return {};
}

Status run(const std::string& path, std::int64_t problems, std::int64_t updates) {
  if (auto ready = prepare_torch(); !ready) return ready;
  const auto file = model::read_model(path);
  if (!file) return tl::unexpected(file.error());
  const auto weights = inference::DecoderWeights::make(*file, 1);
  if (!weights) return tl::unexpected(weights.error());
  const auto environment = environment::make_environment({}).value();
  inference::DecoderPolicy policy(*weights);
  const auto attempt = [&](const std::vector<std::string>& at, const SearchOptions& options) {
    return make_search("sample")
        .and_then([&](const Search& s) { return s.attempt(*environment, {policy}, at, options); })
        .map([](auto results) { return groups_of(std::move(results)); });
  };
  std::vector<std::string> training;
  for (Rng rng(1); std::ssize(training) < problems;)
    training.push_back(environment->sample_problem(rng, environment::Split::kTraining));
  const auto made = attempt(training, {.samples = 8});
  const auto judges = attempt(held_out_problems(*environment, 500), {.samples = 1, .seed = 7});
  if (!made || !judges) return tl::unexpected((made ? judges : made).error());
  CriticLearner critic(*file, 1);
  return learn(critic, *made, *judges, updates);
}

}  // namespace

int main(int argc, char** argv) {
  const auto problems = argc > 2 ? std::atoll(argv[2]) : 500;
  const auto updates = argc > 3 ? std::atoll(argv[3]) : 100;
  if (argc < 2 || problems < 1 || updates < 1)
    return fmt::print(stderr, "usage: learn_critic MODEL [PROBLEMS] [UPDATES]\n"), 2;
  const auto done = run(argv[1], problems, updates);
  if (done) return 0;
  return fmt::print(stderr, "{}\n", done.error().message), exit_code(done.error().code);
}

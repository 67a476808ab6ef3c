// What a Q-critic learns of steps from a base policy's attempts and who won, by what it is taught:
// one critic a call, with any setting of [critic], measured on held-out attempts.
//
//   build/release/qstar train configs/quickstart.toml stages.reinforce.skip=true --run runs/base
//   build/release/benchmarks/critics runs/base/policy.safetensors critic.safetensors
//       critic.target=kept_chance samples=32 critic.groups_per_update=2
//
// The file that it leaves is a guide of `qstar eval --search`. docs/experiments/text_search.md has
// the figures.
#include <fmt/format.h>

#include "benchmarks/sampled_work.hpp"
#include "core/metrics.hpp"
#include "core/rng.hpp"
#include "learning/critic/critic_learner.hpp"

using namespace qstar;
using namespace qstar::learning;

namespace {

struct Options {
  SampledCounts counts{.choices = 8};
  std::int64_t updates = 450;
  std::int64_t seed = 1;
  CriticConfig critic;
  void describe(FieldVisitor& v) {
    v.value({"problems", "training problems", 1, 1e7}, counts.problems);
    v.value({"samples", "attempts at each", 1, 1e5}, counts.samples);
    v.value({"held_out", "problems to measure on", 1, 1e6}, counts.held_out);
    v.value({"updates", "optimiser steps", 0, 1e7}, updates);
    v.value({"seed", "of the critic's weights and batches", 0, 1e9}, seed);
    section(v, "critic", "Q-learning from the win signal", critic);
  }
};

void teach(CriticLearner& critic, const std::vector<AttemptGroup>& groups, const Options& options) {
  Rng rng(derive_seed(static_cast<std::uint64_t>(options.seed), "batches"));
  for (std::int64_t i = 0; i < options.updates; ++i) {
    std::vector<WeightedGroup> batch;
    for (std::int64_t n = 0; n < options.critic.groups_per_update; ++n)
      batch.push_back({&groups[rng.below(groups.size())], 1});
    critic.update(batch, options.critic, schedule(options.critic.optimizer, i, options.updates))
        .value();
  }
}

void print(const CriticReport& report) {
  fmt::print("step AUC {:.4f}  calibration error {:.3f}\n", report.step_auc,
             report.calibration_error);
  for (const auto& bin : report.bins)
    fmt::print("  mean Q {:.3f}  won {:.3f}  of {}\n", bin.mean_q, bin.win_rate, bin.n);
}

Status run(const std::string& model, const std::string& file, const Options& options) {
  const double begin = process_cpu_seconds();
  const auto work = sample_work(model, options.counts);
  if (!work) return tl::unexpected(work.error());
  CriticLearner critic(work->base, static_cast<std::uint64_t>(options.seed),
                       heads_of(options.critic));
  const double start = process_cpu_seconds();
  teach(critic, work->training, options);
  fmt::print("{}: {} tokens sampled in {:.0f} CPU s, {:.0f} CPU s of learning\n",
             options.critic.target, work->tokens, start - begin, process_cpu_seconds() - start);
  print(assess(work->held_out,
               in_batches(work->held_out, [&](auto part) { return critic.step_values(part); })));
  return model::write_model(critic.model(), file);
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> words(argv + 1, argv + argc);
  if (words.size() < 2) return fmt::print(stderr, "usage: critics MODEL FILE [KEY=VALUE …]\n"), 2;
  Options options;
  auto done = parse_config("", "critics", std::span(words).subspan(2), describe_of(options));
  if (done) done = run(words[0], words[1], options);
  if (done) return 0;
  return fmt::print(stderr, "{}\n", done.error().message), exit_code(done.error().code);
}

// What reward models learn from a base policy's own work: a process model from exact step labels,
// and from Monte-Carlo completions, an outcome model from the answers, and how well each chooses
// among answers to held-out problems.
//
//   build/release/qstar train configs/quickstart.toml stages.reinforce.skip=true --run runs/base
//   build/release/benchmarks/reward_models runs/base/policy.safetensors [HELD_OUT [FOLDER]]
//
// In FOLDER it leaves the models, as guides of `qstar eval --search`: prm.safetensors,
// orm.safetensors and prm_completions.safetensors.
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include "benchmarks/sampled_work.hpp"
#include "core/metrics.hpp"
#include "core/rng.hpp"
#include "learning/critic/critic_learner.hpp"
#include "learning/reward/reward_learner.hpp"
#include "learning/reward/step_labels.hpp"

using namespace qstar;
using namespace qstar::environment;
using namespace qstar::model;
using namespace qstar::learning;

namespace {

constexpr std::int64_t kProblems = 2000, kSamples = 8, kChoices = 16, kCompletions = 4;

// A solution is worth its worst step, or its last; what has none is worth nothing.
float worst(const std::vector<float>& s) {
  return s.empty() ? 0 : *std::min_element(s.begin(), s.end());
}
float last(const std::vector<float>& s) { return s.empty() ? 0 : s.back(); }

// The share of problems whose best-scored attempt of the first n has the right answer.
double best_of(std::size_t n, const std::vector<Trajectory>& attempts,
               const std::vector<std::vector<float>>& scores,
               float (*worth)(const std::vector<float>&)) {
  double right = 0;
  for (std::size_t first = 0; first < attempts.size(); first += kChoices) {
    std::size_t best = first;
    for (std::size_t i = first; i < first + n; ++i) {
      if (worth(scores[i]) > worth(scores[best])) best = i;
    }
    right += attempts[best].win() ? 1 : 0;
  }
  return right * kChoices / static_cast<double>(attempts.size());
}

void teach(RewardLearner& learner, const std::vector<LabelledAttempt>& examples) {
  const RewardConfig config;
  Rng rng(2);
  for (std::int64_t i = 0; i < config.updates; ++i) {
    std::vector<LabelledAttempt> batch;
    for (std::int64_t n = 0; n < config.attempts_per_update; ++n)
      batch.push_back(examples[rng.below(examples.size())]);
    learner.update(batch, config, schedule(config.optimizer, i, config.updates)).value();
  }
}

using Labels = std::vector<std::vector<float>>;

struct Judge {
  ScorerRole role;
  std::string labelled;
  std::string file;  // where it is left; empty: nowhere
};

Status measure(const ModelFile& base, const Judge& judge, const std::vector<Trajectory>& training,
               const Labels& labels, const std::vector<Trajectory>& held_out) {
  std::vector<LabelledAttempt> examples;
  for (std::size_t i = 0; i < training.size(); ++i) examples.push_back({&training[i], labels[i]});
  RewardLearner learner(base, judge.role, 1);
  const double start = process_cpu_seconds();
  teach(learner, examples);
  const double taught = process_cpu_seconds() - start;
  const auto scores = in_batches(held_out, [&](auto part) { return learner.step_scores(part); });
  fmt::print("{} by {}: step AUC {:.4f}, {:.0f} CPU s of learning\n", to_string(judge.role),
             judge.labelled, assess(held_out, scores).step_auc, taught);
  for (const std::size_t n : {4, 8, 16}) {
    fmt::print("  best of {:<2}  worst step {:.3f}  last step {:.3f}\n", n,
               best_of(n, held_out, scores, worst), best_of(n, held_out, scores, last));
  }
  if (judge.file.empty()) return {};
  return write_model(learner.model(), judge.file);
}

template <class Make>
Labels labels_of(const std::vector<Trajectory>& attempts, Make make) {
  Labels labels;
  for (const auto& attempt : attempts) labels.push_back(make(attempt));
  return labels;
}

int run(const std::string& path, std::int64_t problems, const std::string& folder) {
  const auto left = [&](const std::string& name) {
    return folder.empty() ? "" : folder + "/" + name + ".safetensors";
  };
  const auto work = sample_work(path, {kProblems, kSamples, problems, kChoices});
  if (!work) return fmt::print(stderr, "{}\n", work.error().message), exit_code(work.error().code);
  const ModelFile& base = work->base;
  const auto training = flat(work->training);
  const auto& held_out = work->held_out;
  const std::vector<std::vector<float>> nothing(held_out.size());
  fmt::print("a single sample is right {:.3f}\n", best_of(1, held_out, nothing, worst));
  const auto exact =
      labels_of(training, [](const auto& t) { return exact_labels(t, AfterWrong::kWrong); });
  auto kept =
      measure(base, {ScorerRole::kProcess, "exact labels", left("prm")}, training, exact, held_out);
  const auto outcomes =
      labels_of(training, [](const auto& t) { return outcome_labels(t, OutcomeAt::kEveryStep); });
  if (kept)
    kept = measure(base, {ScorerRole::kOutcome, "outcomes", left("orm")}, training, outcomes,
                   held_out);
  const double start = process_cpu_seconds();
  Labels completed;
  for (const auto& estimates : rollout_estimates(*work->environment, *work->policy, training,
                                                 {.samples = kCompletions, .seed = 3}))
    completed.push_back(rollout_labels(estimates, RolloutLabel::kSoft));
  fmt::print("{} completions a step: {:.0f} CPU s\n", kCompletions, process_cpu_seconds() - start);
  if (kept)
    kept = measure(base, {ScorerRole::kProcess, "completions", left("prm_completions")}, training,
                   completed, held_out);
  if (kept) return 0;
  return fmt::print(stderr, "{}\n", kept.error().message), exit_code(kept.error().code);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) return fmt::print(stderr, "usage: reward_models MODEL [HELD_OUT [FOLDER]]\n"), 2;
  return run(argv[1], argc > 2 ? std::atoll(argv[2]) : 500, argc > 3 ? argv[3] : "");
}

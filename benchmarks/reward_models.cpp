// What reward models learn from a base policy's own work: a process model from exact step labels,
// and from Monte-Carlo completions, an outcome model from the answers, and how well each chooses
// among answers to held-out problems.
//
//   build/release/qstar train configs/quickstart.toml rl.versions=0 --run runs/base
//   build/release/benchmarks/reward_models runs/base/policy.safetensors [HELD_OUT [FOLDER]]
//
// In FOLDER it leaves the models, as guides of `qstar eval --search`: prm.safetensors,
// orm.safetensors and prm_completions.safetensors.
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include "core/metrics.hpp"
#include "environment/registry.hpp"
#include "learning/critic_learner.hpp"
#include "learning/decoder.hpp"
#include "learning/reward_learner.hpp"
#include "learning/step_labels.hpp"
#include "search/evaluate.hpp"

using namespace qstar;

namespace {

constexpr std::int64_t kProblems = 2000, kSamples = 8, kChoices = 16, kCompletions = 4;

std::vector<Trajectory> flat(const std::vector<AttemptGroup>& groups) {
  std::vector<Trajectory> attempts;
  for (const auto& group : groups)
    attempts.insert(attempts.end(), group.attempts.begin(), group.attempts.end());
  return attempts;
}

// In batches: all at once would take gigabytes.
std::vector<std::vector<float>> scores_of(RewardLearner& learner,
                                          std::span<const Trajectory> attempts) {
  std::vector<std::vector<float>> scores;
  for (std::size_t at = 0; at < attempts.size(); at += 256) {
    const auto part = attempts.subspan(at, std::min<std::size_t>(256, attempts.size() - at));
    for (auto& row : learner.step_scores(part)) scores.push_back(std::move(row));
  }
  return scores;
}

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
    learner.update(batch, config, schedule(config.optimizer, i, config.updates));
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
  const auto scores = scores_of(learner, held_out);
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
  if (auto ready = prepare_torch(); !ready)
    return fmt::print(stderr, "{}\n", ready.error().message), exit_code(ready.error().code);
  const auto base = read_model(path);
  auto weights = base ? DecoderWeights::make(*base, 1) : tl::unexpected(base.error());
  if (!weights)
    return fmt::print(stderr, "{}\n", weights.error().message), exit_code(weights.error().code);
  const auto environment = make_environment({}).value();
  const auto search = make_search("sample").value();
  DecoderPolicy policy(*weights);
  Rng rng(1);
  std::vector<std::string> texts;
  for (std::int64_t i = 0; i < kProblems; ++i)
    texts.push_back(environment->sample_problem(rng, Split::kTraining));
  const auto training = flat(groups_of(
      search.attempt(*environment, {policy}, texts, {.samples = kSamples, .seed = 1}).value()));
  const auto held_out =
      flat(groups_of(search
                         .attempt(*environment, {policy}, held_out_problems(*environment, problems),
                                  {.samples = kChoices, .seed = 7})
                         .value()));
  const std::vector<std::vector<float>> nothing(held_out.size());
  fmt::print("a single sample is right {:.3f}\n", best_of(1, held_out, nothing, worst));
  const auto exact =
      labels_of(training, [](const auto& t) { return exact_labels(t, AfterWrong::kWrong); });
  auto kept = measure(*base, {ScorerRole::kProcess, "exact labels", left("prm")}, training, exact,
                      held_out);
  const auto outcomes =
      labels_of(training, [](const auto& t) { return outcome_labels(t, OutcomeAt::kEveryStep); });
  if (kept)
    kept = measure(*base, {ScorerRole::kOutcome, "outcomes", left("orm")}, training, outcomes,
                   held_out);
  const double start = process_cpu_seconds();
  Labels completed;
  for (const auto& estimates :
       rollout_estimates(*environment, policy, training, {.samples = kCompletions, .seed = 3}))
    completed.push_back(rollout_labels(estimates, RolloutLabel::kSoft));
  fmt::print("{} completions a step: {:.0f} CPU s\n", kCompletions, process_cpu_seconds() - start);
  if (kept)
    kept = measure(*base, {ScorerRole::kProcess, "completions", left("prm_completions")}, training,
                   completed, held_out);
  if (kept) return 0;
  return fmt::print(stderr, "{}\n", kept.error().message), exit_code(kept.error().code);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) return fmt::print(stderr, "usage: reward_models MODEL [HELD_OUT [FOLDER]]\n"), 2;
  return run(argv[1], argc > 2 ? std::atoll(argv[2]) : 500, argc > 3 ? argv[3] : "");
}

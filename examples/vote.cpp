// Majority vote: samples several attempts at each problem and takes the commonest answer (Wang et
// al. 2022, "self-consistency"). Prints its accuracy beside that of a single greedy attempt. A new
// way of using a policy needs no more than this.
//
//   build/release/examples/vote runs/quickstart-seed1/policy.safetensors 8 500
#include <fmt/format.h>

#include <cstdlib>
#include <map>

#include "environment/registry.hpp"
#include "learning/decoder.hpp"
#include "search/evaluate.hpp"

using namespace qstar;

namespace {

// Whether the commonest answer of the group is right; attempts without an answer have no vote.
bool elects_a_win(const AttemptGroup& group) {
  std::map<std::string, std::pair<int, bool>> votes;  // answer -> votes, right
  for (const auto& attempt : group.attempts) {
    if (attempt.answer.empty()) continue;
    auto& [count, right] = votes[attempt.answer];
    ++count;
    right = attempt.win();
  }
  std::pair<int, bool> best{0, false};
  for (const auto& [answer, vote] : votes)
    if (vote.first > best.first) best = vote;
  return best.second;
}

int vote(const std::string& path, std::int64_t samples, std::int64_t n) {
  const auto model = read_model(path);
  const auto weights = model ? DecoderWeights::make(*model, 1) : tl::unexpected(model.error());
  if (!weights) {
    fmt::print(stderr, "{}\n", weights.error().message);
    return exit_code(weights.error().code);
  }
  EnvironmentConfig config;
  const auto described =
      parse_config(model->metadata.at("environment"), path, {}, describe_of(config));
  if (!described) return fmt::print(stderr, "{}\n", described.error().message), 3;
  const auto environment = make_environment(config).value();
  const auto problems = held_out_problems(*environment, n);
  DecoderPolicy policy(*weights);
  const auto measure = [&](const char* search) {
    return evaluate(*make_search(search).value(), *environment, policy, problems,
                    {.samples = samples, .max_tokens = 64, .seed = 1});
  };
  const auto greedy = measure("greedy");
  const auto sampled = measure("sample");
  std::int64_t elected = 0;
  for (const auto& group : sampled.groups) elected += elects_a_win(group) ? 1 : 0;
  fmt::print("{} held-out problems\n", problems.size());
  fmt::print("greedy          accuracy {:.4f}  {:5.1f} tokens a problem\n", greedy.accuracy,
             greedy.tokens_per_problem);
  fmt::print("vote of {:<7} accuracy {:.4f}  {:5.1f} tokens a problem\n", samples,
             static_cast<double>(elected) / static_cast<double>(problems.size()),
             sampled.tokens_per_problem);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) return fmt::print(stderr, "usage: vote MODEL [SAMPLES] [PROBLEMS]\n"), 2;
  return vote(argv[1], argc > 2 ? std::atoll(argv[2]) : 8, argc > 3 ? std::atoll(argv[3]) : 500);
}

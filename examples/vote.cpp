// Majority vote: samples several attempts at each problem and takes the commonest answer (Wang et
// al. 2022, "self-consistency"). Prints its accuracy beside that of a single greedy attempt.
//
//   build/release/examples/vote runs/quickstart-seed1/policy.safetensors 8 500
#include <fmt/format.h>

#include <cstdlib>

#include "environment/registry.hpp"
#include "learning/decoder.hpp"
#include "search/evaluate.hpp"

using namespace qstar;

namespace {

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
  const auto measure = [&](const char* search, std::int64_t votes) {
    return evaluate(make_search(search).value(), *environment, {policy}, problems,
                    {.samples = votes, .max_tokens = 64, .seed = 1});
  };
  const auto greedy = measure("greedy", 1);
  const auto elected = measure("majority", samples);
  if (!elected) return fmt::print(stderr, "{}\n", elected.error().message), 2;
  fmt::print("{} held-out problems\n", problems.size());
  fmt::print("greedy          accuracy {:.4f}  {:5.1f} tokens a problem\n", greedy->accuracy,
             greedy->tokens_per_problem);
  fmt::print("vote of {:<7} accuracy {:.4f}  {:5.1f} tokens a problem\n", samples,
             elected->accuracy, elected->tokens_per_problem);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) return fmt::print(stderr, "usage: vote MODEL [SAMPLES] [PROBLEMS]\n"), 2;
  return vote(argv[1], argc > 2 ? std::atoll(argv[2]) : 8, argc > 3 ? std::atoll(argv[3]) : 500);
}

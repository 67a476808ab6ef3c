// Majority vote: samples several attempts at each problem and takes the most frequent answer (Wang
// et al. 2022, "self-consistency"). Prints its accuracy beside that of a single greedy attempt.
//
//   build/release/examples/vote runs/quickstart-seed1/policy.safetensors 8 500
#include <fmt/format.h>

#include <cstdlib>

#include "environment/registry.hpp"
#include "inference/decoder.hpp"
#include "search/text/evaluate.hpp"

using namespace qstar;

namespace {

// The environment that the policy was trained in, as its model file says.
Result<std::unique_ptr<environment::Environment>> environment_of(const model::ModelFile& model,
                                                                 const std::string& path) {
  const auto described = model.metadata.find("environment");
  if (described == model.metadata.end())
    return fail(Errc::kCorrupt, path + " does not say which environment it was trained in");
  const auto config = environment::read_metadata(described->second, path);
  if (!config) return fail(Errc::kCorrupt, config.error().message);
  return environment::make_environment(*config);
}

Status vote(const std::string& path, std::int64_t samples, std::int64_t n) {
  const auto model = model::read_model(path);
  if (!model) return tl::unexpected(model.error());
  const auto weights = inference::DecoderWeights::make(*model, 1);
  if (!weights) return tl::unexpected(weights.error());
  const auto environment = environment_of(*model, path);
  if (!environment) return tl::unexpected(environment.error());
  const auto problems = search::held_out_problems(**environment, n);
  inference::DecoderPolicy policy(*weights);
  const auto measure = [&](const char* name, std::int64_t votes) {
    return search::make_search(name).and_then([&](const search::Search& search) {
      return search::evaluate(search, **environment, {policy}, problems,
                              {.samples = votes, .max_tokens = 64, .seed = 1});
    });
  };
  const auto greedy = measure("greedy", 1);
  if (!greedy) return tl::unexpected(greedy.error());
  const auto elected = measure("majority", samples);
  if (!elected) return tl::unexpected(elected.error());
  fmt::print("{} held-out problems\n", problems.size());
  fmt::print("greedy          accuracy {:.4f}  {:5.1f} tokens per problem\n", greedy->accuracy,
             greedy->tokens_per_problem);
  fmt::print("vote of {:<7} accuracy {:.4f}  {:5.1f} tokens per problem\n", samples,
             elected->accuracy, elected->tokens_per_problem);
  return {};
}

}  // namespace

int main(int argc, char** argv) {
  const auto samples = argc > 2 ? std::atoll(argv[2]) : 8;
  const auto problems = argc > 3 ? std::atoll(argv[3]) : 500;
  if (argc < 2 || samples < 2 || problems < 1)
    return fmt::print(stderr, "usage: vote MODEL [SAMPLES, 2 or more] [PROBLEMS]\n"), 2;
  const auto done = vote(argv[1], samples, problems);
  if (done) return 0;
  fmt::print(stderr, "{}\n", done.error().message);
  return exit_code(done.error().code);
}

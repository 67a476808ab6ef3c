// Writes a network of a puzzle that has learned nothing:
//   puzzle_model FILE q|v described|bare KEY=VALUE…
// The keys are those of the environment, which `described` leaves in the file and `bare` does not.
#include <string>
#include <vector>

#include "environment/registry.hpp"
#include "inference/puzzle_network.hpp"

int main(int argc, char** argv) {
  using namespace qstar;
  if (argc < 5) return 2;
  environment::EnvironmentConfig environment;
  const std::vector<std::string> overrides(argv + 4, argv + argc);
  if (!parse_config("", "", overrides, describe_of(environment))) return 2;
  const auto puzzle = environment::make_puzzle(environment);
  if (!puzzle) return 2;
  inference::PuzzleModel model = inference::fresh_model(
      **puzzle, {.values = argv[2], .first = 32, .second = 32, .blocks = 1}, 1);
  if (std::string(argv[3]) == "described")
    model.metadata["environment"] = print_config(describe_of(environment));
  return inference::write_puzzle_model(model, argv[1]) ? 0 : 1;
}

#include "cli/puzzle_estimate.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <filesystem>

#include "cli/model_kind.hpp"
#include "environment/registry.hpp"
#include "inference/puzzle_network.hpp"

namespace qstar::cli {

Result<PuzzleEstimate> load_puzzle_model(const std::string& path,
                                         std::span<const std::string> overrides) {
  std::error_code unreadable;  // then reading it says so
  const bool run = std::filesystem::is_directory(path, unreadable);
  const std::string file = run ? path + "/model.safetensors" : path;
  auto model = inference::read_puzzle_model(file);
  if (!model) return tl::unexpected(explained(path, ModelKind::kPuzzle, model.error()));
  const std::string described = model->metadata["environment"];
  auto trained = environment::read_metadata(described, file + ", metadata 'environment'",
                                            {.name = model->puzzle.name});
  if (!trained) return tl::unexpected(trained.error());
  environment::EnvironmentConfig config = std::move(*trained);
  const auto ordered = environment::environment_overrides(overrides);
  if (auto parsed = parse_config("", "--environment", ordered, describe_of(config)); !parsed)
    return tl::unexpected(parsed.error());
  if (auto used = environment::check_environment_overrides(config, overrides); !used)
    return tl::unexpected(used.error());
  auto puzzle = environment::make_puzzle(config);
  if (!puzzle) return tl::unexpected(puzzle.error());
  auto network = inference::PuzzleNetwork::make(*model, *puzzle, file);
  if (!network) {
    if (described.empty() && overrides.empty())
      network.error().message += "; the file does not say its size: give --environment size=N";
    return tl::unexpected(network.error());
  }
  auto shared = std::make_shared<inference::PuzzleNetwork>(std::move(*network));
  return PuzzleEstimate{file, std::move(*puzzle), [shared] {
                          return std::make_unique<inference::PuzzleNetwork>(shared->clone());
                        }};
}

Result<PuzzleEstimate> load_heuristic(const std::string& name, search::EstimateKind kind,
                                      std::span<const std::string> environment) {
  environment::EnvironmentConfig config;
  config.name.clear();
  const auto ordered = environment::environment_overrides(environment);
  if (auto parsed = parse_config("", "--environment", ordered, describe_of(config)); !parsed)
    return tl::unexpected(parsed.error());
  if (config.name.empty()) {
    return fail(
        Errc::kUsage,
        fmt::format("--heuristic needs --environment name=PUZZLE size=N; the puzzles are {}",
                    fmt::join(environment::puzzle_names(), ", ")));
  }
  if (auto used = environment::check_environment_overrides(config, environment); !used)
    return tl::unexpected(used.error());
  const auto puzzle = environment::make_puzzle(config);
  if (!puzzle) return tl::unexpected(puzzle.error());
  if (auto known = search::make_heuristic(name, *puzzle, kind); !known)
    return tl::unexpected(known.error());
  return PuzzleEstimate{name, *puzzle, [name, kind, puzzle = *puzzle] {
                          return std::move(search::make_heuristic(name, puzzle, kind).value());
                        }};
}

}  // namespace qstar::cli

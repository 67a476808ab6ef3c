#include "cli/puzzle_estimate.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <filesystem>

#include "core/printable.hpp"
#include "environment/registry.hpp"
#include "learning/puzzle_network.hpp"

namespace qstar {
namespace {

// The settings that each puzzle reads beside its name; the rest of an EnvironmentConfig belongs to
// other environments.
struct Settings {
  std::string_view puzzle;
  std::array<std::string_view, 4> keys;
};
constexpr std::array kSettings = {
    Settings{"lights_out", {"name", "size", "turns", "chase"}},
    Settings{"cube3", {"name", "size", "turns", "repeats"}},
};
constexpr std::array<std::string_view, 4> kSized = {"name", "size", "", ""};  // of other puzzles

// A setting that the puzzle does not read would be ignored.
Status check_settings(std::string_view puzzle, std::span<const std::string> environment) {
  auto keys = kSized;
  for (const Settings& settings : kSettings)
    if (settings.puzzle == puzzle) keys = settings.keys;
  for (const std::string& setting : environment) {
    const std::string key = setting.substr(0, setting.find('='));
    if (std::find(keys.begin(), keys.end(), key) != keys.end()) continue;
    const auto end = std::find(keys.begin(), keys.end(), "");
    return fail(Errc::kConfig,
                fmt::format("--environment {}: {} has no such setting, only {}", printable(setting),
                            puzzle, fmt::join(keys.begin(), end, ", ")));
  }
  return {};
}

}  // namespace

Result<PuzzleEstimate> load_puzzle_model(const std::string& path,
                                         std::span<const std::string> overrides) {
  std::error_code unreadable;  // then reading it says so
  const bool run = std::filesystem::is_directory(path, unreadable);
  const std::string file = run ? path + "/model.safetensors" : path;
  auto model = read_puzzle_model(file);
  if (!model) return tl::unexpected(model.error());
  const std::string described = model->metadata["environment"];
  EnvironmentConfig config;
  config.name = model->puzzle.name;
  if (auto parsed = parse_config(described, file + ", metadata 'environment'", overrides,
                                 describe_of(config));
      !parsed)
    return fail(parsed.error().code, printable(parsed.error().message));
  auto puzzle = make_puzzle(config);
  if (!puzzle) return tl::unexpected(puzzle.error());
  if (auto settings = check_settings(config.name, overrides); !settings)
    return tl::unexpected(settings.error());
  auto network = PuzzleNetwork::make(*model, *puzzle, file);
  if (!network) {
    if (described.empty() && overrides.empty())
      network.error().message += "; the file does not say its size: give --environment size=N";
    return tl::unexpected(network.error());
  }
  auto shared = std::make_shared<PuzzleNetwork>(std::move(*network));
  return PuzzleEstimate{file, std::move(*puzzle),
                        [shared] { return std::make_unique<PuzzleNetwork>(shared->clone()); }};
}

Result<PuzzleEstimate> load_heuristic(const std::string& name, EstimateKind kind,
                                      std::span<const std::string> environment) {
  EnvironmentConfig config;
  config.name.clear();
  if (auto parsed = parse_config("", "--environment", environment, describe_of(config)); !parsed)
    return fail(parsed.error().code, printable(parsed.error().message));
  if (config.name.empty()) {
    return fail(
        Errc::kUsage,
        fmt::format("--heuristic needs --environment name=PUZZLE size=N; the puzzles are {}",
                    fmt::join(puzzle_names(), ", ")));
  }
  const auto puzzle = make_puzzle(config);
  if (!puzzle) return tl::unexpected(puzzle.error());
  if (auto settings = check_settings(config.name, environment); !settings)
    return tl::unexpected(settings.error());
  if (auto known = make_heuristic(name, *puzzle, kind); !known)
    return tl::unexpected(known.error());
  return PuzzleEstimate{name, *puzzle, [name, kind, puzzle = *puzzle] {
                          return std::move(make_heuristic(name, puzzle, kind).value());
                        }};
}

}  // namespace qstar

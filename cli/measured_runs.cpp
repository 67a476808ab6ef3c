#include "cli/measured_runs.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "cli/model.hpp"
#include "cli/puzzle_estimate.hpp"
#include "cli/run_report.hpp"
#include "core/printable.hpp"
#include "experiment/experiment.hpp"
#include "experiment/puzzle/cost_to_go_config.hpp"
#include "learning/cost_to_go/lookahead.hpp"
#include "learning/cost_to_go/scrambles.hpp"
#include "search/text/evaluate.hpp"
#include "serving/report/report_stages.hpp"
#include "serving/report/report_values.hpp"

namespace qstar::cli {
namespace {

using nlohmann::json;

constexpr std::size_t kPositions = 128;  // played between two looks at the flag that stops it

// A run's folder with what it recorded.
struct Recorded {
  serving::ComparedRun run;
  std::string kind;  // see kind_of
  ConfigText config;
};

double figure(const json& object, const char* key) {
  return serving::number_of(serving::member(object, key)).value_or(0);
}

std::vector<serving::CurvePoint> curve_of(const json& points, const char* cost,
                                          const char* accuracy) {
  std::vector<serving::CurvePoint> curve;
  if (!points.is_array()) return curve;
  for (const json& point : points) {
    const auto x = serving::number_of(serving::member(point, cost)),
               y = serving::number_of(serving::member(point, accuracy));
    if (x && y && (curve.empty() || *x > curve.back().cost)) curve.push_back({*x, *y});
  }
  return curve;
}

// The cost and the learning curve of the last stage that learned from its own attempts or, for
// puzzles, of the last that learned a cost-to-go network.
void take_figures(const json& report, Recorded& recorded) {
  const bool puzzle = recorded.kind == "puzzle";
  const json& last = serving::results_of_last(report, puzzle ? "cost_to_go" : "reinforce");
  const char* cost = puzzle ? "updates" : "tokens";
  recorded.run.curve =
      curve_of(serving::member(last, "curve"), cost, puzzle ? "solved" : "accuracy");
  recorded.run.cost = figure(last, cost);
  recorded.run.cpu_seconds = figure(serving::member(report, "cost"), "cpu_seconds");
}

Result<Recorded> read_recorded(const std::string& folder) {
  const auto report = read_run_report(folder);
  if (!report) return tl::unexpected(report.error());
  auto config = read_config(folder + "/config.toml");
  if (!config)
    return fail(config.error().code,
                folder + " is no run folder: its config.toml cannot be read; give run folders");
  Recorded recorded;
  recorded.run.folder = folder;
  recorded.run.settings = config_values(config->toml);
  if (recorded.run.settings.empty())
    return fail(Errc::kCorrupt, printable(folder) + "/config.toml is damaged: it is no TOML");
  recorded.kind = serving::kind_of(*report);
  recorded.config = std::move(*config);
  take_figures(*report, recorded);
  return recorded;
}

Status same_problems(const serving::ComparedRun& first, const serving::ComparedRun& other,
                     const environment::EnvironmentConfig& a,
                     const environment::EnvironmentConfig& b) {
  if (a == b) return {};
  return fail(Errc::kUsage,
              fmt::format("{} and {} were trained on different environments ({} and {}), so they "
                          "have no held-out problems in common: choose one for all with "
                          "--environment KEY=VALUE",
                          first.folder, other.folder, to_json(a).dump(), to_json(b).dump()));
}

Status interrupted() {
  return fail(Errc::kInterrupted, "interrupted before all runs were measured");
}

Status measure_text(std::vector<Recorded>& all, const MeasureOptions& options) {
  environment::EnvironmentConfig environment;
  for (Recorded& recorded : all) {
    auto model = load_model(recorded.run.folder, options.environment);
    if (!model) return tl::unexpected(model.error());
    if (&recorded == &all.front()) environment = model->config;
    if (auto same = same_problems(all.front().run, recorded.run, environment, model->config); !same)
      return same;
    options.show(fmt::format("measuring {}", recorded.run.folder));
    const auto problems =
        search::held_out_problems(*model->environment, options.problems, 0, options.stop);
    inference::DecoderPolicy policy(model->weights, inference::DecoderPolicy::kSlots, options.stop);
    const search::SearchOptions how{.max_tokens =
                                        static_cast<std::int32_t>(model->weights->spec().context)};
    const auto figures =
        search::evaluate(search::make_search("greedy").value(), *model->environment,
                         {policy, nullptr, options.stop}, problems, how);
    if (!figures) return tl::unexpected(figures.error());
    if (figures->stopped || options.stop()) return interrupted();
    for (const auto& result : figures->results)
      recorded.run.right.push_back(result.answer().win() ? 1 : 0);
  }
  return {};
}

// As the learner's own checks (learning/cost_to_go/puzzle_learner.cpp).
Status measure_puzzles(std::vector<Recorded>& all, const MeasureOptions& options) {
  experiment::Experiment first;
  const auto& text = all.front().config;
  if (auto read = parse_config(text.toml, text.source, {}, describe_of(first)); !read) return read;
  const experiment::CostToGoConfig* config = experiment::cost_to_go_of(first);
  if (config == nullptr)
    return fail(Errc::kCorrupt,
                printable(text.source) + " has no stage of kind cost_to_go, which its report has");
  learning::ScrambleConfig scrambles = config->learner.scrambles;
  scrambles.batch = options.problems;
  std::vector<std::uint8_t> positions;
  for (Recorded& recorded : all) {
    const auto network = load_puzzle_model(recorded.run.folder, options.environment);
    if (!network) return tl::unexpected(network.error());
    options.show(fmt::format("measuring {}", recorded.run.folder));
    auto mine =
        learning::Scrambles(network->puzzle, scrambles, derive_seed(0, "check")).batch(0).states;
    if (&recorded == &all.front()) positions = mine;
    if (mine != positions)
      return fail(Errc::kUsage, fmt::format("{} and {} are runs of different puzzles",
                                            all.front().run.folder, recorded.run.folder));
    const auto values = network->make();
    learning::BestMoves best(*network->puzzle, *values);
    const std::size_t part = kPositions * network->puzzle->state_bytes();
    for (std::size_t at = 0; at < positions.size(); at += part) {
      if (options.stop()) return interrupted();
      const auto some = std::span(positions).subspan(at, std::min(part, positions.size() - at));
      for (const auto& walk :
           learning::greedy_walks(*network->puzzle, best, some, config->learner.check_moves))
        recorded.run.right.push_back(walk.solved ? 1 : 0);
    }
  }
  return {};
}

}  // namespace

Result<MeasuredRuns> measure_runs(std::span<const std::string> folders,
                                  const MeasureOptions& options) {
  std::vector<Recorded> all;
  for (const auto& folder : folders) {
    auto recorded = read_recorded(folder);
    if (!recorded) return tl::unexpected(recorded.error());
    all.push_back(std::move(*recorded));
    if (all.back().kind == all.front().kind) continue;
    return fail(Errc::kUsage,
                fmt::format("{} is a {} run and {} a {} run: compare runs of one kind",
                            all.front().run.folder, all.front().kind, folder, all.back().kind));
  }
  const bool puzzles = !all.empty() && all.front().kind == "puzzle";
  const auto measured = puzzles ? measure_puzzles(all, options) : measure_text(all, options);
  if (!measured) return tl::unexpected(measured.error());
  MeasuredRuns runs{{}, puzzles ? "updates" : "tokens"};
  for (Recorded& recorded : all) runs.runs.push_back(std::move(recorded.run));
  return runs;
}

std::string shortfall_of(std::int64_t found, std::int64_t wanted) {
  if (found >= wanted) return "";
  return fmt::format("qstar: only {} different held-out problems were found, not {}\n", found,
                     wanted);
}

}  // namespace qstar::cli

#include "actors/stage_progress.hpp"

#include <fmt/format.h>

#include <array>
#include <nlohmann/json.hpp>

#include "core/printable.hpp"

namespace qstar::actors {
namespace {

using nlohmann::json;

struct Figure {
  const char* name;
  const char* label;  // in the line
};
// The figures of a line, in this order.
constexpr std::array<Figure, 7> kFigures = {{{"accuracy", "accuracy"},
                                             {"solved", "solved"},
                                             {"loss", "loss"},
                                             {"reward", "reward"},
                                             {"kl", "kl"},
                                             {"lucky", "lucky"},
                                             {"step_auc", "step AUC"}}};
constexpr int kMostFigures = 4;  // so that the remaining time fits into the line
// What a stage counts beside its progress.
constexpr std::array<const char*, 2> kRates = {"examples", "tokens"};

// `newest`: the figures of the stage so far, of which not all are measured every time.
std::string line_of(const MetricsRow& row, double share,
                    const std::map<std::string, double>& newest) {
  std::string line = fmt::format("{} {:.0f} %", printable(row.phase), 100 * share);
  int shown = 0;
  for (const auto& [name, label] : kFigures) {
    const auto it = newest.find(name);
    if (it == newest.end() || ++shown > kMostFigures) continue;
    line += fmt::format("  {} {:.3f}", label, it->second);
  }
  for (const auto* counted : kRates) {
    const auto rate = row.values.find(std::string(counted) + "_per_second");
    if (rate != row.values.end() && rate->second > 0)
      line += fmt::format("  {:.1f} k {}/s", rate->second / 1e3, counted);
  }
  return line;
}

}  // namespace

ProgressUpdate ProgressDisplay::update(const experiment::StageProgress& p,
                                       const Occupancy& occupancy, double now) {
  if (p.stage != stage_) {
    stage_ = p.stage;
    pace_ = {};
    rates_.clear();
    newest_.clear();
  }
  MetricsRow row{p.stage, static_cast<std::uint64_t>(p.done), p.values};
  const double rate = pace_.rate(now, static_cast<double>(p.done));
  const double share = p.total > 0 ? static_cast<double>(p.done) / static_cast<double>(p.total) : 1;
  for (const auto& [name, value] : p.values) newest_[name] = value;
  for (const auto* counted : kRates)
    if (const auto made = p.values.find(counted); made != p.values.end())
      row.values[std::string(counted) + "_per_second"] = rates_[counted].rate(now, made->second);
  const json status = {{"phase", p.stage},
                       {"progress", share},
                       {"figures", row.values},
                       {"executors", {{"busy", occupancy.busy()}, {"waiting", occupancy.idle()}}}};
  auto line = p.line.empty() ? line_of(row, share, newest_) : p.line;
  if (p.line.empty() && rate > 0 && p.done < p.total)
    line += "  " + experiment::time_left(static_cast<double>(p.total - p.done), rate);
  return {std::move(row), std::move(line), status.dump(), p.done < p.total};
}

}  // namespace qstar::actors

#include "actors/stage_progress.hpp"

#include <fmt/format.h>

#include <array>
#include <nlohmann/json.hpp>
#include <utility>

#include "core/printable.hpp"

namespace qstar::actors {
namespace {

using nlohmann::json;

// The figures of a line, with the number of their digits, in this order.
constexpr std::array<std::pair<const char*, int>, 6> kFigures = {
    {{"accuracy", 3}, {"solved", 3}, {"loss", 3}, {"reward", 3}, {"kl", 3}, {"lucky", 3}}};

std::string line_of(const experiment::StageProgress& p, const MetricsRow& row, double share) {
  std::string line = fmt::format("{} {:.0f} %", printable(p.stage), 100 * share);
  for (const auto& [name, digits] : kFigures) {
    if (const auto it = p.values.find(name); it != p.values.end())
      line += fmt::format("  {} {:.{}f}", name, it->second, digits);
  }
  const auto rate = row.values.find("examples_per_second");
  if (rate != row.values.end() && rate->second > 0)
    line += fmt::format("  {:.1f} k examples/s", rate->second / 1e3);
  return line;
}

}  // namespace

Report StageReports::report(const experiment::StageProgress& p, const Occupancy& occupancy,
                            double now) {
  if (p.stage != stage_) {
    stage_ = p.stage;
    pace_ = examples_ = {};
  }
  MetricsRow row{p.stage, static_cast<std::uint64_t>(p.done), p.values};
  const double rate = pace_.rate(now, static_cast<double>(p.done));
  const double share = p.total > 0 ? static_cast<double>(p.done) / static_cast<double>(p.total) : 1;
  if (const auto made = p.values.find("examples"); made != p.values.end())
    row.values["examples_per_second"] = examples_.rate(now, made->second);
  const json status = {{"phase", p.stage},
                       {"progress", share},
                       {"figures", row.values},
                       {"executors", {{"busy", occupancy.busy()}, {"waiting", occupancy.idle()}}}};
  auto line = p.line.empty() ? line_of(p, row, share) : p.line;
  if (p.line.empty() && rate > 0 && p.done < p.total)
    line += "  " + experiment::time_left(static_cast<double>(p.total - p.done), rate);
  return {std::move(row), std::move(line), status.dump(), p.done < p.total};
}

}  // namespace qstar::actors

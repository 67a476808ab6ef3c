#include "actors/stage_progress.hpp"

#include <fmt/format.h>

#include <array>
#include <nlohmann/json.hpp>
#include <utility>

#include "core/printable.hpp"

namespace qstar {
namespace {

using nlohmann::json;

// The figures of a line, with the number of their digits, in this order.
constexpr std::array<std::pair<const char*, int>, 6> kFigures = {
    {{"accuracy", 3}, {"solved", 3}, {"loss", 3}, {"reward", 3}, {"kl", 3}, {"lucky", 3}}};

}  // namespace

Report StageReports::report(const StageProgress& p, double now) {
  if (p.stage != stage_) {
    stage_ = p.stage;
    pace_ = examples_ = {};
  }
  MetricsRow row{p.stage, static_cast<std::uint64_t>(p.done), p.values};
  const double rate = pace_.rate(now, static_cast<double>(p.done));
  const double share = p.total > 0 ? static_cast<double>(p.done) / static_cast<double>(p.total) : 1;
  std::string line = fmt::format("{} {:.0f} %", printable(p.stage), 100 * share);
  for (const auto& [name, digits] : kFigures) {
    if (const auto it = p.values.find(name); it != p.values.end())
      line += fmt::format("  {} {:.{}f}", name, it->second, digits);
  }
  if (const auto made = p.values.find("examples"); made != p.values.end()) {
    const double per_second = examples_.rate(now, made->second);
    row.values["examples_per_second"] = per_second;
    if (per_second > 0) line += fmt::format("  {:.1f} k examples/s", per_second / 1e3);
  }
  if (rate > 0 && p.done < p.total)
    line += "  " + time_left(static_cast<double>(p.total - p.done), rate);
  const json status = {{"phase", p.stage}, {"progress", share}, {"figures", row.values}};
  return {std::move(row), std::move(line), status.dump(), p.done < p.total};
}

}  // namespace qstar

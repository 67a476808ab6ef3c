#include "serving/report.hpp"

#include <fmt/format.h>

#include "serving/learning_curve.hpp"

namespace qstar {
namespace {

using nlohmann::json;

std::string accuracy_row(const json& report, const char* policy, const char* how) {
  const json figures = report.value(json::json_pointer(fmt::format("/{}/{}", policy, how)), json());
  if (!figures.is_object()) return "";
  const json interval = figures.value("ci95", json::array({0.0, 1.0}));
  return fmt::format("| {} | {} | {:.4f} | {:.4f} – {:.4f} | {} | {:.1f} | {:.2f} |\n", policy, how,
                     figures.value("accuracy", 0.0), interval[0].get<double>(),
                     interval[1].get<double>(), figures.value("n", 0),
                     figures.value("tokens_per_problem", 0.0), figures.value("cpu_seconds", 0.0));
}

std::string calibration_of(const json& critic) {
  std::string out = "\n| bin | mean Q | win rate | steps |\n|---|---|---|---|\n";
  for (int b = 0; b < 10; ++b) {
    const auto prefix = fmt::format("bin{}", b);
    if (critic.value(prefix + ".n", 0.0) == 0) continue;
    out += fmt::format("| {:.1f} – {:.1f} | {:.3f} | {:.3f} | {:.0f} |\n", b / 10.0, (b + 1) / 10.0,
                       critic.value(prefix + ".q", 0.0), critic.value(prefix + ".win", 0.0),
                       critic.value(prefix + ".n", 0.0));
  }
  return out;
}

}  // namespace

std::string figures_table(const json& values) {
  std::string out = "\n| figure | value |\n|---|---|\n";
  for (const auto& [name, value] : values.items())
    out += fmt::format("| {} | {} |\n", name, value.dump());
  return out;
}

std::string report_markdown(const json& report) {
  std::string out = fmt::format(
      "# {}\n\nFamily {}, seed {}, configuration {}, qstar {}.\n\n![learning "
      "curve](learning_curve.svg)\n",
      report.value("name", ""), report.value("family", ""), report.value("seed", std::int64_t{0}),
      report.value("config_hash", ""), report.value("code_version", ""));
  out +=
      "\n## Accuracy on held-out problems\n\n| policy | decoding | accuracy | 95 % interval | n | "
      "tokens a problem | CPU s |\n"
      "|---|---|---|---|---|---|---|\n";
  for (const char* policy : {"base", "final"}) {
    for (const char* how : {"greedy", "sampled"}) out += accuracy_row(report, policy, how);
  }
  const json critic = report.value("critic", json::object());
  if (!critic.empty()) {
    out += fmt::format(
        "\n## Critic\n\nStep AUC {:.3f} against the exact verifier on the base's attempts; "
        "calibration error {:.3f} on the newest {:.0f} steps, valued before they were learned "
        "from.\n",
        critic.value("step_auc", 0.5), critic.value("calibration_error", 0.0),
        critic.value("steps", 0.0));
    out += calibration_of(critic);
  }
  if (report.contains("attempts")) out += "\n## Attempts\n" + figures_table(report["attempts"]);
  if (report.contains("cost")) out += "\n## Cost\n" + figures_table(report["cost"]);
  return out;
}

std::string curve_of(const json& report) {
  std::vector<CurvePoint> points;
  for (const auto& point : report.value("curve", json::array())) {
    points.push_back({point.value("generated_tokens", 0.0), point.value("greedy", 0.0)});
  }
  return learning_curve_svg(
      points, {fmt::format("{}, seed {}: greedy accuracy on held-out problems",
                           report.value("name", ""), report.value("seed", std::int64_t{0})),
               "generated tokens"});
}

}  // namespace qstar

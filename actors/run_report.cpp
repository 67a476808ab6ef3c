#include "actors/run_report.hpp"

#include "serving/report.hpp"

namespace qstar {

nlohmann::json make_report(const ExperimentConfig& config, const RunEnd& end,
                           double worker_cpu_seconds) {
  ExperimentConfig copy = config;
  const RunState& run = end.state;
  return {{"name", config.name},
          {"family", config.environment.family},
          {"long_work", config.environment.long_work},
          {"seed", config.seed},
          {"config_hash", config_hash(describe_of(copy))},
          {"code_version", QSTAR_VERSION},
          {"base", run.base},
          {"final", run.final_},
          {"critic", run.critic},
          {"curve", run.curve},
          {"attempts", {{"n", run.attempts}, {"wins", run.wins}, {"lucky", run.lucky}}},
          {"cost",
           {{"cpu_seconds", run.cpu_seconds + worker_cpu_seconds},
            {"wall_seconds", run.wall_seconds},
            {"peak_memory_bytes", peak_resident_bytes()},
            {"pretrain_tokens", run.pretrain_tokens},
            {"generated_tokens", run.generated_tokens},
            {"trained_tokens", run.trained_tokens},
            {"policy_updates", run.policy_updates},
            {"critic_updates", run.critic_updates},
            {"policy_versions", run.version}}}};
}

std::vector<std::pair<std::string, std::string>> final_files(const ExperimentConfig& config,
                                                             const RunEnd& end,
                                                             double worker_cpu_seconds) {
  const auto report = make_report(config, end, worker_cpu_seconds);
  return {{"policy.safetensors", end.model},
          {"critic.safetensors", end.critic},
          {"report.md", report_markdown(report)},
          {"learning_curve.svg", curve_of(report)},
          {"report.json", report.dump(2) + "\n"}};
}

}  // namespace qstar

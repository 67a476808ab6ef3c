#include "actors/text_head.hpp"

#include <fmt/format.h>

#include "actors/process/session_start.hpp"
#include "actors/stage_session.hpp"
#include "core/metrics.hpp"
#include "serving/report/report.hpp"

namespace qstar::actors {
namespace {

const RunKind kTextRun{
    "text",
    "an experiment on text",
    {"rl.versions", "rollout.actors", "rollout.lease_seconds", "rollout.keep_weights_mb",
     "replay.capacity", "replay.sync", "checkpoint.", "restart."}};

SessionConfig session_config_of(const experiment::ExperimentConfig& config,
                                EnvironmentPtr environment) {
  return {{config.name, config.environment, config.rollout.actors, config.rollout.slots,
           config.restart},
          std::move(environment),
          config.checkpoint,
          config.rollout.lease_seconds,
          config.rollout.keep_weights_mb,
          config.replay.capacity,
          config.replay.sync};
}

Result<EnvironmentPtr> environment_of(const TextHeadOptions& options) {
  if (options.environment) return options.environment;
  auto made = environment::make_environment(options.config.environment);
  if (!made) return tl::unexpected(made.error());
  return EnvironmentPtr(std::move(*made));
}

std::vector<std::pair<std::string, std::string>> final_files(
    const experiment::ExperimentConfig& config, const experiment::TextResult& result) {
  const auto report = make_text_report(config, result.state);
  return {{"policy.safetensors", result.policy},
          {"critic.safetensors", result.critic},
          {"report.md", serving::report_markdown(report)},
          {"learning_curve.svg", serving::curve_of(report)},
          {"report.json", report.dump(2) + "\n"}};
}

// What a run that was stopped has kept, in words.
std::string kept_text(StageFiles& files, const experiment::ExperimentConfig& config) {
  auto saved = files.load(experiment::kTextLabel);
  const auto state = saved ? experiment::load_text_state(saved->parts["state.json"])
                           : Result<experiment::TextState>(tl::unexpected(saved.error()));
  if (!state) return "nothing is saved yet: the run will start again";
  if (state->version == 0)
    return fmt::format("saved: {} of {} pre-training steps", state->pretrain_steps,
                       config.pretrain.steps);
  return fmt::format("saved: {} of {} versions of the policy, {} attempts", state->version - 1,
                     config.rl.versions, state->attempts);
}

// The training of a run, which the thread of its stages owns together with the session.
struct Training {
  experiment::ExperimentConfig config;
  EnvironmentPtr environment;
  experiment::TextResult result;
};

}  // namespace

nlohmann::json make_text_report(const experiment::ExperimentConfig& config,
                                const experiment::TextState& state) {
  experiment::ExperimentConfig copy = config;
  return {{"name", config.name},
          {"family", config.environment.family},
          {"long_work", config.environment.long_work},
          {"seed", config.seed},
          {"config_hash", config_hash(describe_of(copy))},
          {"code_version", QSTAR_VERSION},
          {"base", state.base},
          {"final", state.final_},
          {"critic", state.critic_figures},
          {"curve", state.curve},
          {"attempts", {{"n", state.attempts}, {"wins", state.wins}, {"lucky", state.lucky}}},
          {"cost",
           {{"cpu_seconds", state.cpu_seconds},
            {"wall_seconds", state.times.now},
            {"learner_waited_seconds", state.times.stage_waited},
            {"executors_busy_seconds", state.times.executors_busy},
            {"executors_idle_seconds", state.times.executors_idle},
            {"peak_memory_bytes", peak_resident_bytes()},
            {"pretrain_tokens", state.pretrain_tokens},
            {"generated_tokens", state.generated_tokens},
            {"trained_tokens", state.trained_tokens},
            {"policy_updates", state.policy_updates},
            {"critic_updates", state.critic_updates},
            {"policy_versions", state.version}}}};
}

Result<experiment::TextResult> run_text_head(const TextHeadOptions& options) {
  if (auto possible = check(options); !possible) return tl::unexpected(possible.error());
  auto environment = environment_of(options);
  if (!environment) return tl::unexpected(environment.error());
  auto gateway = start_gateway(options);
  if (!gateway) return tl::unexpected(gateway.error());
  auto directory = open_run(options, options.config, kTextRun);
  if (!directory) return tl::unexpected(directory.error());
  const auto training = std::make_shared<Training>(Training{options.config, *environment, {}});
  const StagedRun run{
      session_config_of(options.config, *environment),
      [training](const experiment::StageHost& host) {
        return experiment::run_text(training->config, training->environment, host)
            .map([&](experiment::TextResult&& result) { training->result = std::move(result); });
      },
      [&options](StageFiles& files) { return kept_text(files, options.config); }};
  if (auto done = run_staged(options, *directory, gateway->get(), run); !done)
    return tl::unexpected(done.error());
  if (auto written = directory->conclude(final_files(options.config, training->result)); !written)
    return tl::unexpected(written.error());
  return training->result;
}

}  // namespace qstar::actors

#include "actors/progress.hpp"

#include <fmt/format.h>

namespace qstar {
namespace {

using nlohmann::json;

double share(std::uint64_t part, std::uint64_t whole) {
  return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
}

std::optional<double> number_at(const json& figures, const char* pointer) {
  const json::json_pointer at(pointer);
  if (!figures.contains(at) || !figures.at(at).is_number()) return std::nullopt;
  return figures.at(at).get<double>();
}

std::optional<double> newest_accuracy(const RunState& run) {
  return run.curve.empty() ? number_at(run.base, "/greedy/accuracy")
                           : number_at(run.curve.back(), "/greedy");
}

std::optional<double> win_share(const RunState& run) {
  if (run.attempts == 0) return std::nullopt;
  return share(run.wins, run.attempts);
}

json json_of(const std::optional<double>& value) { return value ? json(*value) : json(nullptr); }

void put(MetricsRow& row, const char* name, const std::optional<double>& value) {
  if (value) row.values[name] = *value;
}

// A further part of a line, if there is one.
std::string after_gap(const std::string& part) { return part.empty() ? part : "  " + part; }

}  // namespace

std::string figure(const std::optional<double>& value, int digits) {
  return value ? fmt::format("{:.{}f}", *value, digits) : "-";
}

std::string time_left(double rest, double rate) {
  if (!(rate > 0)) return "";
  const double seconds = rest / rate;
  if (seconds < 120) return fmt::format("{:.0f} s left", seconds);
  if (seconds < 7200) return fmt::format("{:.0f} min left", seconds / 60);
  return fmt::format("{:.1f} h left", seconds / 3600);
}

double Pace::rate(double now, double done) {
  if (first_done_ < 0) {
    first_now_ = now;
    first_done_ = done;
  }
  return now > first_now_ ? (done - first_done_) / (now - first_now_) : 0;
}

Report Progress::pretrained(const RunState& run, const Trained& slice, double seconds) const {
  const auto total = config_.pretrain.steps;
  const double rate = static_cast<double>(slice.tokens) / seconds;
  const auto rest = static_cast<double>(total - run.pretrain_steps);
  return {{"pretrain",
           static_cast<std::uint64_t>(run.pretrain_steps),
           {{"loss", slice.loss}, {"tokens_per_second", rate}}},
          fmt::format("pretrain {}/{}  loss {:.3f}  {:.1f} k tokens/s  {}", run.pretrain_steps,
                      total, slice.loss, rate / 1e3,
                      time_left(rest, static_cast<double>(slice.updates) / seconds)),
          {}};
}

Report Progress::trained(const RunState& run, const Trained& version, const ReplayStatus& replay,
                         const Queues& queues, double now) {
  const auto made = run.version - 1;
  const auto total = config_.rl.versions;
  if (const auto it = version.values.find("sampled_version"); it != version.values.end())
    staleness_ = std::max(0.0, static_cast<double>(made) - it->second);
  MetricsRow row{"rl", made, version.values};
  if (version.tokens > 0) row.values["loss"] = version.loss;
  put(row, "win_share", win_share(run));
  put(row, "greedy", newest_accuracy(run));
  put(row, "staleness", staleness_);
  row.values.insert({{"generated_tokens", static_cast<double>(run.generated_tokens)},
                     {"replay.inserts", static_cast<double>(replay.inserts)},
                     {"replay.policy_samples", static_cast<double>(replay.policy_samples)},
                     {"replay.policy_size", static_cast<double>(replay.policy_size)},
                     {"replay.dropped_stale", static_cast<double>(replay.dropped_stale)},
                     {"leases.outstanding", static_cast<double>(queues.leases_outstanding)},
                     {"rollouts.waiting", static_cast<double>(queues.executors_waiting)}});
  const double pace = versions_.rate(now, static_cast<double>(made));
  const double tokens = tokens_.rate(now, static_cast<double>(run.generated_tokens));
  row.values["generated_tokens_per_second"] = tokens;
  const auto rest = static_cast<double>(total) - static_cast<double>(made);
  return {std::move(row),
          fmt::format("rl {}/{}  greedy {}  {} k tokens generated{}{}{}", made, total,
                      figure(newest_accuracy(run)), run.generated_tokens / 1000,
                      tokens > 0 ? fmt::format(", {:.1f} k/s", tokens / 1e3) : "",
                      after_gap(time_left(rest, pace)), after_gap(replay.who_waits)),
          {}};
}

Report Progress::criticised(const RunState& run, const std::optional<double>& loss) const {
  MetricsRow row{"critic", static_cast<std::uint64_t>(run.critic_updates), {}};
  put(row, "loss", loss);
  for (const auto& [name, value] : run.critic.items()) row.values[name] = value.get<double>();
  return {std::move(row),
          fmt::format("critic {}/{}  loss {}  step AUC {}  calibration error {}",
                      run.critic_updates, config_.rl.versions * config_.critic.updates_per_version,
                      figure(loss), figure(number_at(run.critic, "/step_auc")),
                      figure(number_at(run.critic, "/calibration_error"))),
          {}};
}

Report Progress::evaluated(const std::string& what, bool sampled, std::uint64_t version,
                           const Evaluated& figures) {
  const std::string how = sampled ? "sampled" : "greedy";
  return {{"eval", version, {{how, figures.accuracy}, {"n", static_cast<double>(figures.n)}}},
          fmt::format("{} {} accuracy {:.4f} on {} held-out problems", what, how, figures.accuracy,
                      figures.n),
          {}};
}

std::string Progress::status(const RunState& run, const ReplayStatus& replay,
                             const Queues& queues) const {
  const auto versions = run.version == 0 ? 0 : run.version - 1;
  const double progress = run.phase == Phase::kPretrain
                              ? share(static_cast<std::uint64_t>(run.pretrain_steps),
                                      static_cast<std::uint64_t>(config_.pretrain.steps))
                              : share(versions, static_cast<std::uint64_t>(config_.rl.versions));
  return json{{"phase", to_string(run.phase)},
              {"progress", progress},
              {"versions",
               {{"policy", run.version},
                {"policy_updates", run.policy_updates},
                {"critic_updates", run.critic_updates}}},
              {"queues",
               {{"leases_outstanding", queues.leases_outstanding},
                {"executors_waiting", queues.executors_waiting},
                {"evaluations", queues.evaluations},
                {"replay_policy", replay.policy_size},
                {"replay_critic", replay.critic_size},
                {"who_waits", replay.who_waits}}},
              {"staleness",
               {{"mean", json_of(staleness_)},
                {"bound", config_.rl.staleness},
                {"dropped", replay.dropped_stale}}},
              {"figures",
               {{"greedy", json_of(newest_accuracy(run))},
                {"win_share", json_of(win_share(run))},
                {"generated_tokens", run.generated_tokens},
                {"attempts", run.attempts}}}}
      .dump();
}

void record(RunState& run, const std::string& what, bool sampled, json point, const Evaluated& e) {
  const json figures = {{"n", e.n},
                        {"accuracy", e.accuracy},
                        {"ci95", {e.low, e.high}},
                        {"tokens_per_problem", e.tokens_per_problem},
                        {"cpu_seconds", e.cpu_seconds}};
  const char* how = sampled ? "sampled" : "greedy";
  if (what == "base") run.base[how] = figures;
  if (what == "final") run.final_[how] = figures;
  if (sampled || what == "final") return;
  point["greedy"] = e.accuracy;
  run.curve.push_back(std::move(point));
}

}  // namespace qstar

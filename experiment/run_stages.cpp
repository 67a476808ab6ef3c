#include "experiment/run_stages.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/metrics.hpp"
#include "experiment/targets.hpp"

namespace qstar::experiment {
namespace {

using nlohmann::json;

constexpr const char* kCostPart = "stage_cost.json";

json json_of(const StageCost& cost) {
  return {{"cpu_seconds", cost.cpu_seconds},
          {"wall_seconds", cost.times.now},
          {"learner_waited_seconds", cost.times.stage_waited},
          {"executors_busy_seconds", cost.times.executors_busy},
          {"executors_idle_seconds", cost.times.executors_idle}};
}

StageCost cost_in(const std::string& text) {
  const json saved = json::parse(text, nullptr, false);
  const auto number = [&](const char* key) {
    return saved.is_object() && saved.contains(key) && saved[key].is_number()
               ? saved[key].get<double>()
               : 0.0;
  };
  return {number("cpu_seconds"),
          {number("wall_seconds"), number("learner_waited_seconds"),
           number("executors_busy_seconds"), number("executors_idle_seconds")}};
}

// What the stage under way has cost. Its saves carry it, so that a resumed stage goes on counting.
class Meter {
 public:
  explicit Meter(std::shared_ptr<Engine> engine) : engine_(std::move(engine)) { begin(); }

  void begin() {
    before_ = {};
    cpu_ = process_cpu_seconds() + engine_->remote_cpu_seconds();
    times_ = engine_->times();
  }
  StageCost cost() const {
    const auto now = engine_->times();
    return before_ + StageCost{process_cpu_seconds() + engine_->remote_cpu_seconds() - cpu_,
                               {now.now - times_.now, now.stage_waited - times_.stage_waited,
                                now.executors_busy - times_.executors_busy,
                                now.executors_idle - times_.executors_idle}};
  }
  // Of several saves of one stage the latest counts.
  void restore(const std::string& saved) {
    const auto cost = cost_in(saved);
    if (cost.cpu_seconds > before_.cpu_seconds) before_ = cost;
  }

 private:
  std::shared_ptr<Engine> engine_;
  StageCost before_;  // in earlier sessions
  double cpu_ = 0;
  EngineTimes times_;
};

RunHost metered(RunHost host, const std::shared_ptr<Meter>& meter) {
  const auto load = host.load;
  host.load = [load, meter](std::string_view label) {
    auto parts = load(label);
    if (!parts) return parts;
    if (const auto cost = parts->find(kCostPart); cost != parts->end()) {
      meter->restore(cost->second);
      parts->erase(cost);
    }
    return parts;
  };
  const auto save = host.save;
  host.save = [save, meter](std::string_view label, const std::function<SavedParts()>& parts,
                            bool at_once) {
    const auto with_cost = [&] {
      auto all = parts();
      all[kCostPart] = json_of(meter->cost()).dump();
      return all;
    };
    return save(label, with_cost, at_once);
  };
  return host;
}

json heading_of(const Experiment& experiment) {
  Experiment copy = experiment;
  json heading = {{"name", experiment.name},
                  {"seed", experiment.seed},
                  {"environment", experiment.environment.name},
                  {"config_hash", config_hash(describe_of(copy))},
                  {"code_version", QSTAR_VERSION},
                  {"stages", json::array()},
                  {"results", json::object()}};
  if (!experiment.of_puzzle())
    heading.update({{"family", experiment.environment.family},
                    {"long_work", experiment.environment.long_work}});
  return heading;
}

}  // namespace

StageCost operator+(const StageCost& a, const StageCost& b) {
  return {a.cpu_seconds + b.cpu_seconds, a.times + b.times};
}

Result<RunOutcome> run_stages(const Experiment& experiment, const Problems& problems, RunHost host,
                              StageFunctions functions, const FinishedStages& finished) {
  for (const auto* stage : experiment.active())
    if (functions(stage->kind) == nullptr)
      return fail(Errc::kConfig, fmt::format("stages.{}: this program cannot run stages of kind {}",
                                             stage->name, stage->kind));
  const auto meter = std::make_shared<Meter>(host.engine);
  Run run(experiment, problems, metered(std::move(host), meter));
  json report = heading_of(experiment);
  StageCost total;
  for (const auto* stage : experiment.active()) {
    auto done = finished.restore(stage->name);
    if (!done) return tl::unexpected(done.error());
    if (!*done) {
      meter->begin();
      auto result = functions(stage->kind)(run, *stage);
      if (!result) return tl::unexpected(result.error());
      done->emplace(FinishedStage{std::move(*result), meter->cost(), run.labels()});
      if (auto kept = finished.keep(stage->name, **done); !kept)
        return tl::unexpected(kept.error());
    }
    auto& [result, cost, labels] = **done;
    run.add_labels(labels);
    for (auto& [name, model] : result.models) run.add_model(name, std::move(model));
    report["stages"].push_back(
        {{"name", stage->name}, {"kind", stage->kind}, {"cpu_seconds", cost.cpu_seconds}});
    report["results"][stage->name] = std::move(result.figures);
    total = total + cost;
  }
  report["cost"] = json_of(total);
  report["cost"]["peak_memory_bytes"] = peak_resident_bytes();
  report["failed"] = missed_targets(report["results"], experiment);
  return RunOutcome{std::move(report), run.models(), run.last_policy(), run.last_critic()};
}

}  // namespace qstar::experiment

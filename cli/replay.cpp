#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "cli/commands.hpp"
#include "cli/output.hpp"
#include "persistence/store.hpp"

namespace qstar {
namespace {

using nlohmann::ordered_json;

struct ReplayCommand {
  std::string store;
  std::uint64_t group = 0, first = 0;
  std::int64_t limit = 20;
  bool json = false;
};

ordered_json step_json(const Step& step) {
  ordered_json out = {{"text", step.text},
                      {"verdict", to_string(step.verdict)},
                      {"policy_version", step.policy_version},
                      {"tokens", step.tokens},
                      {"logprobs", step.logprobs}};
  if (step.q) out["q"] = *step.q;
  if (step.reward_score) out["reward_score"] = *step.reward_score;
  out["time_us"] = step.time_us;
  return out;
}

ordered_json attempt_json(const Trajectory& t, bool steps) {
  ordered_json out = {{"group", t.id.group},
                      {"sample", t.id.sample},
                      {"environment", t.environment},
                      {"problem", t.problem},
                      {"answer", t.answer},
                      {"outcome", to_string(t.outcome)},
                      {"seed", t.seed},
                      {"temperature", t.temperature},
                      {"critic_version",
                       t.critic_version ? ordered_json(*t.critic_version) : ordered_json(nullptr)},
                      {"run", t.provenance.run},
                      {"node", t.provenance.node},
                      {"code_version", t.provenance.code_version}};
  if (!steps) return out;
  out["steps"] = ordered_json::array();
  for (const auto& step : t.steps) out["steps"].push_back(step_json(step));
  return out;
}

int stats(const ReplayCommand& command, const Store& store) {
  const auto s = store.stats();
  if (!s) return report_error(s.error());
  const ordered_json out = {{"groups", s->groups},
                            {"trajectories", s->trajectories},
                            {"steps", s->steps},
                            {"wins", s->wins},
                            {"lucky", s->lucky},
                            {"bytes_on_disk", s->bytes_on_disk},
                            {"schema", s->schema},
                            {"min_policy_version", s->min_policy_version},
                            {"max_policy_version", s->max_policy_version}};
  if (command.json)
    print_json(out);
  else
    for (const auto& [name, value] : out.items()) fmt::print("{:<20} {}\n", name, value.dump());
  return 0;
}

int list(const ReplayCommand& command, const Store& store) {
  std::int64_t shown = 0;
  const auto scanned = store.scan(command.first, [&](const AttemptGroup& group) {
    const auto& first = group.attempts.front();
    if (command.json) {
      print_json({{"group", group.group},
                  {"problem", first.problem},
                  {"attempts", group.attempts.size()},
                  {"pass_rate", group.pass_rate()},
                  {"node", first.provenance.node}});
    } else {
      fmt::print("{:>8}  {:<24} {:>3} attempts  pass rate {:.2f}  {}\n", group.group, first.problem,
                 group.attempts.size(), group.pass_rate(), first.provenance.node);
    }
    return ++shown < command.limit || command.limit == 0;
  });
  return scanned ? 0 : report_error(scanned.error());
}

int show(const ReplayCommand& command, const Store& store) {
  const auto group = store.get(command.group);
  if (!group) return report_error(group.error());
  for (const auto& attempt : group->attempts) {
    if (command.json) {
      print_json(attempt_json(attempt, true));
      continue;
    }
    fmt::print("{}/{}  {}  {} ({})\n", attempt.id.group, attempt.id.sample, attempt.problem,
               attempt.answer, to_string(attempt.outcome));
    for (const auto& step : attempt.steps) {
      fmt::print("  = {:<24} {:<14} v{:<4} Q {}\n", step.text, to_string(step.verdict),
                 step.policy_version, step.q ? fmt::format("{:.3f}", *step.q) : "-");
    }
  }
  return 0;
}

using Action = int (*)(const ReplayCommand&, const Store&);

CLI::App* add_action(CLI::App* parent, const char* name, const char* help, Action action,
                     std::shared_ptr<ReplayCommand> command, int& code) {
  auto* sub = parent->add_subcommand(name, help);
  sub->add_option("store", command->store, "a run's store/ directory")->required();
  sub->add_flag("--json", command->json, "for programs");
  sub->callback([action, command, &code] {
    auto store = Store::open(command->store, Store::Mode::kRead);
    code = store ? action(*command, *store) : report_error(store.error());
  });
  return sub;
}

}  // namespace

void add_replay(CLI::App& app, int& code) {
  auto* command =
      app.add_subcommand("replay",
                         "look into a replay store, also while training writes to it\n\n"
                         "  qstar replay stats runs/quickstart-seed1/store\n"
                         "  qstar replay ls runs/quickstart-seed1/store --from 1000 --limit 5\n"
                         "  qstar replay show runs/quickstart-seed1/store 1003 --json");
  command->require_subcommand(1);
  auto shared = std::make_shared<ReplayCommand>();
  add_action(command, "stats",
             "how much is there\n\n  qstar replay stats runs/quickstart-seed1/store --json", stats,
             shared, code);
  auto* ls = add_action(
      command, "ls",
      "a line a problem\n\n  qstar replay ls runs/quickstart-seed1/store --from 1000 --limit 5",
      list, shared, code);
  ls->add_option("--from", shared->first, "first group");
  ls->add_option("--limit", shared->limit, "groups at most; 0: all")->check(CLI::NonNegativeNumber);
  auto* one = add_action(command, "show",
                         "every attempt at a problem, step by step\n\n"
                         "  qstar replay show runs/quickstart-seed1/store 1003 --json",
                         show, shared, code);
  one->add_option("group", shared->group, "number, as ls shows it")->required();
}

}  // namespace qstar

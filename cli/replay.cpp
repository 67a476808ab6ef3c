// What a run's replay store holds, also while training writes to it.
#include <fmt/format.h>

#include <limits>
#include <nlohmann/json.hpp>

#include "cli/commands.hpp"
#include "cli/interrupt.hpp"
#include "cli/number_options.hpp"
#include "cli/option_values.hpp"
#include "cli/output.hpp"
#include "cli/terminal.hpp"
#include "core/printable.hpp"
#include "persistence/store.hpp"

namespace qstar {
namespace {

using nlohmann::ordered_json;

constexpr std::uint64_t kMaxGroup = std::numeric_limits<std::uint64_t>::max();
constexpr std::int64_t kMaxLimit = std::numeric_limits<std::int64_t>::max();

struct ReplayCommand {
  std::string run;
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

ordered_json attempt_json(const Trajectory& t) {
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
  out["steps"] = ordered_json::array();
  for (const auto& step : t.steps) out["steps"].push_back(step_json(step));
  return out;
}

void print_stats(const StoreStats& s) {
  const auto line = [](std::string_view label, const auto& value) {
    fmt::print("{:<32} {}\n", label, value);
  };
  line("groups of attempts", s.groups);
  line("attempts", s.trajectories);
  line("steps", s.steps);
  line("right answers", s.wins);
  line("right answers with a wrong step", s.lucky);
  line("policy versions",
       s.steps == 0 ? std::string("none")
                    : fmt::format("{} to {}", s.min_policy_version, s.max_policy_version));
  line("bytes on disk", s.bytes_on_disk);
  line("schema of the store", s.schema);
}

int stats(const ReplayCommand& command, const Store& store) {
  const auto s = store.stats();
  if (!s) return report_error(s.error());
  if (!command.json) {
    print_stats(*s);
    return 0;
  }
  print_json({{"groups", s->groups},
              {"trajectories", s->trajectories},
              {"steps", s->steps},
              {"wins", s->wins},
              {"lucky", s->lucky},
              {"bytes_on_disk", s->bytes_on_disk},
              {"schema", s->schema},
              {"min_policy_version", s->min_policy_version},
              {"max_policy_version", s->max_policy_version}});
  return 0;
}

struct GroupRow {
  std::string group, problem, attempts, pass_rate, node;
};

// On a terminal, a long problem is shortened first, so that the figures behind it stay.
void print_row(const GroupRow& row) {
  constexpr std::size_t kProblem = 24, kOthers = 40;  // columns, with room for a short node name
  const std::size_t columns = terminal_width(stdout, 0);
  std::string problem = row.problem;
  if (columns > 0)
    problem = shortened(problem, columns > kProblem + kOthers ? columns - kOthers : kProblem);
  const std::string line = fmt::format("{:>8}  {:<24} {:>8}  {:>9}  {}", row.group, problem,
                                       row.attempts, row.pass_rate, row.node);
  fmt::print("{}\n", columns > 0 ? shortened(line, columns) : line);
}

void print_group(const AttemptGroup& group, bool json) {
  const auto& first = group.attempts.front();
  if (json) {
    print_json({{"group", group.group},
                {"problem", first.problem},
                {"attempts", group.attempts.size()},
                {"pass_rate", group.pass_rate()},
                {"node", first.provenance.node}});
    return;
  }
  print_row({std::to_string(group.group), printable(first.problem),
             std::to_string(group.attempts.size()), fmt::format("{:.2f}", group.pass_rate()),
             printable(first.provenance.node)});
}

int list(const ReplayCommand& command, const Store& store) {
  std::int64_t shown = 0;
  if (!command.json) print_row({"group", "problem", "attempts", "pass rate", "node"});
  const auto scanned = store.scan(command.first, [&](const AttemptGroup& group) {
    print_group(group, command.json);
    const bool is_last = ++shown == command.limit;  // a limit of 0 is never reached
    return !is_last && std::ferror(stdout) == 0;
  });
  return scanned ? 0 : report_error(scanned.error());
}

void print_attempt(const Trajectory& attempt) {
  const auto print = [](const std::string& line) { fmt::print("{}\n", fitted(stdout, line)); };
  print(fmt::format("{}/{}  {}  {} ({})", attempt.id.group, attempt.id.sample,
                    printable(attempt.problem), printable(attempt.answer),
                    to_string(attempt.outcome)));
  for (const auto& step : attempt.steps) {
    print(fmt::format("  = {:<24} {:<14} v{:<4} Q {}", printable(step.text),
                      to_string(step.verdict), step.policy_version,
                      step.q ? fmt::format("{:.3f}", *step.q) : "-"));
  }
}

int show(const ReplayCommand& command, const Store& store) {
  const auto group = store.get(command.group);
  if (!group) return report_error(group.error());
  for (const auto& attempt : group->attempts) {
    if (command.json)
      print_json(attempt_json(attempt));
    else
      print_attempt(attempt);
  }
  return 0;
}

using Action = int (*)(const ReplayCommand&, const Store&);

int run_replay(const ReplayCommand& command, Action action) {
  end_on_interrupt();
  const auto folder = store_folder(command.run);
  if (!folder) return report_error(folder.error());
  const auto store = Store::open(*folder, Store::Mode::kRead);
  return store ? action(command, *store) : report_error(store.error());
}

struct ActionHelp {
  const char* name;
  const char* text;
};

CLI::App* add_action(CLI::App* parent, const ActionHelp& help, Action action,
                     std::shared_ptr<ReplayCommand> command, int& code) {
  auto* sub = parent->add_subcommand(help.name, help.text);
  sub->add_option("run", command->run, "Folder of a run, or its store/ folder (required)")
      ->required()
      ->type_name(placeholder::kFolder);
  sub->add_flag("--json", command->json, "Print JSON instead of text");
  sub->callback([action, command, &code] { code = run_replay(*command, action); });
  return sub;
}

}  // namespace

void add_replay(CLI::App& app, int& code) {
  auto* command =
      app.add_subcommand("replay",
                         "Inspect the stored attempts of a run, also while it is training\n\n"
                         "  qstar replay stats runs/quickstart-seed1\n"
                         "  qstar replay ls runs/quickstart-seed1 --from 1000 --limit 5\n"
                         "  qstar replay show runs/quickstart-seed1 1003 --json");
  command->require_subcommand(1);
  auto shared = std::make_shared<ReplayCommand>();
  add_action(command,
             {"stats",
              "Count the groups, attempts and steps in a store\n\n"
              "  qstar replay stats runs/quickstart-seed1 --json"},
             stats, shared, code);
  auto* ls = add_action(command,
                        {"ls",
                         "List the groups of attempts, one line per problem\n\n"
                         "  qstar replay ls runs/quickstart-seed1 --from 1000 --limit 5"},
                        list, shared, code);
  ls->add_option("--from", shared->first, "Start at the group with this number (default 0)")
      ->check(whole_number(0, kMaxGroup));
  ls->add_option("--limit", shared->limit, "List at most this many groups; 0: all (default 20)")
      ->check(whole_number(0, kMaxLimit));
  auto* one = add_action(command,
                         {"show",
                          "Show every attempt at a problem, step by step\n\n"
                          "  qstar replay show runs/quickstart-seed1 1003 --json"},
                         show, shared, code);
  one->add_option("group", shared->group, "Number of the group, as 'replay ls' lists it (required)")
      ->required()
      ->check(whole_number(0, kMaxGroup));
}

}  // namespace qstar

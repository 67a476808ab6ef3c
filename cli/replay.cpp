// What a run's replay store holds, also while training writes to it.
#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "cli/commands.hpp"
#include "cli/interrupt.hpp"
#include "cli/number_options.hpp"
#include "cli/option_values.hpp"
#include "cli/output.hpp"
#include "cli/terminal.hpp"
#include "core/printable.hpp"
#include "persistence/store.hpp"

namespace qstar::cli {
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

// The store's table of models, by number.
class Models {
 public:
  static Result<Models> of(const persistence::Store& store) {
    auto entries = store.models();
    if (!entries) return tl::unexpected(entries.error());
    Models models;
    for (auto& entry : *entries) models.entries_.emplace(entry.number, std::move(entry));
    return models;
  }
  const std::map<std::uint64_t, persistence::ModelEntry>& entries() const { return entries_; }
  ordered_json sha256_json(std::uint64_t number) const {
    const auto found = entries_.find(number);
    return found == entries_.end() ? ordered_json(nullptr) : ordered_json(found->second.hash.hex());
  }
  // The first digits of the hash, or "unknown".
  std::string name(std::uint64_t number) const {
    const auto found = entries_.find(number);
    return found == entries_.end() ? "unknown" : found->second.hash.hex().substr(0, kDigits);
  }

 private:
  static constexpr std::size_t kDigits = 12;
  std::map<std::uint64_t, persistence::ModelEntry> entries_;
};

ordered_json entry_json(const persistence::ModelEntry& entry) {
  return {{"number", entry.number},
          {"sha256", entry.hash.hex()},
          {"role", entry.role},
          {"label", entry.label},
          {"version", entry.version}};
}

ordered_json step_json(const Step& step, const Models& models) {
  ordered_json out = {{"text", step.text},
                      {"verdict", to_string(step.verdict)},
                      {"policy_version", step.policy_version},
                      {"model", step.model},
                      {"model_sha256", models.sha256_json(step.model)},
                      {"tokens", step.tokens},
                      {"logprobs", step.logprobs}};
  if (step.q) out["q"] = *step.q;
  if (step.reward_score) out["reward_score"] = *step.reward_score;
  out["time_us"] = step.time_us;
  return out;
}

ordered_json attempt_json(const Trajectory& t, const Models& models) {
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
                      {"critic_model", t.critic_model},
                      {"critic_sha256", models.sha256_json(t.critic_model)},
                      {"reward_model", t.reward_model},
                      {"reward_sha256", models.sha256_json(t.reward_model)},
                      {"run", t.provenance.run},
                      {"node", t.provenance.node},
                      {"code_version", t.provenance.code_version}};
  out["steps"] = ordered_json::array();
  for (const auto& step : t.steps) out["steps"].push_back(step_json(step, models));
  return out;
}

void print_stats(const persistence::StoreStats& s) {
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

int stats(const ReplayCommand& command, const persistence::Store& store) {
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

// The models that made or judged attempts of the group, each once.
ordered_json models_of(const AttemptGroup& group, const Models& models) {
  std::set<std::uint64_t> numbers;
  for (const auto& attempt : group.attempts) {
    numbers.insert({attempt.critic_model, attempt.reward_model});
    for (const auto& step : attempt.steps) numbers.insert(step.model);
  }
  numbers.erase(0);
  ordered_json out = ordered_json::array();
  for (const auto number : numbers)
    out.push_back({{"number", number}, {"sha256", models.sha256_json(number)}});
  return out;
}

void print_group(const AttemptGroup& group, const Models& models, bool json) {
  const auto& first = group.attempts.front();
  if (json) {
    print_json({{"group", group.group},
                {"problem", first.problem},
                {"attempts", group.attempts.size()},
                {"pass_rate", group.pass_rate()},
                {"node", first.provenance.node},
                {"models", models_of(group, models)}});
    return;
  }
  print_row({std::to_string(group.group), printable(first.problem),
             std::to_string(group.attempts.size()), fmt::format("{:.2f}", group.pass_rate()),
             printable(first.provenance.node)});
}

int list(const ReplayCommand& command, const persistence::Store& store) {
  const auto models = Models::of(store);
  if (!models) return report_error(models.error());
  std::int64_t shown = 0;
  if (!command.json) print_row({"group", "problem", "attempts", "pass rate", "node"});
  const auto scanned = store.scan(command.first, [&](const AttemptGroup& group) {
    print_group(group, *models, command.json);
    const bool is_last = ++shown == command.limit;  // a limit of 0 is never reached
    return !is_last && std::ferror(stdout) == 0;
  });
  return scanned ? 0 : report_error(scanned.error());
}

// The models behind the figures of an attempt, each only when it has such figures.
std::string judges_of(const Trajectory& attempt, const Models& models) {
  const auto any = [&](auto figure) {
    return std::ranges::any_of(attempt.steps,
                               [&](const Step& s) { return (s.*figure).has_value(); });
  };
  std::string line;
  if (any(&Step::q)) line += "  critic " + models.name(attempt.critic_model);
  if (any(&Step::reward_score)) line += "  reward model " + models.name(attempt.reward_model);
  return line;
}

void print_attempt(const Trajectory& attempt, const Models& models) {
  const auto print = [](const std::string& line) { fmt::print("{}\n", fitted(stdout, line)); };
  print(fmt::format("{}/{}  {}  {} ({}){}", attempt.id.group, attempt.id.sample,
                    printable(attempt.problem), printable(attempt.answer),
                    to_string(attempt.outcome), judges_of(attempt, models)));
  for (const auto& step : attempt.steps) {
    print(fmt::format("  = {:<24} {:<14} v{:<4} Q {:<5}  model {}", printable(step.text),
                      to_string(step.verdict), step.policy_version,
                      step.q ? fmt::format("{:.3f}", *step.q) : "-", models.name(step.model)));
  }
}

int show(const ReplayCommand& command, const persistence::Store& store) {
  const auto group = store.get(command.group);
  if (!group) return report_error(group.error());
  const auto models = Models::of(store);
  if (!models) return report_error(models.error());
  for (const auto& attempt : group->attempts) {
    if (command.json)
      print_json(attempt_json(attempt, *models));
    else
      print_attempt(attempt, *models);
  }
  return 0;
}

int list_models(const ReplayCommand& command, const persistence::Store& store) {
  const auto models = Models::of(store);
  if (!models) return report_error(models.error());
  const auto print = [](const auto& number, const auto& name, const auto& role, const auto& version,
                        const auto& label) {
    const auto line =
        fmt::format("{:>8}  {:<12}  {:<12} {:>8}  {}", number, name, role, version, label);
    fmt::print("{}\n", fitted(stdout, line));
  };
  if (!command.json) print("number", "SHA-256", "role", "version", "made by");
  for (const auto& [number, entry] : models->entries()) {
    if (command.json)
      print_json(entry_json(entry));
    else
      print(number, models->name(number), printable(entry.role), entry.version,
            printable(entry.label));
  }
  return 0;
}

using Action = int (*)(const ReplayCommand&, const persistence::Store&);

int run_replay(const ReplayCommand& command, Action action) {
  end_on_interrupt();
  const auto folder = persistence::store_folder(command.run);
  if (!folder) return report_error(folder.error());
  const auto store = persistence::Store::open(*folder, persistence::Store::Mode::kRead);
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
                         "  qstar replay show runs/quickstart-seed1 1003 --json\n"
                         "  qstar replay models runs/quickstart-seed1");
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
  add_action(command,
             {"models",
              "List the models that made or judged attempts, one line per model\n\n"
              "  qstar replay models runs/quickstart-seed1 --json"},
             list_models, shared, code);
  one->add_option("group", shared->group, "Number of the group, as 'replay ls' lists it (required)")
      ->required()
      ->check(whole_number(0, kMaxGroup));
}

}  // namespace qstar::cli

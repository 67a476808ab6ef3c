#include <fmt/format.h>

#include <limits>
#include <sstream>

#include "cli/commands.hpp"
#include "cli/interrupt.hpp"
#include "cli/number_options.hpp"
#include "cli/option_values.hpp"
#include "cli/output.hpp"
#include "cli/search_pictures.hpp"
#include "cli/search_report.hpp"
#include "cli/search_workers.hpp"
#include "cli/terminal.hpp"
#include "core/clock.hpp"
#include "core/metrics.hpp"
#include "core/printable.hpp"

namespace qstar::cli {
namespace {

struct SearchCommand {
  std::string model, heuristic, states, algorithm, svg;
  std::vector<std::string> environment;
  std::size_t limit = std::numeric_limits<std::size_t>::max(), threads = 1;
  std::uint64_t memory = search::PuzzleSearchOptions().budget.memory_bytes >> 20;  // MiB
  search::PuzzleSearchOptions options;
  bool json = false;
  const CLI::App* line = nullptr;  // to ask which options were given

  bool given(const char* option) const { return line->count(option) > 0; }
};

Status check_given(const SearchCommand& command) {
  if (command.given("model") == command.given("--heuristic"))
    return fail(Errc::kUsage, "give either a model or --heuristic NAME");
  for (const auto& [option, value] : {std::pair{"model", &command.model},
                                      {"--heuristic", &command.heuristic},
                                      {"--states", &command.states},
                                      {"--svg", &command.svg}}) {
    if (command.given(option) && value->empty())
      return fail(Errc::kUsage, fmt::format("{} is empty; give a name", option));
  }
  return {};
}

// Options that would change nothing are mistakes.
Status check_effects(const SearchCommand& command, const SearchJob& job,
                     const model::CostToGo& estimate) {
  const environment::Puzzle& puzzle = *job.estimate.puzzle;
  const std::string search(job.search->name());
  if (command.given("--weight") && !job.search->uses_weight(puzzle)) {
    return fail(Errc::kUsage,
                fmt::format("--weight changes nothing in a {} search of {}: {}; leave it out",
                            search, puzzle.name(),
                            search == "greedy" ? "the path's cost does not count"
                                               : "all its moves cost the same"));
  }
  if (command.given("--kept-edges") && estimate.outputs() == 1) {
    return fail(Errc::kUsage,
                "--kept-edges changes nothing here: only estimates of moves (a Q "
                "model, or --algorithm qstar) have edges to keep; leave it out");
  }
  return {};
}

Result<PuzzleEstimate> estimate_of(const SearchCommand& command) {
  if (command.heuristic.empty()) return load_puzzle_model(command.model, command.environment);
  const bool moves = command.algorithm == "qstar";
  return load_heuristic(command.heuristic,
                        moves ? search::EstimateKind::kMoves : search::EstimateKind::kValue,
                        command.environment);
}

Result<SearchJob> job_of(const SearchCommand& command) {
  auto estimate = estimate_of(command);
  if (!estimate) return tl::unexpected(estimate.error());
  const auto made = estimate->make();
  std::string algorithm = command.algorithm;
  if (algorithm.empty()) algorithm = made->outputs() == 1 ? "astar" : "qstar";
  auto search = search::make_puzzle_search(algorithm);
  if (!search) return tl::unexpected(search.error());
  search::PuzzleSearchOptions options = command.options;
  options.clock = seconds_now;
  options.budget.memory_bytes = command.memory << 20;
  options.learned = command.heuristic.empty();
  SearchJob job{std::move(*search), std::move(*estimate), std::move(options), command.threads};
  if (auto fits = job.search->accepts(*job.estimate.puzzle, *made); !fits)
    return tl::unexpected(fits.error());
  if (auto effects = check_effects(command, job, *made); !effects)
    return tl::unexpected(effects.error());
  return job;
}

// Columns of the terminal that standard output is; nothing when it is none.
std::optional<std::size_t> table_columns() {
  const std::size_t columns = terminal_width(stdout, 0);
  return columns > 0 ? std::optional(columns) : std::nullopt;
}

// How far the search is, on a terminal.
class Progress {
 public:
  explicit Progress(std::size_t states) : states_(states) {}
  ~Progress() { clear(); }
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void show(const SearchSummary& summary) const {
    if (!line_.is_live()) return;
    line_.show(fmt::format("{}/{} states, {} solved, {:.0f} s", summary.states(), states_,
                           summary.solved(), seconds_now() - started_));
  }
  void clear() const { line_.clear(); }

 private:
  StatusLine line_{stderr};
  std::size_t states_;
  double started_ = seconds_now();
};

// One run of the command: shows every state as soon as its turn comes.
class SearchRun {
 public:
  SearchRun(const SearchCommand& command, const SearchJob& job, std::span<const PuzzleStart> starts,
            PictureFolder& pictures)
      : command_(command),
        job_(job),
        starts_(starts),
        pictures_(pictures),
        table_(starts, table_columns()) {}

  // All states; those that are not finished when `stop` comes are left out. Ends early, too, when
  // nobody reads what it prints: the program's frame says why.
  Status search(const Stop& stop) {
    const Progress progress(starts_.size());
    SearchWorkers workers(job_, starts_, stop);
    if (auto started = workers.start(); !started) return started;
    for (std::size_t i = 0; i < starts_.size() && read_; ++i) {
      progress.show(summary_);
      const auto solution = workers.wait(i, [&] { progress.show(summary_); });
      if (!solution) continue;
      if (!*solution) return tl::unexpected(solution->error());
      progress.clear();
      if (auto shown = show(starts_[i], **solution); !shown) return shown;
      summary_.add(starts_[i], **solution);
    }
    return {};
  }

  Status show_summary(double cpu_before) {
    if (!read_) return {};
    if (command_.json) {
      auto figures = summary_.json(cpu_before);
      figures["algorithm"] = job_.search->name();
      figures["estimates"] = job_.estimate.source;
      print_json({{"summary", figures}});
    } else {
      print_lines(summary_.text(command_.heuristic.empty() ? "network" : "heuristic"));
    }
    if (summary_.states() == starts_.size()) return {};
    return fail(Errc::kInterrupted,
                fmt::format("interrupted: {} of {} states were not searched to their end",
                            starts_.size() - summary_.states(), starts_.size()));
  }

 private:
  static void print(const std::string& text) { write_text(stdout, text + "\n"); }
  static void print_lines(const std::string& text) {
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) print(fitted(stdout, line));
  }

  Status show(const PuzzleStart& start, const search::PuzzleSolution& solution) {
    if (command_.json) {
      print_json(to_json(start, *job_.estimate.puzzle, solution));
    } else {
      if (summary_.states() == 0) print_header();
      print(table_.line(start, solution));
    }
    read_ = flush_output();
    if (!pictures_.wanted() || !solution.solved) return {};
    return pictures_.write(start, *job_.estimate.puzzle, solution);
  }

  void print_header() const {
    print_lines(fmt::format("{} on {}, estimates from {}", job_.search->name(),
                            job_.estimate.puzzle->name(), printable(job_.estimate.source)));
    print(table_.header());
  }

  const SearchCommand& command_;
  const SearchJob& job_;
  const std::span<const PuzzleStart> starts_;
  PictureFolder& pictures_;
  const SearchTable table_;
  SearchSummary summary_;
  bool read_ = true;  // what is printed
};

Status run(const SearchCommand& command) {
  if (auto sense = check_given(command); !sense) return sense;
  const auto job = job_of(command);
  if (!job) return tl::unexpected(job.error());
  const auto starts = read_puzzle_states(command.states, *job->estimate.puzzle, command.limit);
  if (!starts) return tl::unexpected(starts.error());
  PictureFolder pictures;
  if (!command.svg.empty()) {
    if (auto open = pictures.open(command.svg, *starts); !open) return open;
  }
  const double cpu = process_cpu_seconds();
  SearchRun search(command, *job, *starts, pictures);
  if (auto searched = search.search(stop_on_interrupt()); !searched) return searched;
  return search.show_summary(cpu);
}

void add_inputs(CLI::App& command, SearchCommand& c) {
  command
      .add_option("model", c.model,
                  "Model file (safetensors) or folder of a run that estimates the costs (default: "
                  "none, --heuristic is given instead)")
      ->type_name(placeholder::kPath);
  command
      .add_option("--states", c.states,
                  "File of positions to search from: JSON lines with \"id\" and \"state\"; - reads "
                  "standard input (required)")
      ->required()
      ->type_name(placeholder::kFile);
  command
      .add_option("--heuristic", c.heuristic,
                  "Estimate the costs without a model: zero (any puzzle), manhattan "
                  "(sliding_tiles) or gaps (pancake) (default: none)")
      ->check(CLI::IsMember(search::heuristic_names()));
  command
      .add_option("--environment", c.environment,
                  "Settings of the puzzle, as KEY=VALUE ...: needed with --heuristic, and where "
                  "the model's file does not say its puzzle (default: those in the model's file)")
      ->type_name(placeholder::kSetting);
  command.add_option("--limit", c.limit, "Search only the file's first N states (default: all)")
      ->check(whole_number(1, 1'000'000'000));
}

void add_algorithm(CLI::App& command, SearchCommand& c) {
  command
      .add_option("--algorithm", c.algorithm,
                  "Search algorithm: qstar, astar, greedy or beam (default: qstar for a model that "
                  "estimates every move, astar otherwise)")
      ->check(CLI::IsMember(search::puzzle_search_names()));
  command
      .add_option(
          "--weight", c.options.weight,
          "Factor for the cost of the path so far when it is added to the estimate: from 1 on, A* "
          "and Q* keep their guarantee; smaller factors find longer solutions sooner "
          "(default 1, no unit)")
      ->check(real_number(0, 1e6));
  command
      .add_option("--batch", c.options.batch,
                  "Positions (qstar: edges) taken from the queue at a time; the width of a beam "
                  "(default 1)")
      ->check(whole_number(1, 10'000'000));
  command
      .add_option("--kept-edges", c.options.kept_edges,
                  "Edges stored per position when estimates are of moves; fewer save memory "
                  "(default 16)")
      ->check(whole_number(1, 65536));
  command.add_flag("--shorten", c.options.shorten,
                   "Remove moves from each solution that undo each other");
}

void add_budget(CLI::App& command, SearchCommand& c) {
  command
      .add_option("--seconds", c.options.budget.seconds,
                  "Stop searching a state after this many seconds (default 0: no limit)")
      ->check(real_number(0, 1e9));
  command
      .add_option(
          "--nodes", c.options.budget.nodes,
          "Stop searching a state after this many generated positions (default 0: no limit)")
      ->check(whole_number(0, std::uint64_t{1} << 53));
  command
      .add_option(
          "--memory", c.memory,
          "Stop searching a state when the search of one thread holds this many MiB of data "
          "(default 2048)")
      ->check(whole_number(1, 1 << 24));
  command
      .add_option("--threads", c.threads,
                  "States searched at the same time, each by one thread; more threads than states "
                  "are not started (default 1)")
      ->check(whole_number(1, 1024));
}

void add_outputs(CLI::App& command, SearchCommand& c) {
  command
      .add_option("--svg", c.svg,
                  "Write a picture of every solved state to this folder, as ID.svg (default: none)")
      ->type_name(placeholder::kFolder);
  command.add_flag("--json", c.json,
                   "Print JSON instead of text: one object per state, then the summary");
}

}  // namespace

void add_search(CLI::App& app, int& code) {
  auto* command = app.add_subcommand(
      "search",
      "Solve positions of a puzzle by A*, Q*, greedy or beam search\n\n"
      "  qstar search runs/lights7 --states lightsout7.jsonl --json\n"
      "  qstar search model.safetensors --states cube3.jsonl --weight 0.8 --batch 1000 --seconds "
      "60\n"
      "  qstar search --heuristic manhattan --environment name=sliding_tiles size=4 --states "
      "puzzle15.jsonl\n"
      "  qstar search --heuristic gaps --environment name=pancake size=8 --states - --svg "
      "pictures");
  auto c = std::make_shared<SearchCommand>();
  c->line = command;
  add_inputs(*command, *c);
  add_algorithm(*command, *c);
  add_budget(*command, *c);
  add_outputs(*command, *c);
  command->callback([c, &code] {
    if (const auto done = run(*c); !done) code = report_error(done.error());
  });
}

}  // namespace qstar::cli

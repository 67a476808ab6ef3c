#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <limits>

#include "cli/commands.hpp"
#include "cli/interrupt.hpp"
#include "cli/output.hpp"
#include "cli/search_report.hpp"
#include "cli/search_workers.hpp"
#include "core/metrics.hpp"

namespace qstar {
namespace {

struct SearchCommand {
  std::string model, heuristic, states, algorithm, svg;
  std::vector<std::string> environment;
  std::size_t limit = 0, threads = 1;
  std::uint64_t memory = PuzzleSearchOptions().budget.memory_bytes >> 20;  // MiB
  PuzzleSearchOptions options;
  bool json = false;
};

double seconds_now() {
  using Seconds = std::chrono::duration<double>;
  return Seconds(std::chrono::steady_clock::now().time_since_epoch()).count();
}

Result<PuzzleEstimate> estimate_of(const SearchCommand& command) {
  if (command.heuristic.empty()) return load_puzzle_model(command.model, command.environment);
  const bool moves = command.algorithm == "qstar";
  return load_heuristic(command.heuristic, moves ? EstimateKind::kMoves : EstimateKind::kValue,
                        command.environment);
}

Result<SearchJob> job_of(const SearchCommand& command) {
  auto estimate = estimate_of(command);
  if (!estimate) return tl::unexpected(estimate.error());
  std::string algorithm = command.algorithm;
  if (algorithm.empty()) algorithm = estimate->make()->outputs() == 1 ? "astar" : "qstar";
  auto search = make_puzzle_search(algorithm);
  if (!search) return tl::unexpected(search.error());
  PuzzleSearchOptions options = command.options;
  options.clock = seconds_now;
  options.budget.memory_bytes = command.memory << 20;
  return SearchJob{std::move(*search), std::move(*estimate), std::move(options), command.threads};
}

// A line on standard error that is written over, where that is a terminal.
class Progress {
 public:
  explicit Progress(std::size_t states) : states_(states) {}
  ~Progress() { clear(); }
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void show(const SearchSummary& summary) const {
    if (!terminal_) return;
    fmt::print(stderr, "\r\x1b[K{}/{} states, {} solved, {:.0f} s", summary.states(), states_,
               summary.solved(), seconds_now() - started_);
  }
  void clear() const {
    if (terminal_) fmt::print(stderr, "\r\x1b[K");
  }

 private:
  bool terminal_ = isatty(STDERR_FILENO) == 1;
  std::size_t states_;
  double started_ = seconds_now();
};

void print_header(const SearchJob& job) {
  fmt::print("{} of {}, estimates of {}\n", job.search->name(), job.estimate.puzzle->name(),
             job.estimate.source);
  fmt::print("{:>8} {:>10} {:>8} {:>8} {:>12} {:>9}\n", "id", "", "moves", "end", "nodes",
             "seconds");
}

Status show(const SearchCommand& command, const Puzzle& puzzle, const PuzzleStart& start,
            const PuzzleSolution& solution) {
  if (command.json)
    print_json(to_json(start, puzzle, solution));
  else
    fmt::print("{}\n", table_line(start, solution));
  if (std::fflush(stdout) != 0) return fail(Errc::kIo, "cannot write to standard output");
  if (command.svg.empty() || !solution.solved) return {};
  return write_picture(command.svg, start, puzzle, solution);
}

// Searches all states and shows each when its turn comes; ends early after Ctrl-C.
Status search_all(const SearchCommand& command, const SearchJob& job,
                  std::span<const PuzzleStart> starts, SearchSummary& summary) {
  const Progress progress(starts.size());
  SearchWorkers workers(job, starts, stop_on_interrupt());
  for (std::size_t i = 0; i < starts.size(); ++i) {
    progress.show(summary);
    const auto solution = workers.wait(i, [&] { progress.show(summary); });
    if (!solution) return {};
    if (!*solution) return tl::unexpected(solution->error());
    summary.add(starts[i], **solution);
    progress.clear();
    if (i == 0 && !command.json) print_header(job);
    if (auto shown = show(command, *job.estimate.puzzle, starts[i], **solution); !shown)
      return shown;
  }
  return {};
}

Status prepare_pictures(const SearchCommand& command, std::span<const PuzzleStart> starts) {
  if (command.svg.empty()) return {};
  if (auto named = check_picture_names(starts); !named) return named;
  std::error_code error;
  std::filesystem::create_directories(command.svg, error);
  if (error) return fail(Errc::kIo, fmt::format("{}: {}", command.svg, error.message()));
  return {};
}

Status run(const SearchCommand& command) {
  const auto job = job_of(command);
  if (!job) return tl::unexpected(job.error());
  const auto limit = command.limit > 0 ? command.limit : std::numeric_limits<std::size_t>::max();
  const auto starts = read_puzzle_states(command.states, *job->estimate.puzzle, limit);
  if (!starts) return tl::unexpected(starts.error());
  if (auto ready = prepare_pictures(command, *starts); !ready) return ready;
  const double cpu = process_cpu_seconds();
  SearchSummary summary;
  if (auto searched = search_all(command, *job, *starts, summary); !searched) return searched;
  if (command.json) {
    auto figures = summary.json(cpu);
    figures["algorithm"] = job->search->name();
    figures["estimates"] = job->estimate.source;
    print_json({{"summary", figures}});
  } else {
    fmt::print("{}\n", summary.line());
  }
  if (summary.states() == starts->size()) return {};
  return fail(Errc::kInterrupted,
              fmt::format("interrupted after {} of {} states", summary.states(), starts->size()));
}

void add_options(CLI::App& command, SearchCommand& c) {
  command.add_option("model", c.model, "safetensors file or run directory");
  command
      .add_option("--states", c.states, "JSON lines with \"id\" and \"state\"; - is standard input")
      ->required();
  command.add_option("--heuristic", c.heuristic,
                     "in place of a model: zero; manhattan (sliding_tiles); gaps (pancake)");
  command.add_option("--environment", c.environment,
                     "key=value …: the puzzle, where the model's file does not say it");
  command
      .add_option("--algorithm", c.algorithm,
                  "qstar, astar, greedy or beam; default: qstar for a Q, astar for a V or a "
                  "heuristic (which qstar asks about every child)")
      ->check(CLI::IsMember(puzzle_search_names()));
  command.add_option("--weight", c.options.weight, "of the path's cost; 1 or more: A*'s guarantee")
      ->check(CLI::Range(0.0, 1e6));
  command.add_option("--batch", c.options.batch, "taken at a time; the width of a beam")
      ->check(CLI::Range(1, 10'000'000));
  command.add_option("--kept-edges", c.options.kept_edges, "Q*: edges stored a node")
      ->check(CLI::Range(1, 65536));
  command.add_flag("--shorten", c.options.shorten,
                   "leave out moves of a solution that undo each other");
  command.add_option("--seconds", c.options.budget.seconds, "a state; 0: no limit")
      ->check(CLI::Range(0.0, 1e9));
  command.add_option("--nodes", c.options.budget.nodes, "generated a state; 0: no limit")
      ->check(CLI::Range(std::int64_t{0}, std::int64_t{1} << 53));
  command.add_option("--memory", c.memory, "MiB of a search's own data, of each thread")
      ->check(CLI::Range(1, 1 << 24));
  command.add_option("--threads", c.threads, "states searched side by side")
      ->check(CLI::Range(1, 1024));
  command.add_option("--limit", c.limit, "only the file's first N states")
      ->check(CLI::Range(1, 1'000'000'000));
  command.add_option("--svg", c.svg, "directory for a picture of every solved state, ID.svg");
  command.add_flag("--json", c.json, "one object a state, then the summary");
}

}  // namespace

void add_search(CLI::App& app, int& code) {
  auto* command = app.add_subcommand(
      "search",
      "solve a puzzle's positions by A*, Q*, greedy or beam search\n\n"
      "  qstar search runs/lights7 --states lightsout7.jsonl --json\n"
      "  qstar search model.safetensors --states cube3.jsonl --weight 0.8 --batch 1000 --seconds "
      "60\n"
      "  qstar search --heuristic manhattan --environment name=sliding_tiles size=4 --states "
      "puzzle15.jsonl\n"
      "  qstar search --heuristic gaps --environment name=pancake size=8 --states - --svg "
      "pictures");
  auto c = std::make_shared<SearchCommand>();
  add_options(*command, *c);
  command->callback([c, &code] {
    if (c->model.empty() == c->heuristic.empty()) {
      code = report_error({Errc::kUsage, "give a model or --heuristic NAME, one of the two"});
    } else if (const auto done = run(*c); !done) {
      code = report_error(done.error());
    }
  });
}

}  // namespace qstar

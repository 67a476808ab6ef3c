#include "actors/process/run_files.hpp"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <map>
#include <mutex>
#include <optional>

#include "actors/process/started_files.hpp"
#include "core/files.hpp"
#include "core/printable.hpp"
#include "persistence/directory_lock.hpp"

namespace qstar::actors {
namespace {

namespace fs = std::filesystem;

constexpr const char* kCheckpointPhase = "checkpoint";
constexpr const char* kStagePhase = "stage";

// Which file or folder a path leads to.
struct Identity {
  dev_t device = 0;
  ino_t inode = 0;
  bool folder = false;
  friend bool operator==(const Identity&, const Identity&) = default;
};
Result<Identity> identity_of(const std::string& path) {
  struct stat found {};
  if (::stat(path.c_str(), &found) == 0)
    return Identity{found.st_dev, found.st_ino, S_ISDIR(found.st_mode)};
  return fail(errno == ENOENT || errno == ENOTDIR ? Errc::kMissingFile : Errc::kIo, path);
}

tl::unexpected<Error> nothing_to_resume(const std::string& path) {
  const char* why = is_there(path) ? "it has no config.toml" : "there is no such directory";
  return fail(Errc::kMissingFile,
              fmt::format("{} holds no run to resume ({}): give the directory of an earlier run "
                          "with --run, or leave out --resume to start one",
                          printable(path), why));
}

// What works whatever the configuration given is.
std::string as_it_is(const std::string& shown) {
  return fmt::format(
      "Continue that run as it is with 'qstar train {}/config.toml --run {} --resume', or ", shown,
      shown);
}

// Where the directory holds a run and the user did not say --resume.
tl::unexpected<Error> already_holds(const std::string& path,
                                    const std::vector<ConfigChange>& changes) {
  const auto shown = printable(path);
  if (changes.empty())
    return fail(Errc::kUsage,
                fmt::format("{} already holds this run, unfinished: continue it with --resume, or "
                            "choose another --run",
                            shown));
  return fail(Errc::kConfig,
              fmt::format("{} already holds a run with another configuration. {} {}choose another "
                          "--run to start a new run",
                          shown, list_of(changes),
                          all_allowed(changes) && !any_lowered(changes)
                              ? "Continue that run with these values by adding --resume, or "
                              : as_it_is(shown)));
}

tl::unexpected<Error> cannot_change(const std::string& path,
                                    const std::vector<ConfigChange>& changes) {
  const auto shown = printable(path);
  return fail(
      Errc::kConfig,
      fmt::format("{}/config.toml differs from the configuration given. {} {}choose another "
                  "--run to start a new run",
                  shown, list_of(changes), as_it_is(shown)));
}

// The number behind `"step":` of a line of metrics.jsonl.
std::uint64_t step_of(std::string_view line) {
  constexpr std::string_view kStep = "\"step\":";
  const auto at = line.find(kStep);
  std::uint64_t step = 0;
  if (at != std::string_view::npos)
    std::from_chars(line.data() + at + kStep.size(), line.data() + line.size(), step);
  return step;
}

}  // namespace

struct RunDirectory::State {
  std::string path;
  std::string printed;  // the configuration given, as TOML
  std::vector<ConfigChange> changes;
  std::string warning;
  std::optional<persistence::DirectoryLock> lock;
  std::ofstream metrics;
  mutable std::mutex mutex;
  std::map<std::string, Identity> guarded;
  StartedFiles started;  // last: its files go before the lock does

  std::string file(const std::string& name) const { return path + "/" + name; }
  Status compare(const Opening& opening, const Describe& config, const Describe& before);
  Status write_first() const;
};

// Whether the run that is there may be continued, or has its report given once more.
Status RunDirectory::State::compare(const Opening& opening, const Describe& config,
                                    const Describe& before) {
  const auto text = read_config(file("config.toml"));
  if (!text && text.error().code != Errc::kConfig) return tl::unexpected(text.error());
  if (!text || config_values(text->toml).empty())
    return fail(Errc::kCorrupt,
                fmt::format("{}/config.toml is damaged: put back what the run recorded there, or "
                            "choose another --run",
                            printable(path)));
  if (auto parsed = parse_config(text->toml, text->source, {}, before); !parsed)
    return fail(parsed.error().code,
                fmt::format("{}; the run was started by another version of qstar: resume it with "
                            "that one, or choose another --run",
                            parsed.error().message));
  changes = config_changes(before, config, opening.adjustable);
  const bool finished = is_there(file("report.json")) && changes.empty();
  if (!opening.resume && !finished) return already_holds(path, changes);
  if (!all_allowed(changes)) return cannot_change(path, changes);
  return {};
}

// A run writes its configuration first: other parts without it are of a run that lost it.
Status RunDirectory::State::write_first() const {
  for (const auto* part : {"checkpoints", "store", "stages", "metrics.jsonl", "report.json"}) {
    if (!is_there(file(part))) continue;
    return fail(Errc::kUsage,
                fmt::format("{} holds {} of an earlier run, but no config.toml: remove what is "
                            "left of that run, or choose another --run",
                            printable(path), part));
  }
  return write_file_atomically(file("config.toml"), printed);
}

RunDirectory::RunDirectory(std::unique_ptr<State> state) : state_(std::move(state)) {}
RunDirectory::~RunDirectory() = default;
RunDirectory::RunDirectory(RunDirectory&&) noexcept = default;
std::string RunDirectory::file(const std::string& name) const { return state_->file(name); }
const std::string& RunDirectory::path() const { return state_->path; }
const std::vector<ConfigChange>& RunDirectory::changes() const { return state_->changes; }
const std::string& RunDirectory::warning() const { return state_->warning; }

Result<RunDirectory> RunDirectory::open(const Opening& opening, const Describe& config,
                                        const Describe& before) {
  const std::string& path = opening.path;
  const std::string toml = path + "/config.toml";
  if (const auto there = path_kind(toml); !there) {
    return tl::unexpected(there.error());
  } else if (opening.resume && *there == PathKind::kNothing) {
    return nothing_to_resume(path);
  }
  auto state = std::make_unique<State>();
  state->path = path;
  state->printed = print_config(config);
  auto started = StartedFiles::make(path);
  if (!started) return tl::unexpected(started.error());
  state->started = std::move(*started);
  auto lock = persistence::DirectoryLock::acquire(path);
  if (!lock) {
    if (lock.error().code == Errc::kBusy) state->started.keep();  // what is there is another's
    return tl::unexpected(lock.error());
  }
  state->lock.emplace(std::move(*lock));
  remove_old_temporaries(path);
  if (is_there(toml)) {
    state->started.keep();
    if (auto same = state->compare(opening, config, before); !same)
      return tl::unexpected(same.error());
    if (const auto rows = state->file("metrics.jsonl"); !is_there(rows))
      state->warning = fmt::format(
          "{} is missing: the rows of this run so far are lost, and new "
          "ones are appended to a new file",
          printable(rows));
  } else if (auto written = state->write_first(); !written) {
    return tl::unexpected(written.error());
  }
  state->metrics = append_lines(path + "/metrics.jsonl");
  if (!state->metrics)
    return fail(Errc::kIo, fmt::format("cannot write {}/metrics.jsonl: {}", printable(path),
                                       std::strerror(errno)));
  RunDirectory directory(std::move(state));
  for (const auto* name : {".", "LOCK"}) directory.guard(name);
  return directory;
}

Status RunDirectory::adopt() {
  if (state_->changes.empty()) return {};
  // First: with the old configuration and no report, the run would write the same report again.
  std::error_code error;
  fs::remove(file("report.json"), error);
  if (error)
    return fail(Errc::kIo,
                fmt::format("cannot remove {}: {}", file("report.json"), error.message()));
  if (auto written = write_file_atomically(file("config.toml"), state_->printed); !written)
    return written;
  state_->changes.clear();
  return {};
}

void RunDirectory::begin() {
  const std::scoped_lock lock(state_->mutex);
  state_->started.keep();
}

RunDirectory::History RunDirectory::history() const {
  History history;
  history.finished = is_there(file("report.json"));
  std::ifstream rows(file("metrics.jsonl"), std::ios::binary);
  const auto of = [](const char* phase) { return fmt::format("{{\"phase\":\"{}\",", phase); };
  const std::string checkpoint = of(kCheckpointPhase), stage = of(kStagePhase);
  for (std::string line; std::getline(rows, line);) {
    if (line.starts_with(checkpoint)) {
      history.checkpoint = step_of(line);
      history.checkpoint_last = true;
    } else if (line.starts_with(stage)) {
      history.stages = std::max(history.stages, step_of(line));
      history.checkpoint_last = false;
    }
  }
  return history;
}

Status RunDirectory::check_unstarted() const {
  const auto history = this->history();
  if (history.checkpoint == 0 && !history.finished) return {};
  return fail(
      Errc::kMissingFile,
      fmt::format("{} is missing or holds no checkpoint, although the run {}: put it back, "
                  "or start again with another --run",
                  printable(file("checkpoints")),
                  history.finished ? std::string("is finished")
                                   : fmt::format("has written checkpoint {}", history.checkpoint)));
}

Status RunDirectory::check_store() const {
  if (is_there(file("store/CURRENT"))) return {};
  return fail(
      Errc::kMissingFile,
      fmt::format("{} is missing or empty, although the run has kept attempts in it: put it "
                  "back, or start again with another --run",
                  printable(file("store"))));
}

void RunDirectory::append(const MetricsRow& row) {
  const std::scoped_lock lock(state_->mutex);
  auto& metrics = state_->metrics;
  if (!metrics) {  // a disk that was full may have room again; what it cut short is a line
    metrics.clear();
    metrics << '\n';
  }
  metrics << to_json_line(row) << std::endl;
}

void RunDirectory::guard(const std::string& name) {
  const auto identity = identity_of(file(name));
  const std::scoped_lock lock(state_->mutex);
  if (identity) state_->guarded[name] = *identity;
}

Status RunDirectory::intact() const {
  const std::scoped_lock lock(state_->mutex);
  for (const auto& [name, before] : state_->guarded) {
    const auto now = identity_of(state_->file(name));
    // A file system that does not answer for a while has not lost anything.
    if (!now && now.error().code != Errc::kMissingFile) continue;
    const bool whole = name == "." || name == "LOCK";
    // Other files may be written again under their names, as RocksDB does.
    if (now && (*now == before || !(before.folder || whole))) continue;
    return fail(Errc::kIo,
                fmt::format("{} was deleted, moved or replaced while the run was using it: the run "
                            "cannot be saved any more; start it again, and leave its directory "
                            "alone until it ends",
                            printable(whole ? state_->path : state_->file(name))));
  }
  return {};
}

Result<std::string> RunDirectory::keep_batch(std::string_view label, std::string_view json) const {
  if (auto there = intact(); !there) return tl::unexpected(there.error());
  std::vector<std::string> made;
  if (const auto error = make_folders(file("failed"), made); error)
    return io_error("cannot create the folder", file("failed"), error.value());
  auto path = file(fmt::format("failed/{}-batch.json", label));
  if (auto written = write_file_atomically(path, json); !written)
    return tl::unexpected(written.error());
  return path;
}

Status RunDirectory::conclude(const std::vector<std::pair<std::string, std::string>>& files) {
  if (auto there = intact(); !there) return there;
  if (is_there(file("report.json"))) return {};
  for (const auto& [name, bytes] : files) {
    if (auto written = write_file_atomically(file(name), bytes); !written) return written;
  }
  return intact();
}

}  // namespace qstar::actors

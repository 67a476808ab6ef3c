// The run directory: what a failed start leaves behind, what a resumed run wants to find, and what
// happens to a run whose directory is taken away.
#include "actors/process/run_files.hpp"

#include <filesystem>
#include <fstream>

#include "experiment/experiment.hpp"
#include "experiment/text/stage_configs.hpp"
#include "tests/support/attempts.hpp"

#include <catch2/catch.hpp>

using namespace qstar;
using namespace qstar::actors;
namespace fs = std::filesystem;

namespace {

experiment::Experiment text(std::int64_t rounds = 24) {
  experiment::Experiment experiment;
  experiment.stages.emplace_back("pretrain");
  experiment.stages.emplace_back("reinforce")
      .as<experiment::ReinforceStageConfig>()
      ->reinforce.rounds = rounds;
  return experiment;
}

experiment::Experiment puzzle() {
  experiment::Experiment experiment;
  experiment.environment.name = "cube3";
  experiment.stages.emplace_back("cost_to_go");
  return experiment;
}

Result<RunDirectory> open(const std::string& path, bool resume,
                          const experiment::Experiment& config) {
  return RunDirectory::open(path, config, resume, experiment::adjustable_settings(config));
}
Result<RunDirectory> open_text(const std::string& path, bool resume,
                               const experiment::Experiment& config = text()) {
  return open(path, resume, config);
}

void write(const std::string& path, const std::string& text = "x") { std::ofstream(path) << text; }

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

// A run that has begun and ended.
void leave_run(const std::string& path) {
  auto run = open_text(path, false);
  REQUIRE(run);
  run->begin();
}

Error error_of_open(Result<RunDirectory> run) {
  REQUIRE_FALSE(run);
  return run.error();
}

}  // namespace

TEST_CASE("to resume what is not there makes nothing", "[run_files]") {
  const TemporaryFolder folder;
  const auto path = folder.path("typo/run");
  const auto error = error_of_open(open_text(path, true));
  CHECK(error.code == Errc::kMissingFile);
  CHECK(has(error.message, "no such directory"));
  CHECK_FALSE(fs::exists(folder.path("typo")));
  fs::create_directories(path);
  CHECK(has(error_of_open(open_text(path, true)).message, "has no config.toml"));
  CHECK(fs::is_empty(path));
}

TEST_CASE("a directory that cannot be read is not taken for an empty one", "[run_files]") {
  const TemporaryFolder folder;
  const auto path = folder.path("loop");
  fs::create_directory_symlink(path, path);
  for (const bool resume : {false, true}) {
    const auto error = error_of_open(open_text(path, resume));
    CHECK(error.code == Errc::kIo);
    CHECK(has(error.message, "loop"));
    CHECK_FALSE(has(error.message, "holds no run"));
  }
}

TEST_CASE("a start that does not come to begin leaves nothing behind", "[run_files]") {
  const TemporaryFolder folder;
  SECTION("in a new directory") {
    const auto path = folder.path("new/er/run");
    {
      auto run = open_text(path, false);
      REQUIRE(run);
      CHECK(fs::exists(path + "/config.toml"));
      fs::create_directories(path + "/store");
      write(path + "/store/CURRENT");
    }
    CHECK_FALSE(fs::exists(folder.path("new")));
  }
  SECTION("in a directory that was there, with somebody's file") {
    const auto path = folder.path("run");
    fs::create_directories(path);
    write(path + "/notes.txt", "mine");
    REQUIRE(open_text(path, false));  // gone at once
    CHECK(fs::exists(path + "/notes.txt"));
    CHECK(std::distance(fs::directory_iterator(path), {}) == 1);
  }
  SECTION("beside what somebody put into the new directory meanwhile") {
    const auto path = folder.path("run");
    {
      auto run = open_text(path, false);
      REQUIRE(run);
      write(path + "/notes.txt", "mine");
    }
    CHECK(fs::exists(path + "/notes.txt"));
    CHECK_FALSE(fs::exists(path + "/config.toml"));
  }
  SECTION("but once begun it stays") {
    const auto path = folder.path("run");
    leave_run(path);
    CHECK(fs::exists(path + "/config.toml"));
  }
}

TEST_CASE("a second start takes nothing away from the first", "[run_files]") {
  const TemporaryFolder folder;
  auto first = open_text(folder.path("run"), false);
  REQUIRE(first);
  for (const bool resume : {false, true}) {
    CHECK(error_of_open(open_text(folder.path("run"), resume)).code == Errc::kBusy);
    CHECK(fs::exists(folder.path("run/config.toml")));
    CHECK(first->intact());
  }
}

TEST_CASE("a directory that holds a run says what may be done", "[run_files]") {
  const TemporaryFolder folder;
  const auto path = folder.path("run");
  leave_run(path);
  const auto same = error_of_open(open_text(path, false));
  CHECK(same.code == Errc::kUsage);
  CHECK(has(same.message, "--resume"));
  auto wider = text(48);
  wider.model.width = 256;
  const auto fresh = error_of_open(open_text(path, false, wider));
  CHECK(fresh.code == Errc::kConfig);
  CHECK(has(fresh.message, "model.width"));
  CHECK_FALSE(has(fresh.message, "adding --resume"));
  CHECK(has(fresh.message, "'qstar train " + path + "/config.toml --run " + path + " --resume'"));
  const auto resumed = error_of_open(open_text(path, true, wider));
  CHECK(resumed.code == Errc::kConfig);
  CHECK(has(resumed.message, "cannot change: model.width ("));
  CHECK(has(resumed.message,
            "256 given). These may change: stages.reinforce.rounds (24 in the run, 48 given)."));
  CHECK(has(resumed.message, "--resume"));
  const auto other = error_of_open(open(path, true, puzzle()));
  CHECK(other.code == Errc::kConfig);
  CHECK(has(other.message,
            "cannot change: environment.name (\"arithmetic\" in the run, \"cube3\" "
            "given)"));
  CHECK(has(other.message, "stages.reinforce.kind (\"reinforce\" in the run, none given)"));
  CHECK(has(other.message, "stages.cost_to_go.kind (none in the run, \"cost_to_go\" given)"));
}

TEST_CASE("a start is told to resume only with values that are not refused then", "[run_files]") {
  const TemporaryFolder folder;
  const auto path = folder.path("run");
  leave_run(path);
  const auto longer = error_of_open(open_text(path, false, text(48)));
  CHECK(longer.code == Errc::kConfig);
  CHECK(has(longer.message, "stages.reinforce.rounds (24 in the run, 48 given)"));
  CHECK(has(longer.message, "with these values by adding --resume"));
  // The run may have trained more than that.
  const auto shorter = error_of_open(open_text(path, false, text(8)));
  CHECK(shorter.code == Errc::kConfig);
  CHECK_FALSE(has(shorter.message, "adding --resume"));
  CHECK(has(shorter.message, "as it is with 'qstar train " + path + "/config.toml"));
  const auto other = error_of_open(open(path, false, puzzle()));
  CHECK(other.code == Errc::kConfig);
  CHECK_FALSE(has(other.message, "adding --resume"));
  // One stage more is another experiment.
  auto more = text();
  more.stages.emplace_back("measure");
  const auto added = error_of_open(open_text(path, true, more));
  CHECK(added.code == Errc::kConfig);
  CHECK(has(added.message, "cannot change: stages.measure.kind (none in the run, \"measure\" "));
}

TEST_CASE("what may change is recorded when the run continues with it", "[run_files]") {
  const TemporaryFolder folder;
  const auto path = folder.path("run");
  leave_run(path);
  write(path + "/report.json", "{}");
  const auto longer = text(48);
  {
    auto run = open_text(path, true, longer);
    REQUIRE(run);
    CHECK(run->changes().size() == 1);
    CHECK(run->history().finished);
    REQUIRE(run->adopt());
    CHECK(run->changes().empty());
    CHECK_FALSE(run->history().finished);
  }
  auto again = open_text(path, true, longer);
  REQUIRE(again);
  CHECK(again->changes().empty());
}

TEST_CASE("a run whose metrics cannot be written does not begin", "[run_files]") {
  const TemporaryFolder folder;
  const auto path = folder.path("run");
  leave_run(path);
  fs::remove(path + "/metrics.jsonl");
  fs::create_directory(path + "/metrics.jsonl");
  const auto error = error_of_open(open_text(path, true));
  CHECK(error.code == Errc::kIo);
  CHECK(has(error.message, path + "/metrics.jsonl"));
}

TEST_CASE("parts of a run without its configuration are not continued", "[run_files]") {
  const TemporaryFolder folder;
  const auto path = folder.path("run");
  fs::create_directories(path + "/checkpoints/0000000001");
  const auto error = error_of_open(open_text(path, false));
  CHECK(error.code == Errc::kUsage);
  CHECK(has(error.message, "checkpoints"));
  CHECK(fs::exists(path + "/checkpoints/0000000001"));
  CHECK_FALSE(fs::exists(path + "/LOCK"));
}

TEST_CASE("a run that lost its figures says so", "[run_files]") {
  const TemporaryFolder folder;
  const auto path = folder.path("run");
  leave_run(path);
  CHECK(open_text(path, true)->warning().empty());
  fs::remove(path + "/metrics.jsonl");
  {
    auto run = open_text(path, true);
    REQUIRE(run);
    CHECK(has(run->warning(), path + "/metrics.jsonl is missing"));
    CHECK(has(run->warning(), "lost"));
  }
  CHECK(open_text(path, true)->warning().empty());  // there is a new file
  CHECK(open_text(folder.path("new"), false)->warning().empty());
}

TEST_CASE("a run remembers its checkpoints when they are gone", "[run_files]") {
  const TemporaryFolder folder;
  const auto path = folder.path("run");
  {
    auto run = open_text(path, false);
    REQUIRE(run);
    CHECK(run->check_unstarted());
    run->append({"base", 7, {{"loss", 1}}});
    run->begin();
    for (const std::uint64_t serial : {1, 2, 3}) run->append({"checkpoint", serial, {}});
  }
  auto run = open_text(path, true);
  REQUIRE(run);
  CHECK(run->history().checkpoint == 3);
  CHECK(run->history().checkpoint_last);
  const auto missing = run->check_unstarted();
  REQUIRE_FALSE(missing);
  CHECK(missing.error().code == Errc::kMissingFile);
  CHECK(has(missing.error().message, "checkpoints"));
  CHECK(has(missing.error().message, "checkpoint 3"));
  CHECK(has(run->check_store().error().message, "store"));
  fs::create_directories(path + "/store");
  write(path + "/store/CURRENT");
  CHECK(run->check_store());
  run->append({"stage", 2, {}});
  CHECK(run->history().stages == 2);
  CHECK_FALSE(run->history().checkpoint_last);
}

TEST_CASE("a run notices that its directory is gone", "[run_files]") {
  const TemporaryFolder folder;
  const auto path = folder.path("run");
  auto run = open_text(path, false);
  REQUIRE(run);
  fs::create_directories(path + "/store");
  write(path + "/store/CURRENT");
  for (const auto* name : {"store", "store/CURRENT"}) run->guard(name);
  run->begin();
  fs::create_directories(path + "/checkpoints");
  run->guard("checkpoints");
  REQUIRE(run->intact());
  // As RocksDB does.
  write(path + "/store/NEXT");
  fs::rename(path + "/store/NEXT", path + "/store/CURRENT");
  REQUIRE(run->intact());
  std::string gone = path;
  SECTION("deleted") { fs::remove_all(path); }
  SECTION("deleted and made again") {
    fs::remove_all(path);
    leave_run(path);
  }
  SECTION("moved away") { fs::rename(path, folder.path("elsewhere")); }
  SECTION("its store") { fs::remove_all(gone = path + "/store"); }
  SECTION("what its store holds") { fs::remove(gone = path + "/store/CURRENT"); }
  SECTION("its checkpoints") { fs::remove_all(gone = path + "/checkpoints"); }
  const auto error = run->intact();
  REQUIRE_FALSE(error);
  CHECK(error.error().code == Errc::kIo);
  CHECK(has(error.error().message, gone + " was deleted"));
  CHECK_FALSE(run->conclude({{"report.json", "{}"}}));
  CHECK_FALSE(fs::exists(path + "/report.json"));
}

#include "actors/process/started_files.hpp"

#include <fmt/format.h>

#include <chrono>
#include <filesystem>
#include <thread>

#include "core/files.hpp"
#include "core/printable.hpp"

namespace qstar::actors {
namespace {

namespace fs = std::filesystem;

// All that a run makes before it has begun.
constexpr const char* kMade[] = {"config.toml", "metrics.jsonl", "store",
                                 "checkpoints", "certificates",  "stages",
                                 "models",      "log",           "LOCK"};

// A store that is just being closed may write a last file meanwhile.
void remove_folder(const std::string& path) {
  std::error_code error;
  for (int i = 0; i < 20; ++i) {
    fs::remove_all(path, error);
    if (!error) return;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
}

}  // namespace

Result<StartedFiles> StartedFiles::make(const std::string& path) {
  StartedFiles made;
  made.path_ = path;
  const auto error = make_folders(path, made.folders_);
  if (error)
    return fail(Errc::kIo, fmt::format("cannot make the run directory {}: {}; choose another --run",
                                       printable(path), error.message()));
  for (const auto* name : kMade)
    if (is_there(path + "/" + name)) made.before_.insert(name);
  return made;
}

void StartedFiles::keep() { path_.clear(); }

void StartedFiles::remove() noexcept {
  if (path_.empty()) return;
  for (const auto* name : kMade)
    if (!before_.contains(name)) remove_folder(path_ + "/" + name);
  remove_empty_folders(folders_);  // others may have put something there
  path_.clear();
}

StartedFiles::~StartedFiles() { remove(); }
StartedFiles::StartedFiles(StartedFiles&& other) noexcept { *this = std::move(other); }
StartedFiles& StartedFiles::operator=(StartedFiles&& other) noexcept {
  if (this == &other) return *this;
  remove();
  path_ = std::exchange(other.path_, {});
  folders_ = std::move(other.folders_);
  before_ = std::move(other.before_);
  return *this;
}

}  // namespace qstar::actors

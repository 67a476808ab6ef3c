#include "actors/started_files.hpp"

#include <fmt/format.h>

#include <chrono>
#include <filesystem>
#include <thread>

#include "core/printable.hpp"

namespace qstar {
namespace {

namespace fs = std::filesystem;

// All that a run makes before it has begun.
constexpr const char* kMade[] = {
    "config.toml",  "config.toml.tmp", "metrics.jsonl", "store",       "checkpoints",
    "certificates", "stages",          "models",        "workers.log", "LOCK"};

bool is_there(const std::string& path) {
  std::error_code unreadable;
  return fs::exists(fs::symlink_status(path, unreadable));
}

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
  std::error_code error;
  const fs::path whole = fs::path(path).lexically_normal();
  for (fs::path at = whole; !at.empty() && !is_there(at.string()); at = at.parent_path()) {
    if (!at.filename().empty()) made.folders_.push_back(at.string());
    if (at == at.parent_path()) break;
  }
  fs::create_directories(path, error);
  if (!error && !fs::is_directory(path, error) && !error)
    error = std::make_error_code(std::errc::not_a_directory);
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
  // Only empty ones: others may have put something there.
  std::error_code not_empty;
  for (const auto& folder : folders_) fs::remove(folder, not_empty);
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

}  // namespace qstar

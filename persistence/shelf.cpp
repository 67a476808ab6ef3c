#include "persistence/shelf.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <ctime>
#include <mutex>
#include <optional>

#include "core/files.hpp"
#include "core/printable.hpp"

namespace qstar::persistence {
namespace {

constexpr std::string_view kEnding = ".safetensors";
constexpr std::int64_t kNanoseconds = 1'000'000'000;
constexpr std::size_t kLargeModels = 2;  // that the shelf of a run keeps

struct ModelFile {
  Sha256 hash;
  std::int64_t bytes = 0;
  std::int64_t time = 0;  // of the last change, nanoseconds since the epoch
};

std::int64_t nanoseconds(const timespec& time) {
  return static_cast<std::int64_t>(time.tv_sec) * kNanoseconds + time.tv_nsec;
}

// Nothing: no file of this name is there.
std::optional<ModelFile> look_at(const std::string& path, const Sha256& hash) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0 || !S_ISREG(status.st_mode)) return std::nullopt;
  return ModelFile{hash, status.st_size, nanoseconds(status.st_mtim)};
}

// The files to remove from a cache; newest first.
std::vector<ModelFile> beyond_bytes(const std::vector<ModelFile>& files, std::int64_t most_bytes) {
  std::vector<ModelFile> surplus;
  std::int64_t sum = 0;
  for (std::size_t i = 0; i < files.size(); ++i) {
    sum += files[i].bytes;
    if (i > 0 && sum > most_bytes) surplus.push_back(files[i]);
  }
  return surplus;
}

// The files to remove from the shelf of a run; newest first.
std::vector<ModelFile> beyond_newest(const std::vector<ModelFile>& files, std::int64_t keep_below) {
  std::vector<ModelFile> surplus;
  std::size_t large = 0;
  for (const auto& file : files)
    if (file.bytes >= keep_below && ++large > kLargeModels) surplus.push_back(file);
  return surplus;
}

}  // namespace

struct Shelf::Impl {
  std::string directory;
  ShelfOptions options;
  std::int64_t last_time = 0;  // of the newest file
  std::mutex mutex;

  std::string path_of(const Sha256& hash) const {
    return fmt::format("{}/{}{}", directory, hash.hex(), kEnding);
  }

  Result<std::vector<ModelFile>> files() const {
    const auto names = folder_names(directory);
    if (!names) return tl::unexpected(names.error());
    std::vector<ModelFile> found;
    for (const std::string_view name : *names) {
      if (!name.ends_with(kEnding)) continue;
      const auto hash = parse_sha256(name.substr(0, name.size() - kEnding.size()));
      if (!hash) continue;
      if (const auto file = look_at(path_of(*hash), *hash)) found.push_back(*file);
    }
    return found;
  }

  // Times of this shelf only go up, also when the clock stands still or is set back.
  void mark_as_newest(const std::string& path) {
    timespec now{};
    ::clock_gettime(CLOCK_REALTIME, &now);
    last_time = std::max(nanoseconds(now), last_time + 1);
    const timespec time{last_time / kNanoseconds, last_time % kNanoseconds};
    const timespec times[2] = {time, time};
    ::utimensat(AT_FDCWD, path.c_str(), times, 0);
  }

  // What cannot be removed now is removed after a later put().
  void remove_surplus() const {
    auto found = files().value_or(std::vector<ModelFile>{});
    std::ranges::sort(found, std::greater<>(), &ModelFile::time);
    const auto surplus = options.most_bytes > 0 ? beyond_bytes(found, options.most_bytes)
                                                : beyond_newest(found, options.keep_below_bytes);
    for (const auto& file : surplus) ::unlink(path_of(file.hash).c_str());
  }
};

Shelf::Shelf(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Shelf::~Shelf() = default;
Shelf::Shelf(Shelf&&) noexcept = default;
Shelf& Shelf::operator=(Shelf&&) noexcept = default;

Result<Shelf> Shelf::open(std::string directory, const ShelfOptions& options) {
  std::vector<std::string> made;
  if (const auto error = make_folders(directory, made); error) {
    return fail(Errc::kIo, fmt::format("cannot create the folder of models {}: {}",
                                       printable(directory), error.message()));
  }
  if (::faccessat(AT_FDCWD, directory.c_str(), R_OK | W_OK | X_OK, AT_EACCESS) != 0)
    return io_error("cannot keep models in", directory, errno);
  remove_old_temporaries(directory);
  auto impl = std::make_unique<Impl>();
  impl->directory = std::move(directory);
  impl->options = options;
  const auto found = impl->files();
  if (!found) return tl::unexpected(found.error());
  for (const auto& file : *found) impl->last_time = std::max(impl->last_time, file.time);
  return Shelf(std::move(impl));
}

Result<Sha256> Shelf::put(std::string_view bytes) {
  const Sha256 hash = sha256(bytes);
  const std::string path = impl_->path_of(hash);
  const std::lock_guard lock(impl_->mutex);
  const auto there = look_at(path, hash);
  if (!there || static_cast<std::size_t>(there->bytes) != bytes.size())
    if (auto written = write_file_atomically(path, bytes); !written)
      return tl::unexpected(written.error());
  impl_->mark_as_newest(path);
  impl_->remove_surplus();
  return hash;
}

Result<std::string> Shelf::get(const Sha256& hash) {
  const std::string path = impl_->path_of(hash);
  const std::lock_guard lock(impl_->mutex);
  auto bytes = read_file(path);
  if (!bytes && bytes.error().code == Errc::kMissingFile) {
    return fail(Errc::kMissingFile,
                fmt::format("there is no model {} in {}", hash.hex(), printable(impl_->directory)));
  }
  if (!bytes && bytes.error().code != Errc::kCorrupt) return bytes;
  if (!bytes || sha256(*bytes) != hash) {
    ::unlink(path.c_str());
    return fail(Errc::kCorrupt,
                fmt::format("{} was damaged (its SHA-256 was not its name) and has been removed: "
                            "fetch or store the model again",
                            printable(path)));
  }
  if (impl_->options.most_bytes > 0) impl_->mark_as_newest(path);
  return bytes;
}

bool Shelf::contains(const Sha256& hash) const {
  return look_at(impl_->path_of(hash), hash).has_value();
}

Result<std::vector<ShelvedModel>> Shelf::list() const {
  const auto found = impl_->files();
  if (!found) return tl::unexpected(found.error());
  std::vector<ShelvedModel> models;
  for (const auto& file : *found)
    models.push_back({file.hash, static_cast<std::uint64_t>(file.bytes)});
  std::ranges::sort(models, {}, &ShelvedModel::hash);
  return models;
}

}  // namespace qstar::persistence

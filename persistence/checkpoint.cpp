#include "persistence/checkpoint.hpp"

#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>

#include "core/files.hpp"
#include "core/printable.hpp"

namespace qstar::persistence {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

std::uint32_t crc_of(std::string_view bytes) {
  return static_cast<std::uint32_t>(
      ::crc32_z(0, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size()));
}

std::string name_of(std::uint64_t serial) { return fmt::format("{:010}", serial); }

std::optional<std::uint64_t> serial_of(const std::string& name) {
  std::uint64_t serial = 0;
  const char* last = name.data() + name.size();
  const auto [end, error] = std::from_chars(name.data(), last, serial);
  if (error != std::errc{} || end != last) return std::nullopt;
  return serial;
}

// Far above what describes a few files.
constexpr std::uint64_t kMaxManifestBytes = std::uint64_t{1} << 20;

struct Entry {
  std::uint64_t size = 0;
  std::uint32_t crc = 0;
};

std::optional<Entry> entry_of(const json& entry) {
  if (!entry.is_object()) return std::nullopt;
  const auto size = entry.find("size"), crc = entry.find("crc32");
  if (size == entry.end() || !size->is_number_unsigned()) return std::nullopt;
  if (crc == entry.end() || !crc->is_number_unsigned()) return std::nullopt;
  return Entry{size->get<std::uint64_t>(), crc->get<std::uint32_t>()};
}

// No larger than the manifest says, so that a file that has grown is not read into memory.
Result<std::string> load_part(const std::string& folder, const std::string& name,
                              const json& described) {
  const auto damaged = [&] {
    return fail(Errc::kCorrupt,
                fmt::format("{}/{} is damaged (size or checksum)", folder, printable(name)));
  };
  const auto entry = entry_of(described);
  if (!entry || name.find('/') != std::string::npos) return damaged();
  auto bytes = read_file(folder + "/" + name, entry->size);
  if (!bytes && bytes.error().code == Errc::kCorrupt) return damaged();
  if (bytes && (bytes->size() != entry->size || crc_of(*bytes) != entry->crc)) return damaged();
  return bytes;
}

Result<CheckpointParts> load(const std::string& folder) {
  const auto manifest_bytes = read_file(folder + "/MANIFEST.json", kMaxManifestBytes);
  if (!manifest_bytes) return tl::unexpected(manifest_bytes.error());
  const json manifest = json::parse(*manifest_bytes, nullptr, false);
  if (!manifest.is_object() || !manifest.contains("parts") || !manifest["parts"].is_object()) {
    return fail(Errc::kCorrupt, folder + "/MANIFEST.json is damaged");
  }
  CheckpointParts parts;
  for (const auto& [name, entry] : manifest["parts"].items()) {
    auto bytes = load_part(folder, name, entry);
    if (!bytes) return tl::unexpected(bytes.error());
    parts[name] = std::move(*bytes);
  }
  return parts;
}

}  // namespace

CheckpointDirectory::CheckpointDirectory(std::string path, std::int64_t keep)
    : path_(std::move(path)), keep_(std::max<std::int64_t>(1, keep)) {}

Status CheckpointDirectory::write(std::uint64_t serial, const CheckpointParts& parts) {
  const std::string temporary = path_ + "/writing.tmp";
  const std::string final_name = path_ + "/" + name_of(serial);
  std::error_code error;
  fs::remove_all(temporary, error);
  fs::create_directories(temporary, error);
  if (error)
    return fail(Errc::kIo, fmt::format("cannot create {}: {}", temporary, error.message()));
  json manifest = {{"format", 1}, {"parts", json::object()}};
  const auto give_up = [&](Status status) {
    fs::remove_all(temporary, error);
    return status;
  };
  for (const auto& [name, bytes] : parts) {
    if (auto written = write_file_atomically(temporary + "/" + name, bytes); !written)
      return give_up(written);
    manifest["parts"][name] = {{"size", bytes.size()}, {"crc32", crc_of(bytes)}};
  }
  if (auto written = write_file_atomically(temporary + "/MANIFEST.json", manifest.dump(2));
      !written)
    return give_up(written);
  fs::remove_all(final_name, error);
  fs::rename(temporary, final_name, error);
  if (error) {
    return give_up(
        fail(Errc::kIo, fmt::format("cannot rename to {}: {}", final_name, error.message())));
  }
  sync_directory(path_);
  const auto all =
      list().value_or(std::vector<std::uint64_t>{});  // if it fails, the next write removes them
  for (std::size_t i = 0; i + static_cast<std::size_t>(keep_) < all.size(); ++i) {
    fs::remove_all(path_ + "/" + name_of(all[i]), error);
  }
  return {};
}

Result<CheckpointDirectory::Loaded> CheckpointDirectory::load_newest() const {
  const auto all = list();
  if (!all) return tl::unexpected(all.error());
  if (all->empty()) return fail(Errc::kMissingFile, path_ + " holds no checkpoint");
  Loaded loaded;
  for (auto it = all->rbegin(); it != all->rend(); ++it) {
    const std::string folder = path_ + "/" + name_of(*it);
    auto parts = load(folder);
    if (parts) {
      loaded.serial = *it;
      loaded.folder = folder;
      loaded.parts = std::move(*parts);
      return loaded;
    }
    if (parts.error().code == Errc::kIo) {
      return fail(
          Errc::kIo,
          fmt::format("{}; repair that, or remove {} to resume from the checkpoint before it",
                      parts.error().message, folder));
    }
    loaded.warnings.push_back(parts.error().message);
  }
  return fail(Errc::kCorrupt, fmt::format("every checkpoint in {} is damaged; the newest: {}",
                                          path_, loaded.warnings.front()));
}

Result<std::vector<std::uint64_t>> CheckpointDirectory::list() const {
  std::vector<std::uint64_t> serials;
  const auto names = folder_names(path_);
  if (!names && names.error().code == Errc::kMissingFile) return serials;
  if (!names) return tl::unexpected(names.error());
  for (const auto& name : *names) {
    if (const auto serial = serial_of(name)) serials.push_back(*serial);
  }
  std::sort(serials.begin(), serials.end());
  return serials;
}

}  // namespace qstar::persistence

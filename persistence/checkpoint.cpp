#include "persistence/checkpoint.hpp"

#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>

namespace qstar {
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

bool matches(const json& entry, const std::string& bytes) {
  return entry.is_object() && entry.contains("size") && entry["size"] == bytes.size() &&
         entry.contains("crc32") && entry["crc32"] == crc_of(bytes);
}

Result<CheckpointParts> load(const std::string& folder) {
  const auto manifest_bytes = read_file(folder + "/MANIFEST.json");
  if (!manifest_bytes) return tl::unexpected(manifest_bytes.error());
  const json manifest = json::parse(*manifest_bytes, nullptr, false);
  if (!manifest.is_object() || !manifest.contains("parts") || !manifest["parts"].is_object()) {
    return fail(Errc::kCorrupt, folder + "/MANIFEST.json is damaged");
  }
  CheckpointParts parts;
  for (const auto& [name, entry] : manifest["parts"].items()) {
    auto bytes = read_file(folder + "/" + name);
    if (!bytes) return tl::unexpected(bytes.error());
    if (!matches(entry, *bytes)) {
      return fail(Errc::kCorrupt, fmt::format("{}/{} is damaged (size or checksum)", folder, name));
    }
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
  if (error) return fail(Errc::kIo, fmt::format("cannot make {}: {}", temporary, error.message()));
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
  if (error)
    return fail(Errc::kIo, fmt::format("cannot rename to {}: {}", final_name, error.message()));
  sync_directory(path_);
  const auto all = list().value_or(std::vector<std::uint64_t>{});  // else they go another time
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
      loaded.parts = std::move(*parts);
      return loaded;
    }
    if (parts.error().code == Errc::kIo) {
      return fail(Errc::kIo,
                  fmt::format("{}; mend that, or remove {} to begin from the checkpoint before it",
                              parts.error().message, folder));
    }
    loaded.warnings.push_back(parts.error().message);
  }
  return fail(Errc::kCorrupt, fmt::format("every checkpoint in {} is damaged; the newest: {}",
                                          path_, loaded.warnings.front()));
}

Result<std::vector<std::uint64_t>> CheckpointDirectory::list() const {
  std::vector<std::uint64_t> serials;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(path_, error)) {
    if (const auto serial = serial_of(entry.path().filename())) serials.push_back(*serial);
  }
  if (error && error != std::errc::no_such_file_or_directory)
    return fail(Errc::kIo, fmt::format("cannot read {}: {}", path_, error.message()));
  std::sort(serials.begin(), serials.end());
  return serials;
}

}  // namespace qstar

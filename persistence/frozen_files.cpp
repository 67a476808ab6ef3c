#include "persistence/frozen_files.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <optional>
#include <string_view>
#include <vector>

#include "core/files.hpp"
#include "core/printable.hpp"

namespace qstar::persistence {
namespace {

using Names = std::vector<std::string>;

tl::unexpected<Error> damaged(const std::string& folder, const std::string& how) {
  return fail(Errc::kCorrupt,
              fmt::format("{} is damaged ({}): restore it, or choose another --run", folder, how));
}

bool is_table(std::string_view name) { return name.ends_with(".sst"); }

// The number of a write-ahead log; nothing of another file.
std::optional<std::uint64_t> log_number(std::string_view name) {
  if (!name.ends_with(".log")) return std::nullopt;
  name.remove_suffix(4);
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
  if (error != std::errc{} || end != name.data() + name.size()) return std::nullopt;
  return number;
}

std::uint64_t newest_log(const Names& names) {
  std::uint64_t newest = 0;
  for (const auto& name : names) newest = std::max(newest, log_number(name).value_or(0));
  return newest;
}

// kMissingFile: there is none; kIo: it cannot be opened, or is not a regular file.
Result<std::shared_ptr<const InputFile>> freeze(const std::string& path) {
  auto file = InputFile::open(path);
  if (file) return std::make_shared<const InputFile>(std::move(*file));
  switch (const int error = file.error()) {
    case EISDIR:
    case EINVAL: return fail(Errc::kIo, fmt::format("{} is not a regular file", printable(path)));
    case EMFILE:
    case ENFILE:
      return fail(Errc::kIo, fmt::format("cannot open {}: too many files are open; raise the limit "
                                         "with 'ulimit -n'",
                                         printable(path)));
    default:
      return fail(error == ENOENT ? Errc::kMissingFile : Errc::kIo,
                  fmt::format("cannot open {}: {}", printable(path), std::strerror(error)));
  }
}

// A file that is gone was deleted since the folder was listed: nothing needs it any longer, or
// verification will miss it.
Status add(FrozenFiles& files, const std::string& folder, const std::string& name) {
  if (files.contains(name)) return {};
  auto file = freeze(folder + "/" + name);
  if (file)
    files[name] = std::move(*file);
  else if (file.error().code != Errc::kMissingFile)
    return tl::unexpected(file.error());
  return {};
}

// Logs are numbered in the order of their creation. All up to the newest of the first listing
// existed before the second began, so the second names every one that was not deleted: no log is
// missing between two others, whatever order a folder is listed in.
Status add_logs_and_tables(FrozenFiles& files, const std::string& folder) {
  const auto first = folder_names(folder);
  if (!first) return tl::unexpected(first.error());
  const auto newest = newest_log(*first);
  const auto second = folder_names(folder);
  if (!second) return tl::unexpected(second.error());
  for (const auto& name : *second) {
    const auto log = log_number(name);
    if (!is_table(name) && name != "IDENTITY" && !(log && *log <= newest)) continue;
    if (auto added = add(files, folder, name); !added) return added;
  }
  return {};
}

Status add_manifest(FrozenFiles& files, const std::string& folder) {
  auto current = freeze(folder + "/CURRENT");
  if (!current) return tl::unexpected(current.error());
  char text[64];
  const std::string_view line(text, (*current)->read(0, text).value_or(0));
  if (!line.starts_with("MANIFEST-") || !line.ends_with('\n') ||
      line.find('/') != std::string_view::npos)
    return damaged(folder, "CURRENT names no MANIFEST");
  const std::string name(line.substr(0, line.size() - 1));
  auto manifest = freeze(folder + "/" + name);
  if (!manifest && manifest.error().code == Errc::kMissingFile)
    return damaged(folder, printable(name) + " is missing");
  if (!manifest) return tl::unexpected(manifest.error());
  files["CURRENT"] = std::move(*current);
  files[name] = std::move(*manifest);
  return {};
}

// Tables that were written between the listing and the reading of the MANIFEST.
Status add_late_tables(FrozenFiles& files, const std::string& folder) {
  const auto names = folder_names(folder);
  if (!names) return tl::unexpected(names.error());
  for (const auto& name : *names) {
    if (!is_table(name)) continue;
    if (auto added = add(files, folder, name); !added) return added;
  }
  return {};
}

}  // namespace

// The order is what makes the view consistent: logs before the MANIFEST that says which of them
// are needed. The other way round, a log could be deleted in between.
Result<FrozenFiles> freeze_files(const std::string& folder) {
  FrozenFiles files;
  for (const auto step : {add_logs_and_tables, add_manifest, add_late_tables}) {
    if (auto done = step(files, folder); !done) return tl::unexpected(done.error());
  }
  return files;
}

std::string fingerprint(const FrozenFiles& files) {
  std::string all;
  for (const auto& [name, file] : files)
    all += fmt::format("{} {} {}\n", name, file->size(), file->inode());
  return all;
}

}  // namespace qstar::persistence

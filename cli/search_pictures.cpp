#include "cli/search_pictures.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <set>

#include "core/files.hpp"
#include "core/printable.hpp"
#include "environment/puzzle/puzzle_svg.hpp"

namespace qstar::cli {
namespace {

constexpr std::size_t kPositions = 12;     // of a film strip
constexpr std::size_t kLongestName = 200;  // characters of an id that names a file

bool names_a_file(const std::string& id) {
  return !id.empty() && id.size() <= kLongestName && std::all_of(id.begin(), id.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_';
  });
}

Status check_names(std::span<const PuzzleStart> starts) {
  std::set<std::string> seen;
  for (const PuzzleStart& start : starts) {
    const std::string id = start.id_text();
    if (!names_a_file(id)) {
      return fail(Errc::kUsage,
                  fmt::format("{}: the id {} cannot name a picture: with --svg an id has up to {} "
                              "letters, digits, - and _",
                              start.place, printable(id.substr(0, kLongestName)), kLongestName));
    }
    if (!seen.insert(id).second) {
      return fail(Errc::kUsage,
                  fmt::format("{}: the id {} is used twice; with --svg every id must be different",
                              start.place, id));
    }
  }
  return {};
}

tl::unexpected<Error> cannot(std::string_view action, const std::string& path,
                             const std::string& why) {
  return fail(Errc::kIo, fmt::format("--svg: cannot {} {}: {}", action, printable(path), why));
}

// Whether a file can be made there, before hours are spent on what is to be drawn.
Status try_to_write(const std::string& folder) {
  const std::string probe = fmt::format("{}/.qstar.{}.tmp", folder, ::getpid());
  const int fd = ::open(probe.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0) return cannot("write pictures to", folder, std::strerror(errno));
  ::close(fd);
  ::unlink(probe.c_str());
  return {};
}

std::string strip_of(const PuzzleStart& start, const environment::Puzzle& puzzle,
                     const search::PuzzleSolution& solution) {
  std::vector<std::uint8_t> position = start.position, states = position;
  std::vector<std::string> captions = {"start"};
  for (std::size_t i = 0; i < solution.moves.size() && captions.size() < kPositions; ++i) {
    puzzle.apply(position, std::span(solution.moves).subspan(i, 1), position);
    states.insert(states.end(), position.begin(), position.end());
    captions.push_back(
        printable(fmt::format("{}: {}", i + 1, puzzle.move_name(solution.moves[i]))));
  }
  return environment::svg_strip(puzzle, states, captions);
}

}  // namespace

PictureFolder::~PictureFolder() { remove_empty_folders(made_); }

Status PictureFolder::open(const std::string& path, std::span<const PuzzleStart> starts) {
  if (auto named = check_names(starts); !named) return named;
  if (const auto error = make_folders(path, made_))
    return cannot("make the folder", path, error.message());
  if (auto writable = try_to_write(path); !writable) return writable;
  path_ = path;
  return {};
}

Status PictureFolder::write(const PuzzleStart& start, const environment::Puzzle& puzzle,
                            const search::PuzzleSolution& solution) {
  const std::string path = fmt::format("{}/{}.svg", path_, start.id_text());
  auto written = write_file_atomically(path, strip_of(start, puzzle, solution));
  if (written) return {};
  return fail(written.error().code, "--svg: " + written.error().message);
}

}  // namespace qstar::cli

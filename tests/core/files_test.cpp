// Whatever may be at a path: an error in time, no exception, no wait, no memory for a sparse file.
#include "core/files.hpp"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>

#include "core/input_file.hpp"
#include "tests/support/attempts.hpp"

namespace qstar {
namespace {

namespace fs = std::filesystem;
constexpr std::uintmax_t kHundredGigabytes = std::uintmax_t{100} << 30;

void sparse(const std::string& path, std::uintmax_t size) {
  std::ofstream(path).put('x');
  fs::resize_file(path, size);
}

bool says(const Error& error, const std::string& words) {
  return error.message.find(words) != std::string::npos;
}

TEST_CASE("only regular files of a reasonable size are read", "[files]") {
  const TemporaryFolder folder;
  fs::create_directory(folder.path("folder"));
  fs::create_symlink("loop", folder.path("loop"));
  REQUIRE(::mkfifo(folder.path("fifo").c_str(), 0600) == 0);
  sparse(folder.path("sparse"), kHundredGigabytes);
  std::ofstream(folder.path("file")) << "text";
  fs::create_symlink("file", folder.path("link"));

  const auto error_of = [&](const std::string& path, std::uint64_t max = kMaxFileBytes) {
    const auto bytes = read_file(path, max);
    REQUIRE_FALSE(bytes);
    CHECK(says(bytes.error(), path));
    return bytes.error();
  };
  CHECK(read_file(folder.path("link")).value() == "text");
  CHECK(read_file(folder.path("file"), 4).value() == "text");
  CHECK(error_of(folder.path("file"), 3).code == Errc::kCorrupt);
  CHECK(error_of(folder.path("none")).code == Errc::kMissingFile);
  CHECK(says(error_of(folder.path("folder")), "it is a folder"));
  CHECK(says(error_of(folder.path("fifo")), "not a regular file"));
  CHECK(says(error_of("/dev/zero"), "not a regular file"));
  CHECK(error_of(folder.path("loop")).code == Errc::kIo);
  CHECK(error_of(folder.path("file/below")).code == Errc::kIo);
  CHECK(says(error_of(folder.path("sparse")), "larger than"));
}

// Sanitizers need more address space than this test leaves.
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
TEST_CASE("a file that does not fit in memory is an error", "[files]") {
  const TemporaryFolder folder;
  sparse(folder.path("sparse"), std::uintmax_t{3} << 30);
  const pid_t child = ::fork();
  if (child == 0) {
    const rlimit little{1 << 30, 1 << 30};
    if (::setrlimit(RLIMIT_AS, &little) != 0) ::_exit(2);
    const auto bytes = read_file(folder.path("sparse"));
    ::_exit(!bytes && says(bytes.error(), "not enough memory") ? 0 : 1);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  CHECK(status == 0);
}
#endif

TEST_CASE("what is at a path is reported without an exception", "[files]") {
  const TemporaryFolder folder;
  fs::create_directory(folder.path("folder"));
  fs::create_symlink("loop", folder.path("loop"));
  std::ofstream(folder.path("file")) << "text";
  REQUIRE(::mkfifo(folder.path("fifo").c_str(), 0600) == 0);
  CHECK(path_kind(folder.path("folder")) == PathKind::kFolder);
  CHECK(path_kind(folder.path("file")) == PathKind::kFile);
  CHECK(path_kind(folder.path("fifo")) == PathKind::kOther);
  CHECK(path_kind(folder.path("none")) == PathKind::kNothing);
  CHECK(path_kind(folder.path("file/below")) == PathKind::kNothing);
  CHECK(path_kind("") == PathKind::kNothing);
  CHECK(path_kind(folder.path("loop")).error().code == Errc::kIo);
  CHECK(path_kind(std::string(5000, 'x')).error().code == Errc::kIo);

  auto names = folder_names(folder.path("")).value();
  std::sort(names.begin(), names.end());
  CHECK(names == std::vector<std::string>{"fifo", "file", "folder", "loop"});
  CHECK(folder_names(folder.path("none")).error().code == Errc::kMissingFile);
  CHECK(folder_names(folder.path("file")).error().code == Errc::kIo);
  CHECK(folder_names(folder.path("loop")).error().code == Errc::kIo);
}

// Permissions do not bind root: a process without its rights looks.
TEST_CASE("what may not be read is not taken for missing", "[files]") {
  const TemporaryFolder folder;
  if (::geteuid() != 0) return;
  fs::create_directories(folder.path("closed/run"));
  fs::permissions(folder.path(""), fs::perms::all);
  fs::permissions(folder.path("closed"), fs::perms::none);
  const pid_t child = ::fork();
  if (child == 0) {
    if (::setgid(65534) != 0 || ::setuid(65534) != 0) ::_exit(2);
    const auto kind = path_kind(folder.path("closed/run"));
    const auto names = folder_names(folder.path("closed"));
    const bool told = !kind && says(kind.error(), "Permission denied") && !names &&
                      says(names.error(), "Permission denied");
    ::_exit(told ? 0 : 1);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  CHECK(status == 0);
}

TEST_CASE("a file that cannot be replaced leaves no temporary", "[files]") {
  const TemporaryFolder folder;
  fs::create_directories(folder.path("run/report.md"));
  const auto written = write_file_atomically(folder.path("run/report.md"), "x");
  REQUIRE_FALSE(written);
  CHECK(written.error().code == Errc::kIo);
  CHECK(says(written.error(), folder.path("run/report.md")));
  CHECK(folder_names(folder.path("run")).value() == std::vector<std::string>{"report.md"});
}

TEST_CASE("half a line is ended before the next one", "[files]") {
  const TemporaryFolder folder;
  const auto path = folder.path("lines");
  append_lines(path) << "one\n"
                     << "tw";
  append_lines(path) << "three\n";
  append_lines(path) << "four\n";
  std::ifstream file(path);
  std::string line, all;
  while (std::getline(file, line)) all += line + "|";
  CHECK(all == "one|tw|three|four|");
  CHECK_FALSE(append_lines(folder.path("no/such")));
}

TEST_CASE("files are replaced whole", "[files]") {
  const TemporaryFolder folder;
  const auto path = folder.path("file");
  REQUIRE(write_file_atomically(path, "one"));
  REQUIRE(write_file_atomically(path, "two"));
  CHECK(read_file(path).value() == "two");
  CHECK(read_file(folder.path("none")).error().code == Errc::kMissingFile);
  CHECK_FALSE(write_file_atomically(folder.path("none/file"), "x"));
}

TEST_CASE("a new file never replaces another one", "[files]") {
  const TemporaryFolder folder;
  const auto path = folder.path("key");
  REQUIRE(write_new_file(path, "secret", 0600));
  CHECK((fs::status(path).permissions() & fs::perms::mask) == fs::perms(0600));
  CHECK(write_new_file(path, "other", 0600).error().code == Errc::kIo);
  CHECK(read_file(path).value() == "secret");
}

TEST_CASE("of the folders on the way, those that were made are told", "[files]") {
  const TemporaryFolder folder;
  std::vector<std::string> made;
  REQUIRE_FALSE(make_folders(folder.path("a/b/c/"), made));
  CHECK(fs::is_directory(folder.path("a/b/c")));
  CHECK(made.size() == 3);
  CHECK(made.back() == folder.path("a"));
  std::ofstream(folder.path("a/b/file")) << "x";
  remove_empty_folders(made);
  CHECK_FALSE(is_there(folder.path("a/b/c")));
  CHECK(is_there(folder.path("a/b/file")));

  made.clear();
  fs::create_symlink("none", folder.path("dangling"));
  CHECK(is_there(folder.path("dangling")));
  for (const auto* name : {"a/b/file", "a/b/file/x", "dangling", "dangling/x"})
    CHECK(make_folders(folder.path(name), made));
  CHECK(made.empty());
}

TEST_CASE("an open file is read as it was when it was opened", "[files]") {
  const TemporaryFolder folder;
  const auto path = folder.path("file");
  std::ofstream(path) << "0123456789";
  const auto file = InputFile::open(path);
  REQUIRE(file);
  std::ofstream(path, std::ios::app) << "more";
  fs::rename(path, folder.path("moved"));
  CHECK(file->size() == 10);
  std::string text(6, '-');
  CHECK(file->read(7, text).value() == 3);
  CHECK(text == "789---");
  CHECK(file->read(10, text).value() == 0);
}

}  // namespace
TEST_CASE("temporaries of killed processes are removed, those of living ones are not") {
  const TemporaryFolder folder;
  const pid_t child = ::fork();
  if (child == 0) ::_exit(0);
  ::waitpid(child, nullptr, 0);  // a number that nobody has any more
  const auto dead = folder.path("a." + std::to_string(child) + ".tmp");
  const auto living = folder.path("a." + std::to_string(::getpid()) + ".tmp");
  const std::vector<std::string> others = {living, folder.path("a.tmp"), folder.path("a.x1.tmp"),
                                           folder.path("a.0.tmp"), folder.path("a.1")};
  std::ofstream(dead) << "half";
  for (const auto& path : others) std::ofstream(path) << "kept";
  remove_old_temporaries(folder.path("."));
  CHECK_FALSE(is_there(dead));
  for (const auto& path : others) CHECK(is_there(path));
}

}  // namespace qstar

#include "persistence/shelf.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <catch2/catch.hpp>
#include <fstream>
#include <thread>

#include "core/files.hpp"
#include "tests/support/attempts.hpp"

namespace qstar {
using namespace persistence;
namespace {

std::string model(char letter, std::size_t size = 100) { return std::string(size, letter); }

std::string file_of(const std::string& directory, const Sha256& hash) {
  return directory + "/" + hash.hex() + ".safetensors";
}

std::size_t files_in(const std::string& directory) {
  return folder_names(directory).value().size();
}

TEST_CASE("a model is stored under the SHA-256 of its bytes", "[shelf]") {
  const TemporaryFolder folder;
  const auto directory = folder.path("run/models");
  auto shelf = Shelf::open(directory).value();
  CHECK(shelf.list().value().empty());
  // FIPS 180-2, appendix B.1.
  const auto abc =
      parse_sha256("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad").value();
  CHECK_FALSE(shelf.contains(abc));
  CHECK(shelf.put("abc").value() == abc);
  CHECK(shelf.contains(abc));
  CHECK(shelf.get(abc).value() == "abc");
  CHECK(read_file(file_of(directory, abc)).value() == "abc");

  std::string zeros("\0\n\0", 3);
  const auto other = shelf.put(zeros).value();
  CHECK(shelf.get(other).value() == zeros);
  CHECK(shelf.list().value().size() == 2);
  std::ofstream(directory + "/notes.txt") << "no model";
  std::ofstream(directory + "/abc.safetensors") << "no hash";
  const auto reopened = Shelf::open(directory).value();
  auto expected = std::vector<ShelvedModel>{{abc, 3}, {other, 3}};
  if (other < abc) std::swap(expected[0], expected[1]);
  CHECK(reopened.list().value() == expected);
}

TEST_CASE("a model that is not there is named", "[shelf]") {
  const TemporaryFolder folder;
  auto shelf = Shelf::open(folder.path()).value();
  const auto missing = shelf.get(sha256("abc"));
  REQUIRE_FALSE(missing);
  CHECK(missing.error().code == Errc::kMissingFile);
  CHECK(missing.error().message.find(sha256("abc").hex()) != std::string::npos);
  CHECK(missing.error().message.find(folder.path()) != std::string::npos);
}

TEST_CASE("a model that is there is not written again", "[shelf]") {
  const TemporaryFolder folder;
  auto shelf = Shelf::open(folder.path()).value();
  const auto hash = shelf.put(model('a')).value();
  struct stat before {
  }, after{};
  REQUIRE(::stat(file_of(folder.path(), hash).c_str(), &before) == 0);
  CHECK(shelf.put(model('a')).value() == hash);
  REQUIRE(::stat(file_of(folder.path(), hash).c_str(), &after) == 0);
  CHECK(before.st_ino == after.st_ino);
  CHECK(files_in(folder.path()) == 1);
}

TEST_CASE("a damaged model is refused, removed, and can be stored again", "[shelf]") {
  const TemporaryFolder folder;
  auto shelf = Shelf::open(folder.path()).value();
  const auto hash = shelf.put(model('a')).value();
  std::string changed = model('a');
  changed[50] = 'b';
  for (const auto& damage : {changed, model('a', 99), std::string()}) {
    std::ofstream(file_of(folder.path(), hash), std::ios::binary) << damage;
    const auto read = shelf.get(hash);
    REQUIRE_FALSE(read);
    CHECK(read.error().code == Errc::kCorrupt);
    CHECK(read.error().message.find(hash.hex()) != std::string::npos);
    CHECK_FALSE(shelf.contains(hash));
    REQUIRE(shelf.put(model('a')));
    CHECK(shelf.get(hash).value() == model('a'));
  }
  // A cut file is replaced by a put(), before anything reads it.
  std::ofstream(file_of(folder.path(), hash), std::ios::binary) << "cut";
  REQUIRE(shelf.put(model('a')));
  CHECK(shelf.get(hash).value() == model('a'));
}

TEST_CASE("a cache removes what was not used for longest", "[shelf]") {
  const TemporaryFolder folder;
  auto shelf = Shelf::open(folder.path(), {.most_bytes = 300}).value();
  const auto a = shelf.put(model('a')).value();
  const auto b = shelf.put(model('b')).value();
  const auto c = shelf.put(model('c')).value();
  CHECK(shelf.list().value().size() == 3);  // 300 bytes are not too many
  REQUIRE(shelf.get(a));
  const auto d = shelf.put(model('d')).value();  // oldest use first: b, c, a, d
  CHECK_FALSE(shelf.contains(b));
  CHECK(shelf.contains(a));
  CHECK(shelf.contains(c));
  REQUIRE(shelf.put(model('c')));
  const auto e = shelf.put(model('e', 200)).value();  // a, d, c, e: only c fits beside it
  CHECK_FALSE(shelf.contains(a));
  CHECK_FALSE(shelf.contains(d));
  CHECK(shelf.contains(c));
  CHECK(shelf.contains(e));

  auto reopened = Shelf::open(folder.path(), {.most_bytes = 300}).value();
  const auto f = reopened.put(model('f', 1000)).value();  // larger than the bound: kept alone
  CHECK(reopened.list().value() == std::vector<ShelvedModel>{{f, 1000}});
}

TEST_CASE("an old model does not survive newer ones because it is small", "[shelf]") {
  const TemporaryFolder folder;
  auto shelf = Shelf::open(folder.path(), {.most_bytes = 300}).value();
  const auto small = shelf.put(model('a', 10)).value();
  const auto middle = shelf.put(model('b', 200)).value();
  const auto last = shelf.put(model('c', 250)).value();
  CHECK_FALSE(shelf.contains(small));
  CHECK_FALSE(shelf.contains(middle));
  CHECK(shelf.contains(last));
}

TEST_CASE("the shelf of a run keeps small models and the newest two large ones", "[shelf]") {
  const TemporaryFolder folder;
  auto shelf = Shelf::open(folder.path(), {.keep_below_bytes = 100}).value();
  std::vector<Sha256> small, large;
  for (char letter = 'a'; letter < 'f'; ++letter) {
    small.push_back(shelf.put(model(letter, 99)).value());
    large.push_back(shelf.put(model(letter, 100)).value());
    for (const auto& hash : small) CHECK(shelf.contains(hash));
    for (std::size_t i = 0; i < large.size(); ++i)
      CHECK(shelf.contains(large[i]) == (i + 2 >= large.size()));
  }
  REQUIRE(shelf.get(large[3]));  // reading does not make it newer
  const auto next = shelf.put(model('x', 100)).value();
  CHECK_FALSE(shelf.contains(large[3]));
  CHECK(shelf.contains(large[4]));
  CHECK(shelf.contains(next));
}

TEST_CASE("the order of use outlives a clock that is set back", "[shelf]") {
  const TemporaryFolder folder;
  const ShelfOptions cache{.most_bytes = 200};
  const auto a = Shelf::open(folder.path(), cache).value().put(model('a')).value();
  const timespec future[2] = {{4'000'000'000, 0}, {4'000'000'000, 0}};
  REQUIRE(::utimensat(AT_FDCWD, file_of(folder.path(), a).c_str(), future, 0) == 0);
  auto shelf = Shelf::open(folder.path(), cache).value();
  const auto b = shelf.put(model('b')).value();
  const auto c = shelf.put(model('c')).value();
  CHECK_FALSE(shelf.contains(a));
  CHECK(shelf.contains(b));
  CHECK(shelf.contains(c));
}

TEST_CASE("models are put and read from several threads at once", "[shelf]") {
  const TemporaryFolder folder;
  auto shelf = Shelf::open(folder.path()).value();
  std::array<int, 4> failures{};
  std::vector<std::thread> threads;
  for (std::size_t t = 0; t < failures.size(); ++t) {
    threads.emplace_back([&, t] {
      for (std::size_t i = 0; i < 20; ++i) {
        const auto bytes = model(static_cast<char>('a' + (i + t) % 20), 5000);  // all put all
        const auto hash = shelf.put(bytes);
        if (!hash || shelf.get(*hash) != bytes) ++failures[t];
      }
    });
  }
  for (auto& thread : threads) thread.join();
  CHECK(failures == std::array<int, 4>{});
  CHECK(files_in(folder.path()) == 20);  // and no temporary
}

TEST_CASE("temporaries of killed processes are removed, of living ones kept", "[shelf]") {
  const TemporaryFolder folder;
  const auto hash = Shelf::open(folder.path()).value().put(model('a')).value();
  const auto dead = file_of(folder.path(), sha256("b")) + ".2147483647.tmp";
  const auto alive =
      file_of(folder.path(), sha256("c")) + "." + std::to_string(::getppid()) + ".tmp";
  std::ofstream(dead) << "half";
  std::ofstream(alive) << "half";
  const auto shelf = Shelf::open(folder.path()).value();
  CHECK_FALSE(is_there(dead));
  CHECK(is_there(alive));
  CHECK(shelf.list().value() == std::vector<ShelvedModel>{{hash, 100}});
}

TEST_CASE("a folder that cannot be used is named", "[shelf]") {
  const TemporaryFolder folder;
  std::ofstream(folder.path("file")) << "x";
  for (const auto& path : {folder.path("file"), folder.path("file/models")}) {
    const auto opened = Shelf::open(path);
    REQUIRE_FALSE(opened);
    CHECK(opened.error().code == Errc::kIo);
    CHECK(opened.error().message.find(path) != std::string::npos);
    CHECK(opened.error().message.find("directory") != std::string::npos);
  }
  auto shelf = Shelf::open(folder.path()).value();
  std::filesystem::remove(folder.path());
  const auto put = shelf.put(model('a'));
  REQUIRE_FALSE(put);
  CHECK(put.error().code == Errc::kIo);
  CHECK(put.error().message.find(folder.path()) != std::string::npos);
}

TEST_CASE("a folder without permission to write is refused at once", "[shelf]") {
  const TemporaryFolder folder;
  REQUIRE(std::filesystem::create_directory(folder.path()));
  REQUIRE(::chmod(folder.path("").c_str(), 0755) == 0);
  REQUIRE(::chmod(folder.path().c_str(), 0555) == 0);
  const bool root = ::geteuid() == 0;  // whom no permission stops
  if (root) REQUIRE(::seteuid(65534) == 0);
  const auto opened = Shelf::open(folder.path());
  if (root) REQUIRE(::seteuid(0) == 0);
  REQUIRE_FALSE(opened);
  CHECK(opened.error().code == Errc::kIo);
  CHECK(opened.error().message == "cannot keep models in " + folder.path() + ": Permission denied");
}

}  // namespace
}  // namespace qstar

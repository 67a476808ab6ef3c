// A worker's models on its own disk.
#include "actors/engine/cached_models.hpp"

#include <filesystem>
#include <fstream>

#include "core/sha256.hpp"
#include "tests/support/attempts.hpp"

#include <catch2/catch.hpp>

using namespace qstar;

namespace {

// A head that counts what it is asked for.
struct Head {
  std::map<experiment::ModelHash, std::string> models;
  int asked = 0;

  experiment::ModelHash add(const std::string& bytes) {
    const auto hash = sha256(bytes).hex();
    models[hash] = bytes;
    return hash;
  }
  experiment::FetchModel fetch() {
    return [this](const experiment::ModelHash& hash) -> Result<std::string> {
      ++asked;
      const auto it = models.find(hash);
      if (it == models.end()) return fail(Errc::kMissingFile, "no such model");
      return it->second;
    };
  }
};

std::shared_ptr<persistence::Shelf> shelf_in(const std::string& folder,
                                             std::int64_t most_bytes = 1 << 20) {
  return std::make_shared<persistence::Shelf>(
      persistence::Shelf::open(folder, {.most_bytes = most_bytes}).value());
}

}  // namespace

TEST_CASE("a model is fetched once for all workers of a machine", "[cached_models]") {
  const TemporaryFolder folder;
  Head head;
  const auto hash = head.add("weights");
  const auto first = actors::cached(head.fetch(), shelf_in(folder.path("cache")));
  CHECK(first(hash).value() == "weights");
  CHECK(first(hash).value() == "weights");
  CHECK(head.asked == 1);
  const auto later = actors::cached(head.fetch(), shelf_in(folder.path("cache")));
  CHECK(later(hash).value() == "weights");
  CHECK(head.asked == 1);
  CHECK(later(std::string(64, '0')).error().code == Errc::kMissingFile);
  CHECK(later("no hash").error().code == Errc::kMissingFile);
}

TEST_CASE("a damaged model in the cache is fetched again", "[cached_models]") {
  const TemporaryFolder folder;
  Head head;
  const auto hash = head.add("weights");
  const auto models = actors::cached(head.fetch(), shelf_in(folder.path("cache")));
  REQUIRE(models(hash));
  std::ofstream(folder.path("cache/" + hash + ".safetensors"), std::ios::trunc) << "wieghts";
  CHECK(models(hash).value() == "weights");
  CHECK(head.asked == 2);
  CHECK(models(hash).value() == "weights");
  CHECK(head.asked == 2);
}

TEST_CASE("a cache has a bound, and its loss is no failure", "[cached_models]") {
  const TemporaryFolder folder;
  Head head;
  const auto models = actors::cached(head.fetch(), shelf_in(folder.path("cache"), 100));
  for (int i = 0; i < 9; ++i)
    REQUIRE(models(head.add(std::string(40, static_cast<char>('a' + i)))));
  std::uintmax_t bytes = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder.path("cache")))
    if (entry.path().extension() == ".safetensors") bytes += entry.file_size();
  CHECK(bytes <= 100);
  CHECK(bytes > 0);
  std::filesystem::remove_all(folder.path("cache"));
  const auto hash = head.add("weights");
  CHECK(models(hash).value() == "weights");
}

TEST_CASE("what a faulty head sends is not cached", "[cached_models]") {
  const TemporaryFolder folder;
  Head head;
  const auto hash = head.add("weights");
  head.models[hash] = "others";
  const auto models = actors::cached(head.fetch(), shelf_in(folder.path("cache")));
  CHECK(models(hash).value() == "others");  // the executor refuses it
  head.models[hash] = "weights";
  CHECK(models(hash).value() == "weights");
}

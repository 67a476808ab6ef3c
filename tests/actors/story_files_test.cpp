// What a story keeps of its finished stages, and what it makes of damage there.
#include "actors/story_files.hpp"

#include <filesystem>
#include <fstream>

#include "tests/support/attempts.hpp"
#include "tests/support/small_story.hpp"

#include <catch2/catch.hpp>

using namespace qstar;

TEST_CASE("a stage that is damaged is named, with the remedy", "[story_files]") {
  const TemporaryFolder folder;
  const actors::RunKind kind{"story", "a story", {}};
  const auto config = testing::small_story_config();
  const auto run = actors::RunDirectory::open(folder.path("run"), config, false, kind);
  REQUIRE(run);
  auto stages = actors::StageFiles::open(*run, {});
  REQUIRE(stages);
  actors::StoryFiles files(run->path());
  auto story = testing::small_story(config);
  REQUIRE(files.keep(*stages, "base", story));
  CHECK(files.restore(*stages, "base", story).value());
  CHECK_FALSE(files.restore(*stages, "rl", story).value());
  const auto path = folder.path("run/stages/base.json");
  for (const std::string kept :
       {"", "{", "[]", "{}", R"({"report":{}})", R"({"models":[]})",
        R"({"report":{},"models":"base"})", R"({"report":{},"models":[1]})",
        R"({"report":{},"models":{"a":"base"}})", R"({"report":{},"models":[["base"]]})"}) {
    std::ofstream(path, std::ios::trunc) << kept;
    const auto restored = files.restore(*stages, "base", story);
    REQUIRE_FALSE(restored);
    CHECK(restored.error().code == Errc::kCorrupt);
    CHECK(restored.error().message.find(path + " is damaged: delete it") != std::string::npos);
  }
}

// The table of models, and stores of schema 1, which have none.
#include <algorithm>
#include <catch2/catch.hpp>
#include <fstream>
#include <nlohmann/json.hpp>

#include "persistence/store.hpp"
#include "tests/persistence/raw_store.hpp"
#include "tests/support/attempts.hpp"

namespace qstar {
using namespace persistence;
namespace {

using Mode = Store::Mode;
using nlohmann::json;

const std::string kData = std::string(QSTAR_SOURCE_DIR) + "/tests/data/";

TEST_CASE("a hash and role always have the same number", "[store][models]") {
  const TemporaryFolder folder;
  const Sha256 a = sha256("a"), b = sha256("b");
  {
    auto store = Store::open(folder.path(), Mode::kWrite).value();
    CHECK(store.models().value().empty());
    CHECK(store.model_number(a, "policy", "pretrain", 0).value() == 1);
    CHECK(store.model_number(b, "policy", "rl.grpo", 1).value() == 2);
    CHECK(store.model_number(a, "policy", "rl.grpo", 7).value() == 1);
    CHECK(store.model_number(a, "critic", "rl.grpo", 7).value() == 3);
    // A reader sees it before the writer closes or flushes anything.
    CHECK(Store::open(folder.path(), Mode::kRead).value().models().value().size() == 3);
  }
  auto store = Store::open(folder.path(), Mode::kWrite).value();
  CHECK(store.model_number(b, "policy", "", 0).value() == 2);
  CHECK(store.model_number(b, "critic", "rl.grpo", std::uint64_t{1} << 63).value() == 4);
  const std::vector<ModelEntry> expected = {{1, a, "policy", "pretrain", 0},
                                            {2, b, "policy", "rl.grpo", 1},
                                            {3, a, "critic", "rl.grpo", 7},
                                            {4, b, "critic", "rl.grpo", std::uint64_t{1} << 63}};
  CHECK(store.models().value() == expected);
  CHECK(Store::open(folder.path(), Mode::kRead).value().models().value() == expected);
}

TEST_CASE("numbers go on in order beyond one byte", "[store][models]") {
  const TemporaryFolder folder;
  auto store = Store::open(folder.path(), Mode::kWrite).value();
  for (std::uint64_t n = 1; n <= 600; ++n)
    REQUIRE(store.model_number(sha256(std::to_string(n)), "policy", "rl", n).value() == n);
  const auto models = store.models().value();
  REQUIRE(models.size() == 600);
  for (std::uint64_t n = 1; n <= 600; ++n) {
    REQUIRE(models[n - 1].number == n);
    REQUIRE(models[n - 1].version == n);
  }
}

TEST_CASE("a reader cannot number models", "[store][models]") {
  const TemporaryFolder folder;
  { REQUIRE(Store::open(folder.path(), Mode::kWrite)); }
  auto store = Store::open(folder.path(), Mode::kRead).value();
  const auto number = store.model_number(sha256("a"), "policy", "rl", 1);
  REQUIRE_FALSE(number);
  CHECK(number.error().code == Errc::kUsage);
}

TEST_CASE("a damaged row of the table is named", "[store][models]") {
  const TemporaryFolder folder;
  {
    auto store = Store::open(folder.path(), Mode::kWrite).value();
    REQUIRE(store.model_number(sha256("a"), "policy", "rl", 1));
  }
  const std::string second("\0\0\0\0\0\0\0\2", 8);
  const auto& [key, value] = GENERATE_COPY(
      std::pair{second, std::string("\xff garbage")}, std::pair{second, std::string("\x0a\x01x")},
      std::pair{std::string("short"), std::string()});  // a hash of one byte, a key of five
  RawStore(folder.path()).put(key, value, "models");
  auto store = Store::open(folder.path(), Mode::kWrite).value();
  for (const auto& error :
       {store.models().error(), store.model_number(sha256("b"), "policy", "rl", 2).error()}) {
    CHECK(error.code == Errc::kCorrupt);
    CHECK(error.message.find(folder.path()) != std::string::npos);
    CHECK(error.message.find("table of models") != std::string::npos);
  }
}

// The attempts that `qstar replay show --json` of version 0.1.0 printed, as the fields that it
// read.
json fields(const Trajectory& t) {
  json steps = json::array();
  for (const auto& s : t.steps) {
    steps.push_back({{"text", s.text},
                     {"verdict", to_string(s.verdict)},
                     {"policy_version", s.policy_version},
                     {"tokens", s.tokens},
                     {"logprobs", s.logprobs},
                     {"time_us", s.time_us}});
    if (s.q) steps.back()["q"] = *s.q;
    if (s.reward_score) steps.back()["reward_score"] = *s.reward_score;
  }
  return {{"group", t.id.group},
          {"sample", t.id.sample},
          {"environment", t.environment},
          {"problem", t.problem},
          {"answer", t.answer},
          {"outcome", to_string(t.outcome)},
          {"seed", t.seed},
          {"temperature", t.temperature},
          {"critic_version", t.critic_version ? json(*t.critic_version) : json(nullptr)},
          {"run", t.provenance.run},
          {"node", t.provenance.node},
          {"code_version", t.provenance.code_version},
          {"steps", steps}};
}

bool models_unknown(const Trajectory& t) {
  for (const auto& step : t.steps)
    if (step.model != 0) return false;
  return t.critic_model == 0 && t.reward_model == 0;
}

void check_first_attempts(const Store& store) {
  std::ifstream golden(kData + "store_schema1.jsonl");
  std::string line;
  std::size_t attempts = 0;
  for (std::uint64_t id = 0; id < 20; ++id) {
    const auto group = store.get(id).value();
    for (const auto& attempt : group.attempts) {
      REQUIRE(std::getline(golden, line));
      REQUIRE(fields(attempt) == json::parse(line));
      REQUIRE(models_unknown(attempt));
      ++attempts;
    }
  }
  CHECK(attempts == 40);
  CHECK_FALSE(std::getline(golden, line));
}

void copy_schema1(const std::string& to) { std::filesystem::copy(kData + "store_schema1", to); }

std::vector<std::string> files_in(const std::string& folder) {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(folder))
    names.push_back(entry.path().filename());
  std::ranges::sort(names);
  return names;
}

TEST_CASE("a store of schema 1 is read as it is", "[store][schema]") {
  const TemporaryFolder folder;
  copy_schema1(folder.path());
  const auto before = files_in(folder.path());
  const auto store = Store::open(folder.path(), Mode::kRead).value();
  const auto stats = store.stats().value();
  CHECK(stats.schema == 1);
  CHECK(stats.groups == 20);
  CHECK(stats.trajectories == 40);
  CHECK(stats.steps == 136);
  CHECK(stats.wins == 1);
  CHECK(store.group_ids().value().size() == 20);
  CHECK(store.models().value().empty());
  check_first_attempts(store);
  CHECK(files_in(folder.path()) == before);
}

void check_upgraded(const std::string& path) {
  auto group = sample_group(100);
  {
    auto store = Store::open(path, Mode::kWrite, {.must_exist = true}).value();
    CHECK(store.stats().value().schema == 2);
    check_first_attempts(store);
    CHECK(store.models().value().empty());
    CHECK(store.model_number(sha256("a"), "policy", "rl", 1).value() == 1);
    REQUIRE(store.insert(pack(std::span(&group, 1))).value().size() == 1);
  }
  CHECK(RawStore(path).families() == std::vector<std::string>{"default", "attempts", "models"});
  for (const auto mode : {Mode::kRead, Mode::kWrite}) {
    const auto store = Store::open(path, mode).value();
    CHECK(store.stats().value().schema == 2);
    CHECK(store.models().value() == std::vector<ModelEntry>{{1, sha256("a"), "policy", "rl", 1}});
    CHECK(store.get(100).value() == group);
    check_first_attempts(store);
  }
}

TEST_CASE("a store of schema 1 is upgraded when it is opened for writing", "[store][schema]") {
  const TemporaryFolder folder;
  copy_schema1(folder.path());
  check_upgraded(folder.path());
}

TEST_CASE("an upgrade that was killed half way is completed", "[store][schema]") {
  const TemporaryFolder folder;
  copy_schema1(folder.path());
  RawStore(folder.path()).create_family("models");  // and the schema not yet written
  const auto reader = Store::open(folder.path(), Mode::kRead).value();
  CHECK(reader.stats().value().schema == 1);
  CHECK(reader.models().value().empty());
  check_first_attempts(reader);
  check_upgraded(folder.path());
}

}  // namespace
}  // namespace qstar

// Output formats must not change by accident: files are compared byte for byte with those here. For
// an intended change run with QSTAR_UPDATE_GOLDEN=1, read the difference, and commit it. Stores
// must stay readable, so record_v1.hex never changes; a later schema gets its own file.
#include <fmt/format.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "environment/puzzle/puzzle_svg.hpp"
#include "experiment/experiment.hpp"
#include "persistence/store.hpp"
#include "serving/report/report_schema.hpp"
#include "serving/report/run_report.hpp"
#include "tests/support/attempts.hpp"
#include "tests/support/environment_config.hpp"
#include "tests/support/models.hpp"
#include "tests/support/puzzles.hpp"

#include <catch2/catch.hpp>

using namespace qstar;
using namespace qstar::persistence;

namespace {

std::string path_of(const std::string& name) {
  return std::string(QSTAR_SOURCE_DIR) + "/tests/golden/" + name;
}

std::string read(const std::string& name) {
  std::ifstream file(path_of(name), std::ios::binary);
  std::ostringstream bytes;
  bytes << file.rdbuf();
  return bytes.str();
}

void compare(const std::string& name, const std::string& made) {
  if (std::getenv("QSTAR_UPDATE_GOLDEN") != nullptr) {
    std::ofstream file(path_of(name), std::ios::binary);
    file << made;
  }
  CHECK(read(name) == made);
}

std::string hex(const std::string& bytes) {
  std::string out;
  for (std::size_t i = 0; i < bytes.size(); ++i)
    out += fmt::format("{:02x}{}", static_cast<unsigned char>(bytes[i]), i % 32 == 31 ? "\n" : "");
  return out + "\n";
}

std::string unhex(const std::string& text) {
  std::string bytes;
  std::string digits;
  for (const char c : text) {
    if (c != '\n') digits += c;
    if (digits.size() < 2) continue;
    bytes += static_cast<char>(std::stoi(digits, nullptr, 16));
    digits.clear();
  }
  return bytes;
}

// Written out instead of random, so that the content of the golden record can be read here.
Trajectory attempt() {
  Trajectory t;
  t.id = {258, 3};
  t.environment = "arithmetic";
  t.problem = "3+4*2-5";
  Step first{
      "3+8-5", {5, 12, 10, 13, 7, 1}, {-0.5F, 0, 0, 0, 0, -0.25F}, 2, Verdict::kRight, 0.75F, 0.5F,
      17};
  Step second{"\xff;", {}, {}, 2, Verdict::kMalformed, std::nullopt, std::nullopt, 0};
  t.steps = {first, second};
  t.outcome = Outcome::kLost;
  t.answer = "6";
  t.seed = 18446744073709551615U;
  t.temperature = 0.5F;
  t.critic_version = 0;
  t.provenance = {"run", "worker-1", "0.1.0"};
  return t;
}

}  // namespace

TEST_CASE("records of schema 1 are read and written unchanged", "[golden]") {
  compare("record_v1.hex", hex(encode(attempt())));
  const auto read_back = decode_trajectory(unhex(read("record_v1.hex")));
  REQUIRE(read_back);
  CHECK(*read_back == attempt());
}

TEST_CASE("the default configuration is printed unchanged", "[golden]") {
  experiment::Experiment experiment;
  for (const auto* kind : {"pretrain", "reinforce"}) experiment.stages.emplace_back(kind);
  compare("config.toml", print_config(describe_of(experiment)));
}

TEST_CASE("a model's header is unchanged", "[golden]") {
  auto model = testing::random_model(1);
  model.metadata["seed"] = "1";
  const std::string bytes = model::serialize(model);
  std::uint64_t length = 0;
  std::memcpy(&length, bytes.data(), sizeof(length));
  compare("model_header.json", bytes.substr(8, length) + "\n");
}

// A run on text with every kind of stage, a short one, and one on a puzzle.
TEST_CASE("reports and their plots are unchanged", "[golden]") {
  for (const std::string prefix : {"text_", "quickstart_", "cube3_"}) {
    const auto report = serving::parse_report(read(prefix + "report.json"), prefix + "report.json");
    REQUIRE(report);
    std::set<std::string> names = {prefix + "report.json"}, kept;
    for (const auto& [name, bytes] : serving::report_files(*report)) {
      compare(prefix + name, bytes);
      names.insert(prefix + name);
    }
    for (const auto& entry : std::filesystem::directory_iterator(path_of("")))
      if (const auto name = entry.path().filename().string(); name.starts_with(prefix))
        kept.insert(name);
    CHECK(names == kept);
  }
}

TEST_CASE("drawings of every puzzle are unchanged", "[golden]") {
  for (const auto& name : environment::puzzle_names()) {
    const auto puzzle = environment::make_puzzle(environment_config(name)).value();
    Rng rng(1);
    auto states = puzzle->scrambled(3, rng);
    const auto moved = after(*puzzle, states, legal_moves(*puzzle, states).front());
    states.insert(states.end(), moved.begin(), moved.end());
    compare(
        "puzzle_" + name + ".svg",
        environment::svg_strip(*puzzle, states, std::vector<std::string>{"start", "a < b & c"}));
  }
}

TEST_CASE("a puzzle without its own drawing is drawn as text", "[golden]") {
  const auto drawn = environment::svg(SmallPancake(3), std::vector<std::uint8_t>{0, 2, 1});
  CHECK(drawn.find("viewBox=\"0 0 6 1\"") != std::string::npos);
  CHECK(drawn.find(">0 2 1 </text>") != std::string::npos);
}

#include "serving/report/report_file.hpp"

#include <fstream>
#include <sstream>

#include <catch2/catch.hpp>

namespace qstar {
using namespace serving;
namespace {

using nlohmann::json;

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

std::string golden(const std::string& name) {
  std::ifstream file(std::string(QSTAR_SOURCE_DIR) + "/tests/golden/" + name);
  std::ostringstream bytes;
  bytes << file.rdbuf();
  return bytes.str();
}

void check_refused(const std::string& bytes, Errc code, const std::string& word) {
  CAPTURE(bytes.substr(0, 200), word);
  const auto parsed = parse_report(bytes, "some/report.json");
  REQUIRE_FALSE(parsed);
  CHECK(parsed.error().code == code);
  CHECK(parsed.error().message.rfind("some/report.json: ", 0) == 0);
  CHECK(has(parsed.error().message, word));
  CHECK_FALSE(has(parsed.error().message, "\n"));
}

std::string with(const std::string& pointer, const json& value) {
  json report = json::parse(golden("story_report.json"));
  report[json::json_pointer(pointer)] = value;
  return report.dump();
}

TEST_CASE("reports of every kind are read", "[report]") {
  CHECK(kind_of(parse_report(golden("story_report.json"), "f").value()) == "story");
  CHECK(kind_of(parse_report(golden("report.json"), "f").value()) == "text");
  const auto puzzle = parse_report(R"({"name": "cube", "seed": 1, "puzzle": "cube3"})", "f");
  CHECK(kind_of(puzzle.value()) == "puzzle");
}

TEST_CASE("damaged JSON is refused with the byte", "[report]") {
  const std::string whole = golden("story_report.json");
  check_refused("", Errc::kCorrupt, "byte 1");
  check_refused("{\"name\": nothing}", Errc::kCorrupt, "byte 11");
  check_refused(whole.substr(0, 1000), Errc::kCorrupt, "byte 1001");
  check_refused(whole + "x", Errc::kCorrupt, "byte " + std::to_string(whole.size() + 1));
  check_refused("{\"name\": \"\xff\"}", Errc::kCorrupt, "byte 11");
  check_refused(R"({"seed": 1, "seed": 2})", Errc::kCorrupt, "the key 'seed' twice");
  check_refused("{\"seed\": 1e999}", Errc::kCorrupt, "1e999");
  check_refused(std::string(1'000'000, '['), Errc::kCorrupt, "deep");
  check_refused(std::string(1'000'000, '[') + std::string(1'000'000, ']'), Errc::kCorrupt, "deep");
}

TEST_CASE("a wrong type is refused with its key", "[report]") {
  check_refused("[1]", Errc::kCorrupt, "the report is [1], but must be an object");
  check_refused("null", Errc::kCorrupt, "\"name\"");
  check_refused(R"({"name": "x"})", Errc::kCorrupt, "\"seed\"");
  check_refused(R"({"name": "x", "seed": "1"})", Errc::kCorrupt,
                "seed is \"1\", but must be a number");
  check_refused(with("/rl/grpo/tokens", "many"), Errc::kCorrupt,
                "rl.grpo.tokens is \"many\", but must be a number");
  check_refused(with("/rl/grpo", 3), Errc::kCorrupt, "rl.grpo is 3, but must be an object");
  check_refused(with("/search", json::object()), Errc::kCorrupt,
                "search is {}, but must be a list");
  check_refused(with("/search/2/method", 7), Errc::kCorrupt,
                "search[2].method is 7, but must be a text");
  check_refused(with("/final/greedy/ci95", {0.1}), Errc::kCorrupt, "final.greedy.ci95");
  check_refused(with("/rlhf/runs/1/curve/0/kl", json::array()), Errc::kCorrupt,
                "rlhf.runs[1].curve[0].kl");
  check_refused(with("/verifiers/prm/bins/3", true), Errc::kCorrupt, "verifiers.prm.bins[3]");
  check_refused(with("/failed/0", 1), Errc::kCorrupt, "failed[0]");
  check_refused(with("/stages", std::string(300, 's')), Errc::kCorrupt, "stages is a string");
  check_refused(with("/kind", "saga"), Errc::kSchema, "saga");
  check_refused(R"({"name": "x", "seed": 1, "critic": {"bin0.n": "x"}})", Errc::kCorrupt,
                "critic.bin0.n");
  check_refused(R"({"name": "x", "seed": 1, "puzzle": "p", "final": 1})", Errc::kCorrupt, "final");
}

// Appends the paths of all members; of lists only that of the first element, the others are read
// alike.
void collect(const json& value, const json::json_pointer& at,
             std::vector<json::json_pointer>& out) {
  out.push_back(at);
  if (value.is_array() && !value.empty()) collect(value[0], at / 0, out);
  if (!value.is_object()) return;
  for (const auto& [key, member] : value.items()) collect(member, at / key, out);
}

// Every member in turn is replaced by something else: it is refused or left out, never an
// exception.
TEST_CASE("members of any type never cause an exception", "[report]") {
  for (const char* name : {"story_report.json", "report.json"}) {
    const json whole = json::parse(golden(name));
    std::vector<json::json_pointer> members;
    collect(whole, json::json_pointer(), members);
    CHECK(members.size() > 20);
    for (const auto& at : members) {
      for (const json& other :
           {json(), json("x"), json(-1e300), json::array({1}), json::object(), json(true)}) {
        json report = whole;
        report[at] = other;
        CAPTURE(at.to_string(), other.dump());
        CHECK_NOTHROW(parse_report(report.dump(), "f"));
        CHECK_NOTHROW(report_files(report));
      }
    }
  }
}

}  // namespace
}  // namespace qstar

#include "serving/report/report_schema.hpp"

#include <fstream>
#include <sstream>

#include "serving/report/report_stages.hpp"
#include "serving/report/run_report.hpp"

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
  json report = json::parse(golden("text_report.json"));
  report[json::json_pointer(pointer)] = value;
  return report.dump();
}

TEST_CASE("reports of text and of puzzles are read", "[report]") {
  CHECK(kind_of(parse_report(golden("text_report.json"), "f").value()) == "text");
  CHECK(kind_of(parse_report(golden("quickstart_report.json"), "f").value()) == "text");
  CHECK(kind_of(parse_report(golden("cube3_report.json"), "f").value()) == "puzzle");
  CHECK(kind_of(parse_report(R"({"name": "x", "seed": 1, "stages": []})", "f").value()) == "text");
}

TEST_CASE("reports of an older version are refused", "[report]") {
  for (const char* old :
       {R"({"name": "x", "seed": 1, "family": "C", "cost": {"cpu_seconds": 1}})",
        R"({"name": "x", "seed": 1, "stages": null})",
        R"({"name": "x", "seed": 1, "puzzle": "cube3", "final": {"solved": 1}})",
        R"({"name": "x", "seed": 1, "kind": "story", "stages": {"base": 1.5}, "failed": []})"}) {
    check_refused(old, Errc::kSchema,
                  "made by an older version of qstar, whose reports this version does not read; "
                  "run the experiment again");
  }
}

TEST_CASE("stages have names that are part of file names, and known kinds", "[report]") {
  for (const char* name : {"../x", "a/b", "a.b", "", "a b", "\xC3\xA4", "a\nb"}) {
    check_refused(with("/stages/1/name", name), Errc::kCorrupt, "stages[1].name is ");
    check_refused(with("/stages/1/name", name), Errc::kCorrupt,
                  "but must be 1 to 200 letters, digits, \"_\" and \"-\"");
  }
  check_refused(with("/stages/1/name", std::string(201, 'x')), Errc::kCorrupt,
                "stages[1].name is a string");
  check_refused(with("/stages/1/name", nullptr), Errc::kCorrupt, "stages[1].name is null");
  check_refused(with("/stages/1", nullptr), Errc::kCorrupt, "stages[1].name is null");
  check_refused(with("/stages/1/name", "base"), Errc::kCorrupt,
                "stages[1].name is \"base\", but must be another name");
  check_refused(with("/stages/1/kind", nullptr), Errc::kCorrupt, "stages[1].kind is null");
  check_refused(with("/stages/1/kind", "dream"), Errc::kSchema,
                "stages[1].kind is \"dream\", which this version of qstar does not know: it knows "
                "compare, cost_to_go, feedback, finetune, judges, measure, pretrain, reinforce, "
                "search, selfplay");
  CHECK(parse_report(with("/stages/10/name", std::string(200, 'x')), "f").has_value());
}

TEST_CASE("damaged JSON is refused with the byte", "[report]") {
  const std::string whole = golden("text_report.json");
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
  check_refused(with("/results/rl/grpo/tokens", "many"), Errc::kCorrupt,
                "results.rl.grpo.tokens is \"many\", but must be a number");
  check_refused(with("/results/rl/grpo", 3), Errc::kCorrupt,
                "results.rl.grpo is 3, but must be an object");
  check_refused(with("/results", 3), Errc::kCorrupt, "results is 3, but must be an object");
  check_refused(with("/results/search", json::object()), Errc::kCorrupt,
                "results.search is {}, but must be a list");
  check_refused(with("/results/search/2/method", 7), Errc::kCorrupt,
                "results.search[2].method is 7, but must be a text");
  check_refused(with("/results/final/greedy/ci95", {0.1}), Errc::kCorrupt,
                "results.final.greedy.ci95");
  check_refused(with("/results/rlhf/runs/1/curve/0/kl", json::array()), Errc::kCorrupt,
                "results.rlhf.runs[1].curve[0].kl");
  check_refused(with("/results/judges/prm/bins/3", true), Errc::kCorrupt,
                "results.judges.prm.bins[3]");
  check_refused(with("/results/critic_beside/critic/bin0.n", "x"), Errc::kCorrupt,
                "results.critic_beside.critic.bin0.n");
  check_refused(with("/results/measure/calculator", 1), Errc::kCorrupt,
                "results.measure.calculator");
  check_refused(with("/failed/0", 1), Errc::kCorrupt, "failed[0]");
  check_refused(with("/cost/cpu_seconds", "x"), Errc::kCorrupt, "cost.cpu_seconds");
  check_refused(with("/environment", 1), Errc::kCorrupt, "environment");
  check_refused(with("/stages", std::string(300, 's')), Errc::kCorrupt, "stages is a string");
  check_refused(with("/stages/0", 1), Errc::kCorrupt, "stages[0] is 1, but must be an object");
  check_refused(with("/stages/0/cpu_seconds", "x"), Errc::kCorrupt, "stages[0].cpu_seconds");
  json puzzle = json::parse(golden("cube3_report.json"));
  puzzle["results"]["cost_to_go"] = 1;
  check_refused(puzzle.dump(), Errc::kCorrupt, "results.cost_to_go is 1");
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
  for (const char* name : {"text_report.json", "quickstart_report.json", "cube3_report.json"}) {
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

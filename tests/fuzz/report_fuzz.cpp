// Any bytes as a report: refused with one line, or drawn, written and read again, alone and beside
// another one.
#include <fstream>
#include <set>
#include <sstream>

#include "serving/report/report_aggregate.hpp"
#include "serving/report/report_schema.hpp"
#include "serving/report/run_report.hpp"
#include "tests/fuzz/target.hpp"

namespace {

std::string golden(const std::string& name) {
  std::ifstream file(std::string(QSTAR_SOURCE_DIR "/tests/golden/") + name, std::ios::binary);
  std::ostringstream bytes;
  bytes << file.rdbuf();
  require(!bytes.str().empty());
  return bytes.str();
}

void check_line(const std::string& message) {
  require(!message.empty());
  require(message.find('\n') == std::string::npos);
}

}  // namespace

std::vector<std::string> fuzz_seeds() {
  return {golden("text_report.json"), golden("quickstart_report.json"), golden("cube3_report.json"),
          R"({"name": "x", "seed": 1, "environment": "arithmetic", "family": "C", "stages": )"
          R"([{"name": "a", "kind": "compare", "cpu_seconds": 1}], "results": {"a": {"grpo": )"
          R"({"curve": [{"tokens": 0, "accuracy": 0.5}]}}}, "cost": {"cpu_seconds": 1e3}})"};
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto report = qstar::serving::parse_report(text_of(data, size), "fuzz");
  if (!report) {
    check_line(report.error().message);
    return 0;
  }
  std::set<std::string> names;
  for (const auto& [name, bytes] : qstar::serving::report_files(*report)) {
    require(!bytes.empty());
    require(names.insert(name).second);
    require(name.find('/') == std::string::npos && name.size() < 256);
  }
  const auto again = qstar::serving::parse_report(report->dump(), "again");
  require(again.has_value() && *again == *report);
  auto other = *report;
  other["seed"] = 99;
  const auto together = qstar::serving::aggregate_reports(std::vector{*report, other});
  if (together)
    (void)qstar::serving::report_files(*together);
  else
    check_line(together.error().message);
  return 0;
}

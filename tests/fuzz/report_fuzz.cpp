// Any bytes as a report: refused with one line, or drawn, written and read again, alone and beside
// another one.
#include <fstream>
#include <sstream>

#include "serving/report/report_aggregate.hpp"
#include "serving/report/report_file.hpp"
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
  return {
      golden("story_report.json"), golden("report.json"),
      R"({"name": "cube", "puzzle": "cube3", "seed": 1, "final": {"solved": 0.5, "positions": 8,)"
      R"( "moves": 4}, "curve": [{"updates": 0, "solved": 0.25}, {"updates": 9, "solved": 1}]})",
      R"({"name": "x", "seed": 1, "family": "C", "cost": {"cpu_seconds": 1e3}})"};
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto report = qstar::serving::parse_report(text_of(data, size), "fuzz");
  if (!report) {
    check_line(report.error().message);
    return 0;
  }
  for (const auto& [name, bytes] : qstar::serving::report_files(*report)) require(!bytes.empty());
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

// Generated reports use the terms of the field: rendered Markdown and plots contain no word of a
// list of private terms and no clipped phrase such as "tokens a problem".
#include <fstream>
#include <regex>
#include <sstream>

#include "serving/report/report_aggregate.hpp"
#include "serving/report/run_report.hpp"

#include <catch2/catch.hpp>

namespace qstar {
namespace {

using nlohmann::json;

constexpr const char* kBanned =
    "\\b(leash|lessons?|glances?|setters?|mend(s|ed|ing)?|renew(s|ed|als?|ing)?|anew|whoever|"
    "as it were|in earnest|so many|what there is|going? on with|CPU s|aimed at|"
    "moves? of several|(tokens|seconds|attempts|samples|steps|solutions|problems|labels|updates|"
    "groups|positions|moves|nodes|rows) an? [a-z]+)\\b";

// The first banned phrase of the text; "" when there is none.
std::string banned_phrase(const std::string& text) {
  static const std::regex banned(kBanned, std::regex::icase);
  std::smatch found;
  return std::regex_search(text, found, banned) ? found.str() : "";
}

json golden(const std::string& name) {
  std::ifstream file(std::string(QSTAR_SOURCE_DIR) + "/tests/golden/" + name);
  return json::parse(file);
}

TEST_CASE("banned words and clipped phrases are found, ordinary ones are not") {
  CHECK(banned_phrase("without a leash") == "leash");
  CHECK(banned_phrase("The Setter wrote") == "Setter");
  CHECK(banned_phrase("tokens a problem") == "tokens a problem");
  CHECK(banned_phrase("| CPU s |") == "CPU s");
  CHECK(banned_phrase("mended") == "mended");
  CHECK(banned_phrase("tokens per problem, CPU seconds, recommended, offsetters") == "");
}

TEST_CASE("generated reports have no banned words") {
  const auto text = golden("text_report.json");
  auto other = text;
  other["seed"] = 2;
  const auto together = serving::aggregate_reports(std::vector{text, other}).value();
  for (const json& report :
       {golden("quickstart_report.json"), text, together, golden("cube3_report.json")}) {
    const auto files = serving::report_files(report);
    REQUIRE(files.size() >= 2);
    for (const auto& [name, bytes] : files) {
      INFO(name);
      CHECK(bytes.size() > 100);
      CHECK(banned_phrase(bytes) == "");
    }
  }
}

}  // namespace
}  // namespace qstar

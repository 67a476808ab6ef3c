// Any text as a file of labels and as one of rankings: every line is read or named once, and what
// was read is written and read again to the same.
#include "core/printable.hpp"
#include "data/label_file.hpp"
#include "tests/fuzz/target.hpp"

namespace {

template <class Record, class Parse>
void check(std::string_view text, Parse parse) {
  const qstar::LabelFile<Record> file = parse(text);
  require(static_cast<std::int64_t>(file.skipped.size()) <= file.lines);
  require(file.records.empty() == (static_cast<std::int64_t>(file.skipped.size()) == file.lines));
  for (const auto& message : file.skipped) {
    require(message.starts_with("fuzz:"));
    require(message == qstar::printable(message));  // no control characters, one line
  }
  for (const auto& record : file.records)
    require(parse(qstar::to_line(record)).records == std::vector<Record>{record});
}

}  // namespace

std::vector<std::string> fuzz_seeds() {
  using qstar::TrajectoryId;
  const qstar::RatedWork work{"1+2", {"3"}, {1}, TrajectoryId{1, 0}};
  const qstar::RatedWork wrong{"1+2+3", {"4+3", "7"}, {-1, {}}, {}};
  const qstar::Ranking ranking{"1+2", {{{1, 0}, {"3"}, 1}, {{1, 1}, {"4"}, 2}}};
  const qstar::RatedWork odd{"\x1b[2J\r\u202e", {"\x07\n", ""}, {0, -1}, {}};
  return {qstar::to_line(odd), R"({"question": {"problem": "p", "\u001b[2J": 1, "\u001b[2J": 2}})",
          qstar::to_line(work) + qstar::to_line(wrong), qstar::to_line(ranking),
          R"({"question": {"problem": "p"}, "label": {"steps": [{"completions": [{"text": "a", )"
          R"("rating": 1}, {"text": "b", "rating": -1}], "human_completion": {"text": "c", )"
          R"("rating": null}, "chosen_completion": null}]}})"};
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto text = text_of(data, size);
  check<qstar::RatedWork>(text, [](auto t) { return qstar::parse_step_labels(t, "fuzz"); });
  check<qstar::Ranking>(text, [](auto t) { return qstar::parse_rankings(t, "fuzz"); });
  return 0;
}

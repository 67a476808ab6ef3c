// Any bytes as a task or as the result of one, as peers send them: refused with one line, or what
// is read is written back and read again to the same bytes.
#include "experiment/task.hpp"
#include "tests/fuzz/target.hpp"
#include "tests/support/attempts.hpp"

namespace {

void check_error(const qstar::Error& error) {
  require(!error.message.empty());
  require(error.message.find('\n') == std::string::npos);
}

template <class Read>
void check(std::string_view bytes, Read read) {
  const auto parsed = read(bytes);
  if (!parsed) return check_error(parsed.error());
  const auto written = encode(*parsed);
  const auto again = read(written);
  require(again.has_value());
  require(encode(*again) == written);
}

}  // namespace

std::vector<std::string> fuzz_seeds() {
  qstar::experiment::AttemptTask attempt;
  attempt.policy = {"abc", 7};
  attempt.guide = "def";
  attempt.scorer = "ghi";
  attempt.problems = {"1+2", "3-1"};
  qstar::experiment::CompleteTask completions;
  completions.requests = {{";1+2=", 5, 0.25F, 9, true}, {}};
  qstar::experiment::TaskResult result;
  for (auto& group : qstar::sample_groups(1, 3))
    result.found.push_back({std::move(group), {0}, 12, 3, true});
  result.generations.push_back({"3;", {5, 0}, {-1, -2}, true});
  result.groups = qstar::sample_groups(4, 2);
  result.batches = {{7, {{1, 2}, {0, 1}, {}, {}}, {1, 3.5F}}};
  const qstar::experiment::ScrambleTask scramble{
      "name = \"cube3\"\n", "rate = 1\n", 9, 40, 8, true, "jkl"};
  return {
      encode(qstar::experiment::Task(attempt)),
      encode(qstar::experiment::Task(completions)),
      encode(
          qstar::experiment::Task(qstar::experiment::ScoreTask{"def", qstar::sample_groups(1, 2)})),
      encode(qstar::experiment::Task(qstar::experiment::VerifyTask{qstar::sample_groups(1, 2)})),
      encode(qstar::experiment::Task(scramble)),
      encode(result)};
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  check(text_of(data, size),
        [](std::string_view bytes) { return qstar::experiment::decode_task(bytes); });
  check(text_of(data, size),
        [](std::string_view bytes) { return qstar::experiment::decode_result(bytes); });
  return 0;
}

#include "data/label_file.hpp"

#include <catch2/catch.hpp>
#include <cmath>

#include "tests/support/attempts.hpp"

namespace qstar {
namespace {

using Ratings = std::vector<std::optional<int>>;

std::string completion(const std::string& text, const std::string& rating) {
  return R"({"text": ")" + text + R"(", "rating": )" + rating + "}";
}
std::string step(const std::string& completions, const std::string& chosen,
                 const std::string& human = "null") {
  return R"({"completions": [)" + completions + R"(], "human_completion": )" + human +
         R"(, "chosen_completion": )" + chosen + "}";
}
std::string line(const std::string& problem, const std::string& steps,
                 const std::string& more = "") {
  return R"({"question": {"problem": ")" + problem + R"("}, "label": {"steps": [)" + steps + "]}" +
         more + "}\n";
}

std::vector<std::string> reasons(const std::string& text, const KnownAttempts& known = {}) {
  return parse_step_labels(text, "f", known).skipped;
}

TEST_CASE("the chosen path is one work, rated alternatives are others", "[labels]") {
  const auto text = line(
      "p", step(completion("a", "1") + "," + completion("b", "-1") + "," + completion("c", "null"),
                "0") +
               "," + step(completion("d", "-1"), "null", completion("e", "null")) + "," +
               step(completion("f", "0"), "null"));
  const auto file = parse_step_labels(text, "f");
  REQUIRE(file.skipped.empty());
  REQUIRE(file.records.size() == 4);
  CHECK(file.records[0] == RatedWork{"p", {"a", "e"}, Ratings{1, {}}, {}});
  CHECK(file.records[1] == RatedWork{"p", {"b"}, Ratings{-1}, {}});
  CHECK(file.records[2] == RatedWork{"p", {"a", "d"}, Ratings{{}, -1}, {}});
  CHECK(file.records[3] == RatedWork{"p", {"a", "e", "f"}, Ratings{{}, {}, 0}, {}});
  CHECK(file.lines == 1);
}

TEST_CASE("what a person wrote needs no rating; ratings are small", "[labels]") {
  const auto file =
      parse_step_labels(line("p", step(completion("a", "-1"), "null", R"({"text": "b"})")), "f");
  REQUIRE(file.skipped.empty());
  CHECK(file.records.size() == 1);
  CHECK(reasons(line("p", step(completion("a", "18446744073709551615"), "0"))).size() == 1);
}

TEST_CASE("what is no file is not an empty one", "[labels]") {
  CHECK_FALSE(read_step_labels(QSTAR_SOURCE_DIR "/tests"));
}

TEST_CASE("real records of PRM800K are read whole", "[labels]") {
  const auto file = read_step_labels(QSTAR_SOURCE_DIR "/tests/data/prm800k.jsonl").value();
  CHECK(file.lines == 3);
  CHECK(file.skipped.empty());
  // Six steps and four ratings of the seventh; five steps and four other ends; seven steps rated
  // and one written by hand, and six attempts at that one.
  REQUIRE(file.records.size() == 1 + 4 + 1 + 4 + 1 + 6);
  CHECK(file.records[0].ratings == Ratings{1, 0, 1, 1, 1, 1});
  CHECK(file.records[1].ratings == Ratings{{}, {}, {}, {}, {}, {}, -1});
  CHECK(file.records[5].problem == "How many seconds are in 7.8 minutes?");
  CHECK(file.records[5].ratings == Ratings{1, 1, 1, 1, 1});
  CHECK(file.records[5].steps[4] == "Exactly.\n\n# Answer\n\n468");
  CHECK(file.records[10].ratings == Ratings{1, 1, 1, 1, 1, 1, 1, {}});
  for (const auto& work : file.records)
    CHECK(parse_step_labels(to_line(work), "f").records == std::vector<RatedWork>{work});
}

TEST_CASE("a bad line is named with its reason, and the rest is kept", "[labels]") {
  const auto fine = line("fine", step(completion("a", "1"), "0"));
  const auto one = completion("a", "1");
  const std::vector<std::pair<std::string, std::string>> bad = {
      {"{", "is not a JSON object in UTF-8"},
      {"[1]", "is not a JSON object in UTF-8"},
      {"{\"question\": {\"problem\": \"\xe9\"}}", "is not a JSON object in UTF-8"},
      {std::string("{\0}\0", 4), "is not a JSON object in UTF-8"},
      {"{}", "lacks the text 'question.problem'"},
      {R"({"question": {"problem": 3}})", "lacks the text 'question.problem'"},
      {R"({"question": {"problem": "p"}, "label": null})", "lacks the list 'label.steps'"},
      {line("p", ""), "rates no step"},
      {line("p", step(completion("a", "null"), "0")), "rates no step"},
      {line("p", step(completion("a", "2"), "0")), "step 1: a rating is not -1, 0, 1 or null"},
      {line("p", step(completion("a", "\"1\""), "0")), "step 1: a rating is not -1, 0, 1 or null"},
      {line("p", step(R"({"rating": 1})", "0")), "step 1: a completion lacks its text"},
      {line("p", step(R"({"text": "a"})", "0")), "step 1: a completion lacks its rating"},
      {line("p", step(one, "1")), "step 1: 'chosen_completion' names none of the completions"},
      {line("p", step(one, "-1")), "step 1: 'chosen_completion' names none of the completions"},
      {line("p", step(one, "0") + R"(,{"completions": 3})"), "step 2: 'completions' is not a list"},
      {line("p", step(one, "null") + "," + step(one, "0")),
       "step 2: follows a step without a chosen completion"},
      {line("p", step(one + "," + completion("a", "-1"), "0")),
       "step 1: rates the same text in two ways"},
      {line("p", step(one, "0"), R"(, "qstar": {"group": 1})"),
       "needs 'group' and 'sample' as whole numbers"},
  };
  for (const auto& [text, reason] : bad) {
    auto broken = text;
    if (broken.back() == '\n') broken.pop_back();
    const auto file = parse_step_labels("\n" + broken + "\r\n" + fine, "f.jsonl");
    INFO(text);
    REQUIRE(file.skipped.size() == 1);
    CHECK(file.skipped[0] == "f.jsonl:2: " + reason);
    CHECK(file.records.size() == 1);
    CHECK(file.lines == 2);
  }
}

TEST_CASE("what was said already, or the opposite of it, is left out", "[labels]") {
  const auto first =
      line("p", step(completion("a", "1"), "0") + "," + step(completion("b", "1"), "0"));
  CHECK(reasons(first + first) == std::vector<std::string>{"f:2: repeats line 1"});
  CHECK(reasons(first + line("p", step(completion("a", "-1"), "0"))) ==
        std::vector<std::string>{"f:2: contradicts line 1"});
  CHECK(reasons(first + line("p", step(completion("a", "1"), "0"))) ==
        std::vector<std::string>{"f:2: repeats line 1"});
  // Another problem, another step before, or something new: all kept.
  CHECK(reasons(first + line("q", step(completion("a", "-1"), "0")) +
                line("p", step(completion("b", "-1"), "0")) +
                line("p", step(completion("a", "1"), "0") + "," + step(completion("c", "-1"), "0")))
            .empty());
  // A line that was left out has said nothing.
  CHECK(reasons(
            first +
            line("p", step(completion("a", "-1"), "0") + "," + step(completion("x", "1"), "0")) +
            line("p", step(completion("a", "null"), "0") + "," + step(completion("x", "-1"), "0")))
            .size() == 1);
}

TEST_CASE("ids have to be known, and be of that work", "[labels]") {
  const RatedWork work{"p", {"a", "b"}, Ratings{1, -1}, TrajectoryId{7, 2}};
  const KnownAttempts known = [](const TrajectoryId& id) -> std::optional<Trajectory> {
    if (id.group != 7) return std::nullopt;
    const std::vector<std::string> steps = {"a", id.sample == 2 ? "b" : "c"};
    return attempt_of("p", steps);
  };
  CHECK(reasons(to_line(work), known).empty());
  auto other = work;
  other.id = TrajectoryId{8, 2};
  CHECK(reasons(to_line(other), known) ==
        std::vector<std::string>{"f:1: group 8, sample 2 is not in the run"});
  other.id = TrajectoryId{7, 1};
  CHECK(reasons(to_line(other), known) ==
        std::vector<std::string>{
            "f:1: group 7, sample 1 of the run has another problem or other steps"});
}

TEST_CASE("rankings are read back; bad ones are named", "[labels]") {
  const Ranking ranking{"p", {{{7, 0}, {"a", "b"}, 2}, {{7, 1}, {"c"}, 1}, {{7, 2}, {"d"}, 2}}};
  const auto file = parse_rankings(to_line(ranking), "f");
  REQUIRE(file.skipped.empty());
  CHECK(file.records == std::vector<Ranking>{ranking});
  auto swapped = ranking;
  std::swap(swapped.attempts[0], swapped.attempts[1]);
  CHECK(parse_rankings(to_line(ranking) + to_line(swapped), "f").skipped ==
        std::vector<std::string>{"f:2: repeats line 1"});
  swapped.attempts[0].rank = 2;
  CHECK(parse_rankings(to_line(ranking) + to_line(swapped), "f").skipped ==
        std::vector<std::string>{"f:2: contradicts line 1"});
  auto twice = ranking, alone = ranking, zero = ranking;
  twice.attempts[1].id = twice.attempts[0].id;
  alone.attempts.resize(1);
  zero.attempts[0].rank = 0;
  const auto reason = [](const Ranking& r) {
    return parse_rankings(to_line(r), "f").skipped.at(0);
  };
  CHECK(reason(twice) == "f:1: ranks an attempt twice");
  CHECK(reason(alone) == "f:1: lacks a 'ranking' of at least two attempts");
  CHECK(reason(zero) == "f:1: has a rank that is not 1, 2, 3, …");
  CHECK(parse_rankings(to_line(ranking), "f", [](const TrajectoryId&) {
          return std::nullopt;
        }).skipped == std::vector<std::string>{"f:1: group 7, sample 0 is not in the run"});
}

TEST_CASE("an order is numbers from best to worst", "[labels]") {
  using Ranks = std::vector<std::int64_t>;
  CHECK(ranks_of("2 1 3", 3) == Ranks{2, 1, 3});
  CHECK(ranks_of(" 3>1 = 2 ", 3) == Ranks{2, 2, 1});
  CHECK(ranks_of("1=2=3", 3) == Ranks{1, 1, 1});
  CHECK(ranks_of("2=3 1", 3) == Ranks{3, 1, 1});  // as in a race: two are before the first
  for (const auto* bad : {"", "1 2", "1 2 2", "1 2 4", "0 1 2", "1 2 x", "1 = = 2 3", "= 1 2 3",
                          "1 2 3 =", "99999999999999999999 1 2"}) {
    INFO(bad);
    CHECK_FALSE(ranks_of(bad, 3));
  }
}

TEST_CASE("ratings become labels", "[labels]") {
  const RatedWork work{"p", {"a", "b", "c", "d"}, Ratings{1, 0, -1, {}}, {}};
  auto labels = rated_labels(work, Neutral::kRight);
  CHECK(labels[0] == 1);
  CHECK(labels[1] == 1);
  CHECK(labels[2] == 0);
  CHECK(std::isnan(labels[3]));
  CHECK(std::isnan(rated_labels(work, Neutral::kUnlabelled)[1]));
  CHECK(attempt_of("p", work.steps).steps[3].text == "d");
  CHECK(read_step_labels("/nowhere/labels.jsonl").error().code == Errc::kMissingFile);
  CHECK(read_rankings("/nowhere/labels.jsonl").error().code == Errc::kMissingFile);
}

}  // namespace
}  // namespace qstar

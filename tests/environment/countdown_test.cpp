// Countdown as a puzzle, and its oracle.
#include "environment/puzzle/countdown.hpp"

#include <algorithm>
#include <chrono>

#include "environment/puzzle/countdown_solver.hpp"
#include "tests/support/puzzle_walk.hpp"

#include <catch2/catch.hpp>

namespace qstar {
using namespace environment;
namespace {

using namespace testing;

constexpr std::size_t kNone = 99;

// The steps that the oracle needs; its solution is replayed. kNone: it finds none.
std::size_t oracle_length(const Countdown& puzzle, Position position) {
  const auto solution = puzzle.shortest_solution(position);
  if (!solution) return kNone;
  for (const Move move : *solution) {
    REQUIRE(is_legal(puzzle, position, move));
    position = after(puzzle, position, move);
  }
  REQUIRE(puzzle.solved(position));
  return solution->size();
}

std::size_t oracle_length(const std::string& text) {
  const Countdown puzzle(6);
  return oracle_length(puzzle, *puzzle.parse(text));
}

// The same by trying everything, with the rules written down once more.
std::size_t brute_force(const std::vector<std::int64_t>& numbers, std::int64_t target) {
  if (std::find(numbers.begin(), numbers.end(), target) != numbers.end()) return 0;
  std::size_t least = kNone;
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    for (std::size_t j = 0; j < numbers.size(); ++j) {
      if (i == j) continue;
      const std::int64_t a = numbers[i], b = numbers[j];
      std::vector<std::int64_t> values = {a + b, a * b, a - b};
      if (a % b == 0) values.push_back(a / b);
      for (const std::int64_t value : values) {
        if (value <= 0) continue;
        std::vector<std::int64_t> next = {value};
        for (std::size_t k = 0; k < numbers.size(); ++k) {
          if (k != i && k != j) next.push_back(numbers[k]);
        }
        least = std::min(least, 1 + brute_force(next, target));
      }
    }
  }
  return std::min(least, kNone);
}

TEST_CASE("countdown: ((100+6)*3*75-50)/25 = 952") {
  const Countdown puzzle(6);
  const std::string start = "3 6 25 50 75 100 : 952";
  CHECK(walked(puzzle, start, {}) == "100 75 50 25 6 3:952");
  CHECK(walked(puzzle, start, {"1+5"}) == "106 75 50 25 3:952");
  CHECK(walked(puzzle, start, {"1+5", "1*5"}) == "318 75 50 25:952");
  CHECK(walked(puzzle, start, {"1+5", "1*5", "1*2"}) == "23850 50 25:952");
  CHECK(walked(puzzle, start, {"1+5", "1*5", "1*2", "1-2"}) == "23800 25:952");
  const auto end = walked(puzzle, start, {"1+5", "1*5", "1*2", "1-2", "1/2"});
  CHECK(end == "952:952");
  CHECK(puzzle.solved(*puzzle.parse(end)));
  CHECK(puzzle.solved(*puzzle.parse("7 952 3:952")));
  CHECK_FALSE(puzzle.solved(*puzzle.parse(start)));
  CHECK(puzzle.render(*puzzle.parse("3 25:75")) == "[25] [3] \ntarget 75");
}

TEST_CASE("countdown: equal sets of numbers are the same bytes") {
  const Countdown puzzle(4);
  const Position position = *puzzle.parse("2 258 1:952");
  CHECK(position == Position{2, 1, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0xb8, 3});
  CHECK(position == *puzzle.parse(" 1 258  2 : 952 "));
  const Position fours = *puzzle.parse("4 2 2:99");
  CHECK(after(puzzle, fours, *puzzle.move_of("1-2")) ==
        after(puzzle, fours, *puzzle.move_of("1/3")));
}

std::vector<std::string> legal_names(const Countdown& puzzle, const std::string& text) {
  std::vector<std::uint8_t> legal(puzzle.moves());
  puzzle.legal(*puzzle.parse(text), legal);
  std::vector<std::string> names;
  for (std::size_t move = 0; move < legal.size(); ++move) {
    if (legal[move] != 0) names.push_back(puzzle.move_name(static_cast<Move>(move)));
  }
  return names;
}

TEST_CASE("countdown: results are positive integers below 2^32") {
  using Names = std::vector<std::string>;
  const Countdown puzzle(4);
  CHECK(legal_names(puzzle, "6 6 4:99") ==
        Names{"1+2", "1*2", "1/2", "1+3", "1*3", "1-3", "2+3", "2*3", "2-3"});
  CHECK(legal_names(puzzle, "6 3:99") == Names{"1+2", "1*2", "1-2", "1/2"});
  CHECK(legal_names(puzzle, "65537 65535:9") == Names{"1+2", "1*2", "1-2"});  // 2^32 - 1
  CHECK(legal_names(puzzle, "65536 65536:9") == Names{"1+2", "1/2"});
  CHECK(legal_names(puzzle, "4294967295 1:9") == Names{"1*2", "1-2", "1/2"});
  CHECK(legal_names(puzzle, "6:99").empty());
  CHECK(walked(puzzle, "6 6 4:99", {"1-2", "1/3", "1+4"}) == "6 6 4:99");
}

TEST_CASE("countdown: moves are named by place") {
  const Countdown puzzle(6);
  CHECK(puzzle.moves() == 60);
  CHECK(Countdown(4).moves() == 24);
  CHECK(puzzle.move_name(0) == "1+2");
  CHECK(puzzle.move_name(7) == "1/3");
  CHECK(puzzle.move_name(59) == "5/6");
  for (std::size_t move = 0; move < 60; ++move) {
    CHECK(puzzle.move_of(puzzle.move_name(static_cast<Move>(move))) == move);
  }
  for (const char* name : {"2+1", "1+1", "1+7", "0+1", "1%2", "1+2 ", ""}) {
    CHECK_FALSE(puzzle.move_of(name));
  }
}

TEST_CASE("countdown: what is wrong with a position is named") {
  const Countdown puzzle(4);
  CHECK(refusal(puzzle, "25 3") ==
        "a position is numbers, a colon and a target, such as \"25 6 3:75\", but this one has no "
        "colon");
  CHECK(refusal(puzzle, "25 x3 4:75") ==
        "number 2, \"x3\", is not a whole number from 1 to 4294967295");
  CHECK(refusal(puzzle, "25 0:75") ==
        "number 2, \"0\", is not a whole number from 1 to 4294967295");
  CHECK(refusal(puzzle, "4294967296:75").find("number 1") == 0);
  CHECK(refusal(puzzle, ":75") ==
        "a position has 1 to 4 numbers before the colon, but this one has 0");
  CHECK(refusal(puzzle, "1 2 3 4 5:75").find("but this one has 5") != std::string::npos);
  CHECK(refusal(puzzle, "25 3:") == "the target, \"\", is not a whole number from 1 to 65535");
  CHECK(refusal(puzzle, "25 3:65536").find("the target, \"65536\"") == 0);
  CHECK(refusal(puzzle, "25 3:75 1") ==
        "one target is expected after the colon, but there is more");
  CHECK(refusal(puzzle, "25 3:75:1").find("the target, \"75:1\"") == 0);
}

TEST_CASE("countdown: the cells of 25 and 3 with target 75") {
  const Countdown puzzle(3);
  Position cells(puzzle.cells());
  puzzle.encode(*puzzle.parse("3 25:75"), cells);
  Position known = {
      5, 5, 2, 0, 0, 4, 7, 3, 9, 6, 0, 5, 0, 4, 0, 3, 0, 2,   // 25: 75 = 3 * 25, and 3 is there
      2, 3, 0, 0, 0, 3, 3, 3, 3, 7, 2, 7, 0, 4, 2, 5, 0, 2};  // 3: 75 = 25 * 3, distance 72
  known.resize(3 * 18);                                       // no third number
  const Position target = {7, 5, 7, 0, 0, 0, 5, 3, 9, 11, 2};
  known.insert(known.end(), target.begin(), target.end());
  CHECK(cells == known);
  puzzle.encode(*puzzle.parse("100000 200:40"), cells);
  CHECK(cells[0] == 15);       // 2^14 and more
  CHECK(cells[13] == 1 + 8);   // larger than the target, a multiple of it
  CHECK(cells[14] == 15);      // the target is no multiple of it
  CHECK(cells[18 + 17] == 0);  // 200 / 100000 is no partner
  puzzle.encode(*puzzle.parse("200 160:40"), cells);
  CHECK(cells[17] == 4);  // 200 - 160
  puzzle.encode(*puzzle.parse("200 5:40"), cells);
  CHECK(cells[17] == 8);  // 200 / 5
  puzzle.encode(*puzzle.parse("39 1:40"), cells);
  CHECK(cells[17] == 1);  // 39 + 1
}

TEST_CASE("countdown: the oracle on positions known by hand") {
  CHECK(oracle_length("25 3:25") == 0);
  CHECK(oracle_length("25 3:75") == 1);
  CHECK(oracle_length("8 8 7 4:24") == 2);  // 8 * (7 - 4)
  CHECK(oracle_length("1 1 1 1:24") == kNone);
  CHECK(oracle_length("2 2 2 2:16") == 3);
  CHECK(oracle_length("25:75") == kNone);
  // Hutton 2002, "The Countdown Problem": 765 can be made of these, 831 cannot.
  CHECK(oracle_length("1 3 7 10 25 50:765") <= 5);
  CHECK(oracle_length("1 3 7 10 25 50:831") == kNone);
  CHECK(oracle_length("25 50 75 100 3 6:952") <= 5);
}

TEST_CASE("countdown: the oracle finds what trying everything finds") {
  const Countdown puzzle(4);
  Rng rng(4);
  std::size_t unsolvable = 0;
  for (int i = 0; i < 400; ++i) {
    std::vector<std::int64_t> numbers;
    std::string text;
    for (int k = 0; k < 4; ++k) {
      numbers.push_back(rng.between(1, i % 2 == 0 ? 12 : 100));
      text += std::to_string(numbers.back()) + " ";
    }
    const std::int64_t target = rng.between(1, 300);
    const std::size_t known = brute_force(numbers, target);
    INFO(text << target);
    REQUIRE(oracle_length(puzzle, *puzzle.parse(text + ":" + std::to_string(target))) == known);
    unsolvable += known == kNone;
  }
  CHECK(unsolvable > 20);
  CHECK(unsolvable < 380);
}

TEST_CASE("countdown: a scramble of k steps is solved within k steps") {
  Rng rng(6);
  for (std::size_t n = 2; n <= Countdown::kMaxNumbers; ++n) {
    const Countdown puzzle(n);
    std::size_t complete = 0, hardest = 0;
    for (std::size_t i = 0; i < 120; ++i) {
      const std::size_t steps = i % (n + 1);
      const Position position = puzzle.scrambled(steps, rng);
      const std::size_t length = oracle_length(puzzle, position);
      REQUIRE(length <= std::min(steps, n - 1));
      hardest = std::max(hardest, length);
      const auto parsed = *countdown::parse(puzzle.text(position), n);
      REQUIRE(parsed.target >= 100);
      REQUIRE(parsed.target <= 999);
      complete += parsed.count == n;
    }
    CHECK(complete > 30);
    CHECK(complete < 120);
    CHECK(hardest >= std::min<std::size_t>(n - 1, 3));
  }
}

TEST_CASE("countdown: numbers are drawn as on television") {
  Rng rng(1);
  std::vector<std::size_t> larges(5);
  for (int i = 0; i < 1000; ++i) {
    const auto numbers = countdown::drawn_numbers(6, rng);
    REQUIRE(numbers.count == 6);
    std::size_t large = 0;
    for (const auto number : numbers.left()) {
      const bool is_large = number == 25 || number == 50 || number == 75 || number == 100;
      REQUIRE((is_large || (number >= 1 && number <= 10)));
      const auto same = std::count(numbers.left().begin(), numbers.left().end(), number);
      REQUIRE(same <= (is_large ? 1 : 2));
      large += is_large;
    }
    ++larges.at(large);
  }
  for (const std::size_t times : larges) CHECK(times > 150);
}

TEST_CASE("speed of countdown", "[.][speed]") {
  const Countdown puzzle(6);
  Rng rng(2);
  double worst = 0, sum = 0;
  std::size_t unsolvable = 0;
  for (int i = 0; i < 300; ++i) {
    auto position = countdown::drawn_numbers(6, rng);
    position.target = static_cast<std::uint32_t>(rng.between(100, 999));
    const auto begin = std::chrono::steady_clock::now();
    unsolvable += !countdown::shortest_solution(position);
    const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - begin;
    worst = std::max(worst, taken.count());
    sum += taken.count();
  }
  std::vector<std::uint8_t> states, cells(1000 * puzzle.cells()), legal(1000 * puzzle.moves());
  for (std::size_t i = 0; i < 1000; ++i) {
    const auto state = puzzle.scrambled(i % 6, rng);
    states.insert(states.end(), state.begin(), state.end());
  }
  const auto begin = std::chrono::steady_clock::now();
  puzzle.encode(states, cells);
  const auto encoded = std::chrono::steady_clock::now();
  puzzle.legal(states, legal);
  const std::chrono::duration<double, std::micro> listing =
      std::chrono::steady_clock::now() - encoded;
  const std::chrono::duration<double, std::micro> encoding = encoded - begin;
  WARN("oracle, 6 numbers: " << sum / 300 * 1e3 << " ms a position, at most " << worst * 1e3
                             << " ms; " << unsolvable << " of 300 unsolvable; encode "
                             << encoding.count() / 1e3 << " us, legal " << listing.count() / 1e3
                             << " us a position");
}

}  // namespace
}  // namespace qstar

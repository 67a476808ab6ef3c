// Seeded garbage for every environment: always a verdict, never a crash, in linear time.
#include <malloc.h>

#include <catch2/catch.hpp>
#include <chrono>

#include "tests/support/environment_config.hpp"

namespace qstar {
using namespace environment;
namespace {

std::vector<std::unique_ptr<Environment>> all_environments() {
  std::vector<std::unique_ptr<Environment>> all;
  for (const auto& name : environment_names()) {
    if (!is_text(name)) continue;
    all.push_back(std::move(*make_environment(environment_config(name))));
  }
  EnvironmentConfig hard;
  hard.family = "hard";
  hard.long_work = true;
  all.push_back(std::move(*make_environment(hard)));
  return all;
}

std::string garbage(Rng& rng, std::string_view letters, std::size_t length) {
  std::string text;
  for (std::size_t i = 0; i < length; ++i) {
    text +=
        letters.empty() ? static_cast<char>(rng.below(256)) : letters[rng.below(letters.size())];
  }
  return text;
}

TEST_CASE("garbage: any step has a verdict") {
  Rng rng(2024);
  for (const auto& e : all_environments()) {
    for (int i = 0; i < 3000; ++i) {
      const std::string_view letters = i % 3 == 0 ? std::string_view() : "0123456789+-*/():";
      const State state = *e->reset(e->sample_problem(rng, Split::kTraining));
      const auto result = e->step(state, garbage(rng, letters, rng.below(24)));
      REQUIRE(result.verdict != Verdict::kUnknown);
      if (result.verdict == Verdict::kMalformed) REQUIRE(result.next == state);
      (void)e->reset(garbage(rng, letters, rng.below(24)));
    }
  }
}

TEST_CASE("garbage: ten kilobytes of anything, as problem, line and step") {
  const std::string nested = std::string(5000, '(') + "1+1" + std::string(5000, ')');
  std::string sum = "1";
  std::string products = "9";
  for (int i = 0; i < 5000; ++i) sum += "+1";
  for (int i = 0; i < 5000; ++i) products += "*9";
  Rng rng(1);
  const std::vector<std::string> bait = {std::string(10'000, '('),
                                         std::string(10'000, ')'),
                                         std::string(10'000, '9'),
                                         std::string(10'000, '-'),
                                         std::string(10'000, '\0'),
                                         nested,
                                         sum,
                                         products,
                                         "1/0",
                                         "0/0",
                                         "1/0+1",
                                         "-9223372036854775808/-1",
                                         garbage(rng, {}, 10'000),
                                         garbage(rng, "0123456789+-*/()", 10'000)};
  for (const auto& e : all_environments()) {
    for (const auto& line : bait) {
      (void)e->reset(line);
      for (const auto& step : bait) {
        const auto verdict = e->step({line, line, false}, step).verdict;
        REQUIRE(verdict != Verdict::kUnknown);
        REQUIRE(verdict != Verdict::kRight);
      }
    }
  }
}

double seconds_for(const Environment& e, std::size_t terms) {
  std::string line = "2";
  for (std::size_t i = 1; i < terms; ++i) line += "+2";
  const std::string step =
      line.substr(0, line.size() - 3) + "4";  // the last operation: wrong order
  double least = 1e9;                         // other processes can only add to it
  for (int i = 0; i < 20; ++i) {
    const auto start = std::chrono::steady_clock::now();
    REQUIRE(e.step({line, line, true}, step).verdict == Verdict::kWrongOrder);
    const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - start;
    least = std::min(least, taken.count());
  }
  return least;
}

TEST_CASE("garbage: time grows linearly with the line") {
  // Large lines would otherwise give their pages back to the kernel and fetch them again every
  // time.
  ::mallopt(M_MMAP_THRESHOLD, 1 << 30);
  ::mallopt(M_TRIM_THRESHOLD, 1 << 30);
  EnvironmentConfig config;
  const auto e = std::move(*make_environment(config));
  seconds_for(*e, 2000);
  // Quadratic work would give a factor of 256; the margin is for a busy machine.
  REQUIRE(seconds_for(*e, 32'000) < 100 * seconds_for(*e, 2000));
}

}  // namespace
}  // namespace qstar
